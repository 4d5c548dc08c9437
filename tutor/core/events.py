"""What happens while the tutor works, told as values.

Engines yield :data:`BuildEvent`; the session passes them on and adds its own. Every event carries
the ``run_id`` of the run that made it, so that a screen can drop those of a run that is over.
Texts are free of control sequences. Times are in seconds, sizes in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tutor.core.base import BasePlan
from tutor.core.build_event import BuildCancelled as BuildCancelled
from tutor.core.build_event import BuildEvent as BuildEvent
from tutor.core.build_event import BuildFailed as BuildFailed
from tutor.core.build_event import BuildFinished as BuildFinished
from tutor.core.build_event import BuildStarted as BuildStarted
from tutor.core.build_event import LogLines as LogLines
from tutor.core.build_event import StepFinished as StepFinished
from tutor.core.build_event import StepStarted as StepStarted
from tutor.core.build_event import WorkProgressed as WorkProgressed
from tutor.core.http import HttpExchange
from tutor.core.image import SizeRow
from tutor.core.verdict import CheckpointReport, Prediction, Verdict


@dataclass(frozen=True, slots=True)
class Shown:
    """Facts as a small table, or what a command printed."""

    run_id: str
    title: str
    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...] = ()
    foot: str = ""
    """One sentence below: the exit code, what was left out."""
    is_good: bool | None = None
    """How what was tried went; None where nothing was tried."""


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
    from_kit: bool = False


@dataclass(frozen=True, slots=True)
class ImageOpened:
    """An image was opened for a look at its bytes."""

    run_id: str
    image_id: str


SessionEvent: TypeAlias = (
    BuildEvent
    | CommandShown
    | ImageMeasured
    | ImageOpened
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
    | Shown
)
