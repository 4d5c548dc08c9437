"""A lesson as values. Made by the catalog from ``lessons/NN-slug/lesson.md``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias


class Expectation(StrEnum):
    """How a live step is meant to end."""

    SUCCESS = "success"
    FAILURE = "failure"
    """A lab, broken on purpose: the error is the lesson."""
    ANY = "any"


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
class Build:
    """Build the workspace. ``tag`` names the image within its lesson."""

    tag: str
    expect: Expectation = Expectation.SUCCESS
    line: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Start the image and leave it running for the probes."""

    tag: str
    port: int | None = None
    """Container port; else EXPOSE, else 8080."""
    expect: Expectation = Expectation.SUCCESS
    line: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the running container for these paths."""

    tag: str
    paths: tuple[str, ...]
    expect: Expectation = Expectation.SUCCESS
    line: int = 0


@dataclass(frozen=True, slots=True)
class Lay:
    """Write files of the lesson into the workspace; what was there is kept aside."""

    source: str
    """Folder inside the lesson's folder."""
    say: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """The learner changes a file. Done when it changed, or when Enter is pressed a second time."""

    say: str
    file: str = "Dockerfile"
    line: int = 0


Do: TypeAlias = Build | Run | Probe | Lay | Edit


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


Device: TypeAlias = Predict | Build | Run | Probe | Lay | Edit | CheckSpec | Hint | Note


@dataclass(frozen=True, slots=True)
class Step:
    """One screen of a lesson: markdown and what to do there, in order."""

    id: str
    title: str
    prose: str
    devices: tuple[Device, ...]
    line: int = 0

    @property
    def actions(self) -> tuple[Predict | Do, ...]:
        """What NEXT walks through, in order, before the check."""
        return tuple(d for d in self.devices if isinstance(d, Predict | Build | Run | Probe | Lay | Edit))

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
