"""A lesson as values. Made by the catalog from ``lessons/NN-slug/lesson.md``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from tutor.core.action import Build as Build
from tutor.core.action import BuildTwice as BuildTwice
from tutor.core.action import Change as Change
from tutor.core.action import Do as Do
from tutor.core.action import Edit as Edit
from tutor.core.action import Exec as Exec
from tutor.core.action import Expectation as Expectation
from tutor.core.action import Fetch as Fetch
from tutor.core.action import Lay as Lay
from tutor.core.action import OnImage as OnImage
from tutor.core.action import Probe as Probe
from tutor.core.action import Run as Run
from tutor.core.action import RunHealthcheck as RunHealthcheck
from tutor.core.action import Show as Show
from tutor.core.action import ShowKind as ShowKind
from tutor.core.action import Stop as Stop
from tutor.core.exercise import Fill as Fill
from tutor.core.exercise import Order as Order
from tutor.core.exercise import Quiz as Quiz
from tutor.core.exercise import Recall as Recall


class Unit(StrEnum):
    """What a prediction is measured in."""

    MEGABYTES = "MB"
    PERCENT = "%"
    SECONDS = "s"
    NUMBER = "number"
    YES_NO = "yes-no"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Predict:
    """A question before the fact. ``measure`` names the fact it is laid beside."""

    id: str
    ask: str
    measure: str
    unit: Unit
    choices: tuple[str, ...] = ()
    why: str = ""
    """Shown with both values."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check as a lesson asks for it. ``check`` names a function of the grader."""

    id: str
    check: str
    on: str
    """A tag (``image.multi``), a stage or ``dockerfile``, as the check wants it."""
    why: str
    title: str = ""
    needs: tuple[str, ...] = ()
    params: dict[str, object] = field(default_factory=dict)
    next_step: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Hint:
    """A ladder: nudge, where to look, why, the change. ``when`` chooses it by evidence."""

    id: str
    when: str
    say: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """A remark set apart from the prose. ``kind``: note, warning, finer-truth."""

    say: str
    kind: str = "note"
    line: int = 0
    claim: int | None = None
    """The claim of the lab report whose finer truth this is."""


Exercise: TypeAlias = Quiz | Order | Fill
Task: TypeAlias = Predict | Exercise | Do
"""What NEXT walks through."""
Device: TypeAlias = Task | Recall | CheckSpec | Hint | Note


@dataclass(frozen=True, slots=True)
class Step:
    """One screen of a lesson: markdown and what to do there, in order."""

    id: str
    title: str
    prose: str
    devices: tuple[Device, ...]
    line: int = 0

    @property
    def actions(self) -> tuple[Task, ...]:
        """What NEXT walks through, in order, before the check."""
        return tuple(d for d in self.devices if isinstance(d, Task))

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """The checks that stand in this step."""
        return tuple(d for d in self.devices if isinstance(d, CheckSpec))

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hint ladders that stand in this step."""
        return tuple(d for d in self.devices if isinstance(d, Hint))


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. ``context`` is the folder of files that ``start/`` is laid over."""

    number: int
    slug: str
    title: str
    goal: str
    minutes: int
    needs: tuple[str, ...]
    tag: str
    """The tag its checkpoint builds and grades."""
    port: int
    """The port the service listens on inside the container."""
    par_bytes: int | None
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    folder: Path
    context: Path
    claims: tuple[int, ...] = ()
    """Numbers of the lab report's claims that this lesson tests."""

    @property
    def name(self) -> str:
        """``02-two-stages``: the folder's name."""
        return f"{self.number:02d}-{self.slug}"

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """Every check of the lesson: its checkpoint."""
        return tuple(check for step in self.steps for check in step.checks)

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Every hint ladder of the lesson."""
        return tuple(hint for step in self.steps for hint in step.hints)

    @property
    def reference(self) -> str:
        """The image reference the checkpoint's image is tagged with."""
        return image_reference(self.slug, self.tag)


def image_reference(slug: str, tag: str) -> str:
    """``fromscratch/two-stages:multi``: never a name the learner could have given an image."""
    return f"fromscratch/{slug}:{tag}"
