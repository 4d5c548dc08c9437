"""What happens while the tutor works, told as values.

Engines yield :data:`BuildEvent`; the session passes them on and adds its own. Every event carries
the ``run_id`` of the run that made it, so that a screen can drop those of a run that is over.
Texts are free of control sequences. Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tutor.core.base import BasePlan
from tutor.core.http import HttpExchange
from tutor.core.image import BuiltImage, SizeRow
from tutor.core.verdict import CheckpointReport, Prediction, Verdict


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


@dataclass(frozen=True, slots=True)
class CommandShown:
    """The real command for what is about to happen."""

    run_id: str
    command: str


@dataclass(frozen=True, slots=True)
class ImageMeasured:
    """The unpacked size of one image is known."""

    run_id: str
    row: SizeRow


@dataclass(frozen=True, slots=True)
class ContainerStarted:
    """The image runs. ``address`` is ``127.0.0.1:PORT``, or empty when nothing is published."""

    run_id: str
    container_id: str
    tag: str
    address: str
    command: str


@dataclass(frozen=True, slots=True)
class ContainerExited:
    """The container is no longer running, or never got to. ``error`` is the engine's own text."""

    run_id: str
    container_id: str
    exit_code: int | None
    error: str
    log: tuple[str, ...]
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class EndpointProbed:
    """An endpoint was asked; the exchange holds the answer or why there was none."""

    run_id: str
    exchange: HttpExchange


@dataclass(frozen=True, slots=True)
class PredictionCompared:
    """Prediction and fact can be laid side by side."""

    run_id: str
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check is about to be judged, or waits for what it needs."""

    run_id: str
    check_id: str
    title: str


@dataclass(frozen=True, slots=True)
class CheckJudged:
    """One check has its verdict."""

    run_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CheckpointFinished:
    """All checks are judged and the attempt is stored."""

    run_id: str
    report: CheckpointReport


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence for the learner about what just happened. ``severity``: information, warning, error."""

    run_id: str
    text: str
    severity: str = "information"


@dataclass(frozen=True, slots=True)
class WorkspaceChanged:
    """Files of the workspace were written by the tutor itself (a lab was laid)."""

    run_id: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BaseNeeded:
    """A base image is not here. The work ended; it can go on once the learner chose a way."""

    run_id: str
    plan: BasePlan


@dataclass(frozen=True, slots=True)
class BaseObtained:
    """The base image is here now."""

    run_id: str
    reference: str
    stand_in: bool


SessionEvent: TypeAlias = (
    BuildEvent
    | CommandShown
    | ImageMeasured
    | ContainerStarted
    | ContainerExited
    | EndpointProbed
    | PredictionCompared
    | CheckStarted
    | CheckJudged
    | CheckpointFinished
    | Said
    | WorkspaceChanged
    | BaseNeeded
    | BaseObtained
)
