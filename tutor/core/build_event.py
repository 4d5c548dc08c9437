"""What happens while an engine works, told as values. Times are in seconds, texts are clean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tutor.core.image import BuiltImage


@dataclass(frozen=True, slots=True)
class BuildStarted:
    """A build began. ``command`` is what the learner could type to do the same."""

    run_id: str
    command: str
    engine: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """One instruction began. ``line`` is its first line in the Dockerfile, if known."""

    run_id: str
    step_id: str
    text: str
    stage: str
    number: int
    total: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LogLines:
    """Lines a step printed: clean, at most 200 of them or 50 ms worth."""

    run_id: str
    step_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepFinished:
    """One instruction ended. ``error`` is empty when it went well."""

    run_id: str
    step_id: str
    elapsed_seconds: float
    cached: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class WorkProgressed:
    """Long work moved on: a pull, an export, an analysis. ``total`` is None when unknown."""

    run_id: str
    label: str
    current: int
    total: int | None
    unit: str = "bytes"


@dataclass(frozen=True, slots=True)
class BuildFailed:
    """The build ended in an error of the learner's files. ``error`` is the engine's own text."""

    run_id: str
    error: str
    elapsed_seconds: float
    step_id: str | None = None
    line: int | None = None
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class BuildCancelled:
    """The build was stopped on request; nothing of it is left."""

    run_id: str
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """The build succeeded. The final image comes last; stages that were kept come before."""

    run_id: str
    images: tuple[BuiltImage, ...]
    elapsed_seconds: float


BuildEvent: TypeAlias = (
    BuildStarted
    | StepStarted
    | LogLines
    | StepFinished
    | WorkProgressed
    | BuildFailed
    | BuildCancelled
    | BuildFinished
)
