"""What comes back for review: questions that went wrong, predictions that surprised, drills.

After 1, 3, 7 and 21 days. One that is not recalled begins again at the first interval.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tutor.core.exercise import Option, Quiz, Recall
from tutor.core.lesson import Lesson, Predict
from tutor.core.progress import ReviewItem
from tutor.core.verdict import Outcome
from tutor.session.calibration import came_close

if TYPE_CHECKING:
    from tutor.session.course import CourseSession

INTERVAL_DAYS = (1, 3, 7, 21)
SESSION_LIMIT = 4
"""Questions at a time: some fifteen seconds each, a minute in all."""

DRILL = "drill"
"""The id of the drill: rebuild the lesson's answer from an empty file."""


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """One question of a review: with options, or with an answer to compare oneself with."""

    item: ReviewItem
    lesson_title: str
    ask: str
    options: tuple[Option, ...] = ()
    answer: str = ""
    why: str = ""
    is_drill: bool = False


class ReviewBook:
    """All that comes back, over the whole course. Blocking, quick."""

    def __init__(self, course: CourseSession) -> None:
        self._course = course

    def due(self) -> tuple[ReviewQuestion, ...]:
        """What is due now, at most a minute of it; the longest overdue first."""
        now = self._course.clock.now().isoformat(timespec="seconds")
        due = sorted((item for item in self._items() if item.due_at <= now), key=lambda item: item.due_at)
        found = [question for item in due if (question := self._question(item))]
        return tuple(found[:SESSION_LIMIT])

    def due_by_lesson(self) -> Counter[str]:
        """How many questions of each lesson are due, as far as they were scheduled."""
        now = self._course.clock.now().isoformat(timespec="seconds")
        return Counter(item.lesson for item in self._course.store.learning.reviews() if item.due_at <= now)

    def answered(self, question: ReviewQuestion, *, recalled: bool) -> ReviewItem:
        """Store when it comes back next."""
        rung = min(question.item.rung + 1, len(INTERVAL_DAYS) - 1) if recalled else 0
        item = ReviewItem(question.item.lesson, question.item.item_id, rung, self._after(rung))
        self._course.store.learning.save_review(item)
        return item

    def _after(self, rung: int, moment: datetime | None = None) -> str:
        begin = moment or self._course.clock.now()
        return (begin + timedelta(days=INTERVAL_DAYS[rung])).isoformat(timespec="seconds")

    def _items(self) -> list[ReviewItem]:
        """Those that were scheduled, and those that should be by what the learner did."""
        stored = {(item.lesson, item.item_id): item for item in self._course.store.learning.reviews()}
        for lesson in self._course.lessons:
            for item_id in self._earned(lesson):
                if (lesson.slug, item_id) not in stored:
                    item = ReviewItem(lesson.slug, item_id, 0, self._after(0, self._touched(lesson)))
                    self._course.store.learning.save_review(item)
                    stored[lesson.slug, item_id] = item
        return list(stored.values())

    def _touched(self, lesson: Lesson) -> datetime:
        touched = self._course.store.lesson_progress(lesson.slug).touched_at
        return datetime.fromisoformat(touched) if touched else self._course.clock.now()

    def _earned(self, lesson: Lesson) -> list[str]:
        store = self._course.store
        wrong = {answer.exercise_id for answer in store.learning.answers(lesson.slug) if not answer.is_right}
        surprising = {
            p.predict_id
            for p in store.predictions(lesson.slug)
            if p.actual and not p.skipped and not came_close(p)
        }
        best = store.best_attempt(lesson.slug)
        passed = best is not None and best.report.outcome is Outcome.PASSED
        ids = []
        for device in (device for step in lesson.steps for device in step.devices):
            match device:
                case Quiz() if device.id in wrong:
                    ids.append(device.id)
                case Predict() if device.id in surprising:
                    ids.append(device.id)
                case Recall() if passed:
                    ids.append(device.id)
                case _:
                    pass
        return [*ids, DRILL] if passed else ids

    def _question(self, item: ReviewItem) -> ReviewQuestion | None:
        """None when its lesson or its question is gone."""
        lesson = next((lesson for lesson in self._course.lessons if lesson.slug == item.lesson), None)
        if lesson is None:
            return None
        if item.item_id == DRILL:
            ask = f"Rebuild the answer of “{lesson.title}” from an empty file."
            return ReviewQuestion(item, lesson.title, ask, is_drill=True)
        for device in (device for step in lesson.steps for device in step.devices):
            match device:
                case Quiz() if device.id == item.item_id:
                    return ReviewQuestion(item, lesson.title, device.ask, device.options)
                case Recall() if device.id == item.item_id:
                    return ReviewQuestion(item, lesson.title, device.ask, device.options, device.answer)
                case Predict() if device.id == item.item_id:
                    return self._surprise(item, lesson, device)
                case _:
                    pass
        return None

    def _surprise(self, item: ReviewItem, lesson: Lesson, asked: Predict) -> ReviewQuestion | None:
        from tutor.session.answer import with_unit

        for prediction in self._course.store.predictions(lesson.slug):
            if prediction.predict_id == asked.id and prediction.actual:
                answer = f"Measured here: {with_unit(prediction.actual, asked.unit)}."
                return ReviewQuestion(item, lesson.title, asked.ask, answer=answer, why=prediction.why)
        return None
