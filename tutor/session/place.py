"""Where a learner is in one lesson: the step, what is done in it, and the time spent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tutor.core.lesson import Lesson, Step, Task
from tutor.core.progress import LessonProgress
from tutor.session.loop import pending_action

if TYPE_CHECKING:
    from tutor.core.ports import Clock
    from tutor.core.store import ProgressStore


class Place:
    """Kept in the store at every change, so that a killed program resumes at the same step."""

    def __init__(self, lesson: Lesson, store: ProgressStore, clock: Clock) -> None:
        self._lesson = lesson
        self._store = store
        self._clock = clock
        self._opened_at = clock.monotonic()
        progress = store.lesson_progress(lesson.slug)
        step = max(0, min(progress.step, len(lesson.steps) - 1))
        self._progress = dataclasses.replace(progress, step=step)

    @property
    def index(self) -> int:
        """Of the step, from 0."""
        return self._progress.step

    @property
    def step(self) -> Step:
        """The step on screen."""
        return self._lesson.steps[self._progress.step]

    @property
    def done(self) -> frozenset[str]:
        """Keys of the tasks that are done."""
        return frozenset(self._progress.done)

    def pending(self) -> tuple[str, Task] | None:
        """The first task of the step that is not done, with its key."""
        return pending_action(self.step, self.done)

    def go_to(self, index: int) -> bool:
        """Turn to a step; False when there is none of that number."""
        if not 0 <= index < len(self._lesson.steps):
            return False
        self._progress = dataclasses.replace(self._progress, step=index)
        return True

    def mark_done(self, key: str) -> None:
        """A task is done."""
        if key not in self._progress.done:
            self._progress = dataclasses.replace(self._progress, done=(*self._progress.done, key))

    def begin_again(self) -> None:
        """Back to the first step, with nothing done."""
        self._store.reset_lesson(self._lesson.slug)
        self._progress = LessonProgress(self._lesson.slug, seconds_spent=self._progress.seconds_spent)

    def store(self) -> None:
        """Write down where the learner is."""
        now = self._clock.now().isoformat(timespec="seconds")
        started_at = self._progress.started_at or now
        self._progress = dataclasses.replace(self._progress, started_at=started_at, touched_at=now)
        self._store.save_lesson_progress(self._progress)

    def count_time(self) -> None:
        """Add the time since this was last done."""
        now = self._clock.monotonic()
        spent = self._progress.seconds_spent + now - self._opened_at
        self._opened_at = now
        self._progress = dataclasses.replace(self._progress, seconds_spent=spent)
