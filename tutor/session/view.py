"""What a screen needs to know of a lesson at one moment, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tutor.core.events import Shown
from tutor.core.http import HttpExchange
from tutor.core.image import SizeRow
from tutor.core.lesson import Exercise, Lesson, Note, Predict
from tutor.core.progress import PassState
from tutor.core.verdict import CheckpointReport, Prediction
from tutor.session.calibration import Calibration
from tutor.session.exercise import ExerciseView


class NextKind(StrEnum):
    """What Enter on NEXT does."""

    PREDICT = "predict"
    QUIZ = "quiz"
    ORDER = "order"
    FILL = "fill"
    EXEC = "exec"
    FETCH = "fetch"
    SHOW = "show"
    STOP = "stop"
    HEALTHCHECK = "healthcheck"
    TWICE = "twice"
    CHANGE = "change"
    LAY = "lay"
    EDIT = "edit"
    BUILD = "build"
    RUN = "run"
    PROBE = "probe"
    CHECK = "check"
    READ = "read"
    """Turn to the next step."""
    LESSON = "lesson"
    """Go on to the next lesson."""
    DONE = "done"
    """The course is at its end."""


@dataclass(frozen=True, slots=True)
class NextAction:
    """The one thing that comes next."""

    kind: NextKind
    label: str
    """A short sentence: ``Build the image``, ``Predict: how big will it be?``."""
    command: str = ""
    """What the learner could type to do the same by hand."""
    predict: Predict | None = None
    exercise: Exercise | None = None
    file: str = "Dockerfile"
    """The file of the workspace that an edit is about."""


@dataclass(frozen=True, slots=True)
class HintView:
    """The rungs of a ladder shown so far."""

    hint_id: str
    rungs: tuple[str, ...]
    total: int
    locked: str = ""
    """Why the next rung is not open yet; empty when it is."""


@dataclass(frozen=True, slots=True)
class LessonView:
    """One lesson at one moment."""

    lesson: Lesson
    step_index: int
    step_total: int
    step_title: str
    prose: str
    notes: tuple[Note, ...]
    """Those that do not give away what is still to be found out."""
    next: NextAction
    sizes: tuple[SizeRow, ...]
    par_bytes: int | None
    exchanges: tuple[HttpExchange, ...]
    """The newest answer of each path asked so far."""
    address: str
    """``127.0.0.1:PORT`` of the running container; empty when none runs."""
    predictions: tuple[Prediction, ...]
    """Those of this step that were made or skipped."""
    calibration: Calibration
    """Of all predictions of the course."""
    exercises: tuple[ExerciseView, ...]
    """Those of this step that were answered, and the one that is open."""
    shown: Shown | None
    """What was shown last: the output of a command, facts as a table."""
    report: CheckpointReport | None
    """The newest attempt."""
    pass_state: PassState
    hints: tuple[HintView, ...]
    can_undo_lay: bool
    workspace: str
    """The visible folder, for ``Where are my files?``."""


@dataclass(frozen=True, slots=True)
class LessonRow:
    """One lesson on the course map."""

    lesson: Lesson
    pass_state: PassState
    steps_done: int
    step_total: int
    seconds_spent: float
    attempts: int
    current: bool
    due: int = 0
    """Questions that are due for review."""
