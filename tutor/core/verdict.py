"""Verdicts: what a checkpoint says, and predictions: what the learner said before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    """The learner's."""
    UNKNOWN = "unknown"
    """Ours: the engine is gone, a time-out."""
    WAITING = "waiting"
    """A check it depends on has not passed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's answer. Never a bare "wrong"."""

    check_id: str
    title: str
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    where: str = ""
    """Where the actual was seen: ``layer 1: /app``, ``GET /health``."""
    why: str = ""
    """Why the rule exists."""
    next_step: str = ""
    """The next place to look."""
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """All verdicts of one attempt at a lesson's checkpoint."""

    lesson: str
    outcome: Outcome
    """Failed when any check failed; else unknown when any is; else passed."""
    verdicts: tuple[Verdict, ...]
    engine: str
    taken_at: str
    """ISO 8601, UTC."""
    elapsed_seconds: float
    workspace_sha256: str
    """Of the files that were graded: names and contents."""
    stand_in: bool = False
    notes: tuple[str, ...] = ()


def overall(verdicts: tuple[Verdict, ...]) -> Outcome:
    """Failed beats unknown beats waiting beats passed; nothing judged is unknown."""
    outcomes = {verdict.outcome for verdict in verdicts}
    for outcome in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.WAITING):
        if outcome in outcomes:
            return Outcome.UNKNOWN if outcome is Outcome.WAITING else outcome
    return Outcome.PASSED if verdicts else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the learner expected, and what came. Values are numbers, words, or yes/no as text."""

    lesson: str
    predict_id: str
    ask: str
    unit: str
    predicted: str
    """Empty when it was skipped."""
    confidence: int = 0
    """1 guess, 2 think so, 3 sure; 0 not given."""
    actual: str = ""
    """Empty until measured."""
    why: str = ""

    @property
    def skipped(self) -> bool:
        """True when the learner went on without an answer."""
        return not self.predicted
