"""The questions that NEXT asks: predictions, quizzes, lines to order, gaps to fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tutor.core.lesson import Fill, Order, Predict, Quiz
from tutor.session.exercise import Feedback

if TYPE_CHECKING:
    from tutor.session.exercise import ExerciseBook
    from tutor.session.place import Place
    from tutor.session.scene import Scene


class Questions:
    """Takes answers to the question that is open; ``on_done`` is told the key of one that is through."""

    def __init__(
        self, scene: Scene, place: Place, exercises: ExerciseBook, on_done: Callable[[str], None]
    ) -> None:
        self._scene = scene
        self._place = place
        self._exercises = exercises
        self._on_done = on_done

    def predict(self, answer: str, confidence: int) -> str | None:
        """Take the learner's answer to the question that NEXT asks; an error text when it is none."""
        key, question = self._place.pending() or ("", None)
        if not isinstance(question, Predict):
            return "No question is open."
        problem = self._scene.predictions.take(question, answer, confidence)
        if problem is None:
            self._done(key)
        return problem

    def answer_quiz(self, index: int) -> Feedback | None:
        """Take the chosen option of the quiz that NEXT asks; None when none is open."""
        key, task = self._place.pending() or ("", None)
        if not isinstance(task, Quiz) or not 0 <= index < len(task.options):
            return None
        return self._answered(key, task, self._exercises.answer_quiz(task, index, self._scene.facts))

    def try_order(self, lines: tuple[str, ...]) -> Feedback | None:
        """Take the order of lines that NEXT asks for; None when none is open.

        Raises:
            StorageError: the file cannot be written.
        """
        key, task = self._place.pending() or ("", None)
        if not isinstance(task, Order):
            return None
        return self._answered(key, task, self._exercises.try_order(task, lines))

    def fill_blank(self, given: str) -> Feedback | None:
        """Take a text for the gap that NEXT asks for; None when none is open.

        Raises:
            StorageError: the file cannot be written.
        """
        key, task = self._place.pending() or ("", None)
        if not isinstance(task, Fill):
            return None
        return self._answered(key, task, self._exercises.fill_blank(task, given))

    def _answered(self, key: str, task: Quiz | Order | Fill, feedback: Feedback) -> Feedback:
        if feedback.file_text and not isinstance(task, Quiz):
            self._scene.files.lay_file(task.file, feedback.file_text.encode("utf-8"))
        if feedback.is_done:
            self._done(key)
        return feedback

    def skip(self) -> None:
        """Go on without an answer; that is recorded, not graded."""
        key, task = self._place.pending() or ("", None)
        if isinstance(task, Predict):
            self._scene.predictions.skip(task)
            self._done(key)
        elif isinstance(task, Quiz | Order | Fill):
            self._exercises.skip(task)
            self._done(key)

    def _done(self, key: str) -> None:
        # Facts from before the question are not its answer.
        self._scene.facts.take_fresh()
        self._on_done(key)
