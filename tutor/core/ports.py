"""The roles that the session needs filled. Adapters are named for a technology.

All coroutines may be cancelled: a cancelled build stops within a second and leaves nothing behind.
Engine faults are :class:`tutor.core.errors.EngineError`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from tutor.core.base import BasePlan as BasePlan
from tutor.core.events import BuildEvent, WorkProgressed
from tutor.core.http import HttpExchange
from tutor.core.image import (
    Container,
    ContainerState,
    ExecResult,
    ImageSummary,
    Listener,
)
from tutor.core.progress import JournalEntry


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The current time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine is in use and what it is."""

    kind: str
    """``docker``, ``embedded`` or ``replay``."""
    name: str
    """For the status line: ``docker 26.1, buildx``."""
    version: str
    builder: str
    """``buildx``, ``classic`` or ``embedded``."""
    store: str
    """``overlay2``, ``containerd``, ``embedded``, …"""
    endpoint: str
    """Where it answers."""
    isolation: str
    """What stands between a run and this machine."""
    architecture: str = "amd64"
    notes: tuple[str, ...] = ()
    """What is weaker here than elsewhere, and how to get better."""
    official: bool = False
    """Whether a grade made on it can be more than practice."""
    data_folder: str = ""
    """Where it keeps its data, when that is a folder of this machine; else empty."""


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """What the steps of a build may use. An engine that cannot hold one of them says so.

    What is built within limits is built to be graded: under a tag of its own, and not to be kept.
    """

    memory_bytes: int
    processors: str = ""
    """Numbers of the cores, as ``cpuset`` takes them; empty for all."""
    network: bool = False
    """Whether RUN reaches a network."""
    control_group: str = ""
    """A control group on the engine's machine that bounds processes; empty for none."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One build: kept stages first, then the whole, under one run."""

    run_id: str
    context: Path
    tag: str
    """Full reference of the final image."""
    dockerfile: Path | None = None
    """Default: ``Dockerfile`` in the context."""
    keep_stages: tuple[str, ...] = ()
    """Stages (name, or index as text) kept as images ``TAG-STAGE``."""
    build_args: Mapping[str, str] = field(default_factory=dict)
    use_cache: bool = True
    lesson: str = ""
    limits: BuildLimits | None = None
    """None for a learner's own build."""


def stage_reference(tag: str, stage: str) -> str:
    """The reference a kept stage is tagged with: ``fromscratch/two-stages:multi-builder``."""
    return f"{tag}-{stage.lower()}"


class Builder(Protocol):
    """Turns a folder with a Dockerfile into images."""

    def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        """Build and tell. The last event is BuildFinished, BuildFailed or BuildCancelled.

        Closing the iterator or cancelling its consumer stops the build within a second.

        Raises:
            EngineError: the engine is gone, or a base image is missing.
            DockerfileError: the file cannot be read (where the engine leaves parsing to us).
        """
        ...


class ImageStore(Protocol):
    """The engine's images."""

    async def find(self, reference: str) -> ImageSummary | None:
        """The image under this reference or id; None when it is not there."""
        ...

    def open_archive(self, image_id: str) -> AbstractContextManager[BinaryIO]:
        """The image as a tar stream, as ``docker save`` or an OCI layout writes it.

        Blocking: call and read it in a thread. Not seekable.

        Raises:
            ImageNotFound: the image is not there (any more).
        """
        ...

    async def plan_base(self, reference: str) -> BasePlan:
        """How this base could be obtained. Downloads nothing."""
        ...

    def pull(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Pull a base image the learner agreed to."""
        ...

    def load_from_kit(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Load the base out of the imported class kit. Never overwrites a tag that exists."""
        ...

    def make_stand_in(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Make the labelled stand-in. Never overwrites a tag that exists."""
        ...

    async def tag(self, image_id: str, reference: str) -> None:
        """Let one of our references (``fromscratch/…``) name an image, in place of the one it named.

        Raises:
            ImageNotFound: the image is not there (any more).
        """
        ...

    async def remove(self, reference: str) -> None:
        """Remove an image of ours. An image that is not ours is left alone, silently."""
        ...


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One container, with limits that hold for every run."""

    run_id: str
    image: str
    """Reference or id."""
    port: int
    """The port the service is believed to listen on inside."""
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """Replaces the image's command when given."""
    entry_point: tuple[str, ...] = ()
    """Replaces the image's entry point and its command when given; ``command`` may follow."""
    read_only: bool = False
    user: str = ""
    memory_bytes: int = 256 * 1024 * 1024
    process_limit: int = 128
    lesson: str = ""
    isolated: bool = False
    """No network at all: asked from a helper beside it."""
    processors: str = ""
    """Numbers of the cores it may use; empty for all."""


class Runtime(Protocol):
    """Runs images."""

    async def start(self, request: RunRequest) -> Container:
        """Start a container with its port published on 127.0.0.1, chosen by the engine.

        A process that cannot be started (no such file, exec format error) is not an exception:
        the container comes back and :meth:`state` tells the engine's own text.

        Raises:
            ContainerError: the engine refused to create it.
        """
        ...

    async def state(self, container_id: str) -> ContainerState:
        """How it is doing now; ``gone`` when it was removed."""
        ...

    async def logs(self, container_id: str, tail: int = 200) -> tuple[str, ...]:
        """The last lines it printed, clean."""
        ...

    async def listeners(self, container_id: str) -> tuple[Listener, ...] | None:
        """The TCP sockets listening inside; None where this engine cannot tell."""
        ...

    async def exec(self, container_id: str, argv: tuple[str, ...]) -> ExecResult:
        """Run a command inside."""
        ...

    async def stop(self, container_id: str, grace_seconds: float = 2.0) -> ContainerState:
        """Ask it to end, then make it; returns the state it ended in. Keeps the container."""
        ...

    async def remove(self, container_id: str) -> None:
        """Stop at once and remove it; nothing happens when it is gone already."""
        ...

    def open_export(self, container_id: str) -> AbstractContextManager[BinaryIO]:
        """The running container's files as a tar stream. Blocking: read it in a thread."""
        ...


class Probe(Protocol):
    """Asks a running container over HTTP, from where it can be reached."""

    async def request(
        self, container: Container, path: str, *, method: str = "GET", timeout_seconds: float = 5.0
    ) -> HttpExchange:
        """One exchange. No answer is not an exception: ``error`` says why."""
        ...


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What was removed, and what was left and why."""

    removed: tuple[JournalEntry, ...] = ()
    left: tuple[tuple[JournalEntry, str], ...] = ()
    reclaimed_bytes: int = 0


class Engine(Protocol):
    """One engine with all its roles."""

    @property
    def info(self) -> EngineInfo:
        """Which engine this is."""
        ...

    @property
    def builder(self) -> Builder:
        """Its builder."""
        ...

    @property
    def images(self) -> ImageStore:
        """Its images."""
        ...

    @property
    def runtime(self) -> Runtime:
        """Its containers."""
        ...

    @property
    def probe(self) -> Probe:
        """The way to its endpoints."""
        ...

    async def ping(self) -> None:
        """Return when the engine answers.

        Raises:
            EngineLost: it does not.
        """
        ...

    async def sweep(self) -> CleanReport:
        """Remove what dead runs left: containers, half-made images, processes.

        Never a cache or an image that a later build of the learner would use.
        """
        ...

    async def clean(self) -> CleanReport:
        """Remove everything that is ours by label or journal, stand-ins included."""
        ...

    async def close(self) -> None:
        """Stop what this process started and let go of connections."""
        ...
