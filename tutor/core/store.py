"""What is kept on disk, as the rest of the program asks for it: journal, progress, what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tutor.core.progress import Attempt, ExerciseAnswer, JournalEntry, LessonProgress, ReviewItem
from tutor.core.verdict import CheckpointReport, Prediction


class Journal(Protocol):
    """What is ours on engines, written down before it can be lost. Safe across processes."""

    def record(self, entry: JournalEntry) -> None:
        """Write down, durable when this returns. Writing the same again changes nothing."""
        ...

    def forget(self, entry: JournalEntry) -> None:
        """Strike out; nothing happens when it is not there."""
        ...

    def entries(self, endpoint: str | None = None) -> tuple[JournalEntry, ...]:
        """All entries, or those of one engine, oldest first."""
        ...


class LearningStore(Protocol):
    """Facts measured, answers given, reviews due. Blocking and safe to call from threads."""

    def facts(self, lesson: str) -> dict[str, str | int | float | bool]:
        """What was measured last in a lesson, by dotted names."""
        ...

    def save_facts(self, lesson: str, facts: Mapping[str, str | int | float | bool]) -> None:
        """Store facts; those of other names stay."""
        ...

    def add_answer(self, answer: ExerciseAnswer) -> None:
        """Store one answer to an exercise."""
        ...

    def answers(self, lesson: str) -> tuple[ExerciseAnswer, ...]:
        """All answers given in a lesson, oldest first."""
        ...

    def reviews(self) -> tuple[ReviewItem, ...]:
        """Everything that comes back some day, soonest first."""
        ...

    def save_review(self, item: ReviewItem) -> None:
        """Store or update when a question comes back."""
        ...


class ProgressStore(Protocol):
    """Progress, attempts, predictions and evidence. Blocking and safe to call from threads."""

    @property
    def learning(self) -> LearningStore:
        """Facts, answers and reviews of the same learner."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the learner, for instance that a damaged file was set aside."""
        ...

    def lesson_progress(self, lesson: str) -> LessonProgress:
        """Where the learner is; a fresh value when the lesson was never opened."""
        ...

    def save_lesson_progress(self, progress: LessonProgress) -> None:
        """Store it, durable when this returns."""
        ...

    def last_lesson(self) -> str | None:
        """The slug of the lesson touched last."""
        ...

    def add_attempt(self, report: CheckpointReport, evidence_json: str) -> Attempt:
        """Store one graded attempt."""
        ...

    def attempts(self, lesson: str) -> tuple[Attempt, ...]:
        """All attempts at a lesson, oldest first."""
        ...

    def best_attempt(self, lesson: str) -> Attempt | None:
        """The first passed attempt, else the one with most passed checks; never erased."""
        ...

    def save_prediction(self, prediction: Prediction) -> None:
        """Store or update the prediction of this lesson and id."""
        ...

    def predictions(self, lesson: str) -> tuple[Prediction, ...]:
        """All predictions of a lesson."""
        ...

    def cached_evidence(self, key: str) -> str | None:
        """Evidence JSON stored under a key made of an image id and a schema number."""
        ...

    def cache_evidence(self, key: str, evidence_json: str) -> None:
        """Store evidence under a key."""
        ...

    def setting(self, name: str, default: str = "") -> str:
        """A stored setting of this learner (theme, tour seen, agreed pulls)."""
        ...

    def save_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        ...

    def reset_lesson(self, lesson: str) -> None:
        """Forget where the learner is in a lesson. Attempts stay."""
        ...
