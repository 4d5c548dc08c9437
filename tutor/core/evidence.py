"""Evidence: everything a verdict rests on, gathered once and stored with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutor.core.http import HttpExchange
from tutor.core.image import (
    ContainerState,
    ElfFacts,
    FileEntry,
    GoBuildInfo,
    ImageConfig,
    LayerFacts,
    Listener,
    Program,
)
from tutor.core.trial import Trials

EVIDENCE_SCHEMA = 2


@dataclass(frozen=True, slots=True)
class ImageEvidence:
    """What was read out of one image's archive."""

    image_id: str
    config: ImageConfig
    unpacked_bytes: int
    layers: tuple[LayerFacts, ...]
    files: tuple[FileEntry, ...]
    """What a container would see: layers laid over each other, whiteouts applied. Empty for a
    builder stage, of which only sizes are kept; ``file_count`` tells how many there are."""
    file_count: int
    entrypoint_path: str = ""
    """The file that the start command names, if the image holds it."""
    elf: ElfFacts | None = None
    """Of that file; None when there is none or it is not ELF."""
    go: GoBuildInfo | None = None
    programs: tuple[Program, ...] = ()
    """Every ELF file of every layer, oldest layer first. Kept for builder stages too."""


@dataclass(frozen=True, slots=True)
class StageFacts:
    """One stage of the Dockerfile as written."""

    index: int
    name: str
    base: str
    line: int


@dataclass(frozen=True, slots=True)
class BuildEvidence:
    """How the build went."""

    succeeded: bool
    elapsed_seconds: float
    error: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerEvidence:
    """How the run went."""

    state: ContainerState
    port: int
    log: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] | None = None
    """None where the engine cannot tell."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One checkpoint's evidence. ``images`` and ``containers`` are keyed by tag or stage name."""

    lesson: str
    engine: str
    taken_at: str
    dockerfile_sha256: str
    stages: tuple[StageFacts, ...]
    build: BuildEvidence
    images: dict[str, ImageEvidence]
    """By tag (``multi``); kept stages by ``TAG/STAGE`` (``multi/builder``)."""
    containers: dict[str, ContainerEvidence]
    exchanges: dict[str, tuple[HttpExchange, ...]]
    """By tag."""
    stand_in: bool = False
    dockerfile: str = ""
    """The file's text, of which :data:`~tutor.core.trial.TEXT_LIMIT_BYTES` are kept."""
    architecture: str = ""
    """Of the engine's machine: ``amd64``."""
    par_bytes: int | None = None
    """What the lesson calls a good size."""
    token: str = ""
    """What this learner's program has to say of itself; empty where a file of the workspace tells."""
    trials: Trials = field(default_factory=Trials)
    fault: str = ""
    """Set when evidence could not be gathered through no fault of the learner's."""
    schema: int = EVIDENCE_SCHEMA
