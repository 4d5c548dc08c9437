"""Trials: what is tried with an image or a folder beyond building, reading and asking it once.

Each is made only when a check asks for it, and is part of the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tutor.core.http import HttpExchange
from tutor.core.image import ContainerState, ExecResult

TEXT_LIMIT_BYTES = 64 * 1024
"""Text of a workspace file that is kept with the evidence."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the checks of a lesson want to see tried."""

    files: tuple[str, ...] = ()
    """Files of the workspace, by relative path."""
    locked_down: tuple[str, ...] | None = None
    """Paths to ask of a container with a read-only root and no capabilities."""
    health: bool = False
    drain_path: str = ""
    """A slow path to ask while the container is told to stop."""
    rebuild_file: str = ""
    """A file to edit before a second build."""
    second_build: bool = False
    """A further build without cache."""
    context: bool = False
    source: bool = False
    """Whether the service's source is compared with what the lesson gave."""
    markers: tuple[str, ...] = ()
    """Texts to look for in every layer."""


@dataclass(frozen=True, slots=True)
class WorkspaceFile:
    """One file of the workspace. ``text`` is empty when it is long or no text."""

    sha256: str
    size_bytes: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class LockedDown:
    """A run with a read-only root and no capabilities."""

    state: ContainerState
    exchanges: tuple[HttpExchange, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthRun:
    """The image's HEALTHCHECK command, run once inside. ``argv`` is empty when it has none."""

    argv: tuple[str, ...]
    result: ExecResult | None = None
    before: ContainerState | None = None
    """How the container was doing; a container that has ended cannot be asked."""
    alone: ContainerState | None = None
    """How the same command did as the only process of a container of this image, where no service listens;
    None when it was not tried."""


@dataclass(frozen=True, slots=True)
class Drain:
    """A container told to stop while it answered a slow request."""

    exchange: HttpExchange | None
    """None when the container had ended before."""
    state: ContainerState
    """What it ended in."""
    elapsed_seconds: float = 0.0
    """From the signal to the end."""


@dataclass(frozen=True, slots=True)
class RebuiltStep:
    """One step of a second build."""

    stage: str
    text: str
    cached: bool
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A second build after one line of one file changed."""

    file: str
    """Empty when there is no such file to edit."""
    succeeded: bool = False
    steps: tuple[RebuiltStep, ...] = ()
    error: str = ""
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SecondBuild:
    """The same folder built once more without cache."""

    succeeded: bool
    program_sha256: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ContextFacts:
    """What a build sends to the engine."""

    file_count: int
    size_bytes: int
    files: tuple[str, ...]
    """Relative paths, at most some thousands."""
    whole_file_count: int
    """With everything that .dockerignore leaves out."""
    whole_size_bytes: int
    has_ignore_file: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A marker found in an image. ``where``: ``layer 2: /app/secret.txt``, ``history``."""

    marker: str
    where: str


@dataclass(frozen=True, slots=True)
class Trials:
    """All trials of one checkpoint; None for each that nobody asked for or that could not be made."""

    files: dict[str, WorkspaceFile | None] = field(default_factory=dict)
    """By the path asked for; None when there is no such file."""
    locked_down: LockedDown | None = None
    health: HealthRun | None = None
    drain: Drain | None = None
    rebuild: Rebuild | None = None
    second_build: SecondBuild | None = None
    context: ContextFacts | None = None
    changed_sources: tuple[str, ...] | None = None
    """Source files that differ from what the lesson gave, were added, or are missing."""
    sightings: tuple[Sighting, ...] | None = None
    """None when no search was made."""
    searched: tuple[str, ...] = ()
    """The markers that were looked for."""
    faults: dict[str, str] = field(default_factory=dict)
    """Name of a trial → why it could not be made, through no fault of the learner's."""
