"""Images and containers as plain values.

The size that is compared and graded is the *unpacked* size: bytes of regular files (a hard link
once) plus the length of symbolic links, summed over the layer archives. It is the same on every
engine and store; an engine's own list is not (one image reads 4.71, 6.78 or 2.07 MB).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """One image a build left: the final one (``stage`` empty) or a stage that was kept."""

    reference: str
    image_id: str
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """HEALTHCHECK as stored: ``test`` begins with CMD, CMD-SHELL or NONE."""

    test: tuple[str, ...]
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    start_period_seconds: float | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """The part of an image's configuration that decides how it runs."""

    architecture: str = "amd64"
    os: str = "linux"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    """As stored: ``8080/tcp``."""
    labels: tuple[tuple[str, str], ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None
    diff_ids: tuple[str, ...] = ()
    """Digests of the unpacked layers, oldest first."""
    history: tuple[str, ...] = ()
    """``created_by`` of each history record, oldest first."""

    @property
    def start_command(self) -> tuple[str, ...]:
        """What runs: the entry point followed by the command."""
        return self.entrypoint + self.command


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """What an engine's store says of one image."""

    image_id: str
    references: tuple[str, ...]
    config: ImageConfig
    listed_bytes: int
    """What this engine's own list shows. Never graded."""
    stand_in: bool = False
    """True for a base image made here in place of the real one."""
    created: str = ""


class FileKind(StrEnum):
    """What a name in a layer is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    DEVICE = "device"
    WHITEOUT = "whiteout"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One name in a layer. ``path`` is absolute and cleaned for display."""

    path: str
    kind: FileKind
    size_bytes: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""
    """Where a symbolic or hard link points."""
    layer: int = 0
    """Index of the layer that brought it, oldest first."""
    content: str = ""
    """What a file's first bytes say: ``elf``, ``script``, ``ar``, ``archive``; else empty."""


@dataclass(frozen=True, slots=True)
class Program:
    """One ELF file in a layer, also when a later layer hides it."""

    path: str
    size_bytes: int
    sha256: str
    layer: int
    """Index of the layer that brought it, oldest first."""
    looks_like: str = ""
    """A well-known program recognised by its own bytes: ``BusyBox``; else empty."""


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer archive."""

    diff_id: str
    unpacked_bytes: int
    file_count: int
    created_by: str = ""


UNLOADED_LIMIT_BYTES = 64 * 1024
"""What a stripped program may hold besides what is loaded. Go leaves some hundred bytes."""


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """What an ELF file says about itself. Never a file name, never build info."""

    machine: str
    """``x86-64``, ``aarch64``, …"""
    kind: str
    """``EXEC``, ``DYN``, …"""
    interpreter: str = ""
    """The loader it asks for; empty when it asks for none."""
    needed: tuple[str, ...] = ()
    """Shared libraries it needs."""
    has_symbol_table: bool = False
    has_debug_sections: bool = False
    size_bytes: int = 0
    unloaded_bytes: int = 0
    """Bytes that are never loaded, headers and the names of sections aside. Symbols and debug data are
    made of these, whatever they are called."""

    @property
    def is_static(self) -> bool:
        """No interpreter and no needed libraries."""
        return not self.interpreter and not self.needed

    @property
    def is_stripped(self) -> bool:
        """No symbol table, no debug sections, and next to nothing else that is never loaded."""
        return not (self.has_symbol_table or self.has_debug_sections or self.hides_unloaded_bytes)

    @property
    def hides_unloaded_bytes(self) -> bool:
        """More is never loaded than the notes and comments that linkers leave."""
        return self.unloaded_bytes > UNLOADED_LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class GoBuildInfo:
    """What a Go binary claims of its own build. A claim: ``-trimpath`` hides flags."""

    version: str
    main_module: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    modules: tuple[tuple[str, str], ...] = ()


class SizeRole(StrEnum):
    """Which of the two scales a bar stands on."""

    BASE = "base"
    BUILDER = "builder"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One bar of the size pane."""

    name: str
    """``multi``, or ``builder`` for a stage."""
    reference: str
    image_id: str
    role: SizeRole
    unpacked_bytes: int
    packed_bytes: int | None = None
    """Computed only when asked for."""
    listed_bytes: int | None = None
    stand_in: bool = False
    """Built on a base that was made here in place of the real one."""
    lesson: str = ""
    """Slug of the lesson it belongs to."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket that listens inside a container."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True when only the container itself can reach it."""
        return self.address.startswith("127.") or self.address == "::1"


@dataclass(frozen=True, slots=True)
class ContainerState:
    """How a container is doing."""

    status: str
    """``created``, ``running``, ``exited`` or ``gone``."""
    exit_code: int | None = None
    error: str = ""
    """The engine's own text when it could not start."""
    out_of_memory: bool = False

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class Container:
    """A started container. ``host`` and ``host_port`` are where its port is published."""

    container_id: str
    image_id: str
    port: int
    host: str = "127.0.0.1"
    host_port: int | None = None
    command: str = ""
    """``docker run …`` as the learner could type it."""
    isolated: bool = False
    """It has no network, so nothing is published; its probe has a way in."""

    @property
    def can_be_asked(self) -> bool:
        """Whether there is a way to its port."""
        return self.isolated or self.host_port is not None


@dataclass(frozen=True, slots=True)
class ExecResult:
    """A command run inside a container. ``error`` is the engine's text when it could not start."""

    exit_code: int
    output: str
    error: str = ""
