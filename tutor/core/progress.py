"""How far a learner got."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tutor.core.verdict import CheckpointReport


class PassState(StrEnum):
    """A pass is a state, not an event."""

    OPEN = "open"
    """Never passed."""
    PASSED = "passed"
    STALE = "stale"
    """Passed, and the files were edited since."""
    WITHDRAWN = "withdrawn"
    """Passed once; a newer verdict failed."""
    NOT_VERIFIABLE = "not verifiable now"
    """Passed; the engine is gone or the image was removed from outside."""


@dataclass(frozen=True, slots=True)
class LessonProgress:
    """Where the learner is in one lesson."""

    lesson: str
    step: int = 0
    done: tuple[str, ...] = ()
    """Keys of the actions done, ``STEP_ID/INDEX``."""
    started_at: str = ""
    touched_at: str = ""
    seconds_spent: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One graded attempt, as stored."""

    attempt_id: int
    report: CheckpointReport
    evidence_json: str = ""
    """The evidence as JSON, so that the verdict can be audited."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Something that is ours on an engine, or that a run of ours left."""

    kind: str
    """``image``, ``container``, ``cache``, ``network``, ``process``, ``folder``."""
    object_id: str
    endpoint: str
    """Which engine: its own id, so that two engines are never mixed up."""
    run_id: str
    detail: str = ""
    recorded_at: str = ""


@dataclass(frozen=True, slots=True)
class ExerciseAnswer:
    """One answer to a quiz, an order or a fill."""

    lesson: str
    exercise_id: str
    given: str
    """Empty when it was skipped."""
    is_right: bool
    answered_at: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One question that comes back, and when."""

    lesson: str
    item_id: str
    rung: int
    """How often it was recalled in a row; chooses the next interval."""
    due_at: str
    """ISO 8601, UTC."""
