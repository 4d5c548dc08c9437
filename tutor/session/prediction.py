"""The learner's predictions in one lesson: taken, stored, and laid beside the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.core.events import PredictionCompared
from tutor.core.lesson import Lesson, Predict
from tutor.core.verdict import Prediction
from tutor.session.answer import checked_answer, with_actual
from tutor.session.fact import Facts

if TYPE_CHECKING:
    from tutor.core.store import ProgressStore


class PredictionBook:
    """All predictions of one lesson."""

    def __init__(self, lesson: Lesson, store: ProgressStore) -> None:
        self._lesson = lesson
        self._store = store
        self._predictions = {p.predict_id: p for p in store.predictions(lesson.slug)}
        self._questions = tuple(d for step in lesson.steps for d in step.devices if isinstance(d, Predict))

    def of(self, ids: set[str]) -> tuple[Prediction, ...]:
        """Those made or skipped under these ids."""
        return tuple(p for p in self._predictions.values() if p.predict_id in ids)

    @property
    def all(self) -> tuple[Prediction, ...]:
        """Every one that is known."""
        return tuple(self._predictions.values())

    def put_back(self, predictions: tuple[Prediction, ...]) -> None:
        """Know exactly these, as at an earlier moment; what is stored stays."""
        self._predictions = {p.predict_id: p for p in predictions}

    def take(self, question: Predict, answer: str, confidence: int) -> str | None:
        """Store an answer; what is wrong with it instead, when it is none."""
        text, problem = checked_answer(answer, question.unit, question.choices)
        if problem:
            return problem
        self._put(question, text, confidence)
        return None

    def skip(self, question: Predict) -> None:
        """Store that the learner went on without an answer."""
        self._put(question, "", 0)

    def _put(self, question: Predict, answer: str, confidence: int) -> None:
        self._save(
            Prediction(
                lesson=self._lesson.slug,
                predict_id=question.id,
                ask=question.ask,
                unit=question.unit.value,
                predicted=answer,
                confidence=max(0, min(3, confidence)),
                why=question.why,
            )
        )

    def _save(self, prediction: Prediction) -> None:
        self._predictions[prediction.predict_id] = prediction
        self._store.save_prediction(prediction)

    def compare(self, facts: Facts, run_id: str) -> list[PredictionCompared]:
        """Lay facts learned since the last look beside the predictions that wait for them."""
        fresh = facts.take_fresh()
        compared = []
        for question in self._questions:
            prediction = self._predictions.get(question.id)
            if prediction is None or prediction.actual or question.measure not in fresh:
                continue
            prediction = with_actual(prediction, facts[question.measure], question.unit)
            self._save(prediction)
            compared.append(PredictionCompared(run_id, prediction))
        return compared
