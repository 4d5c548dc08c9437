"""An engine with limits around it, for files that nobody has read: builds, runs, logs and disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tutor.core.events import BuildEvent, BuildFailed, LogLines, StepFinished, StepStarted
from tutor.core.image import Container
from tutor.core.ports import BuildLimits, BuildRequest, RunRequest

if TYPE_CHECKING:
    from tutor.core.ports import Builder, CleanReport, Engine, EngineInfo, ImageStore, Probe, Runtime

_WATCH_SECONDS = 0.25
DISK_LIMIT = "disk"
"""The limit that a neighbour can run into as well: the disk is everybody's."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one submission may use."""

    build_seconds: float = 300.0
    build_memory_bytes: int = 2 * 1024**3
    build_log_bytes: int = 8 * 1024**2
    disk_bytes: int = 4 * 1024**3
    run_memory_bytes: int = 256 * 1024**2
    run_processes: int = 64
    read_only: bool = True
    network: bool = False
    """Whether RUN reaches a network. A run never does."""
    processors: str = ""
    control_group: str = ""


@dataclass(slots=True)
class Spent:
    """Which limits a submission ran into."""

    hit: list[str] = field(default_factory=list)

    def note(self, limit: str) -> None:
        """Once each."""
        if limit not in self.hit:
            self.hit.append(limit)


class BoundedBuilder:
    """Stops a build that takes too long, says too much, or fills the engine's disk."""

    def __init__(
        self,
        builder: Builder,
        bounds: Bounds,
        spent: Spent,
        free_bytes: Callable[[], int] | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._builder = builder
        self._bounds = bounds
        self._spent = spent
        self._free_bytes = free_bytes
        self._monotonic = monotonic

    async def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        """Build under the limits; a limit ends in BuildFailed that names it."""
        bounds = self._bounds
        limits = BuildLimits(
            bounds.build_memory_bytes, bounds.processors, bounds.network, bounds.control_group
        )
        began = self._monotonic()
        free = await asyncio.to_thread(self._free_bytes) if self._free_bytes else 0
        said = 0
        may_not_fork = False
        step: StepStarted | None = None
        async with aclosing(self._builder.build(replace(request, limits=limits))) as events:
            source = aiter(events)
            coming: asyncio.Future[Any] = asyncio.ensure_future(anext(source, None))
            try:
                while True:
                    await asyncio.wait({coming}, timeout=_WATCH_SECONDS)
                    over = await self._over(began, said, free)
                    if over:
                        break
                    if not coming.done():
                        continue
                    event = coming.result()
                    if event is None:
                        return
                    if isinstance(event, LogLines):
                        said += sum(len(line) + 1 for line in event.lines)
                        may_not_fork = may_not_fork or any(map(_says_it_may_not_fork, event.lines))
                    if isinstance(event, StepStarted):
                        step = event
                    if isinstance(event, BuildFailed):
                        event = self._explained(event, may_not_fork)
                    if isinstance(event, StepFinished) and event.error and _was_killed(event.error):
                        self._spent.note("memory")
                    coming = asyncio.ensure_future(anext(source, None))
                    yield event
            finally:
                if not coming.done():
                    coming.cancel()
                    await asyncio.wait({coming})
                elif not coming.cancelled():
                    coming.exception()
        limit, words = over
        self._spent.note(limit)
        yield BuildFailed(
            request.run_id,
            f"The build was stopped: {words}.",
            self._monotonic() - began,
            step.step_id if step else None,
            step.line if step else None,
            "Find the step that goes on without end, or does far more than compile the service.",
        )

    async def _over(self, began: float, said: int, free: int) -> tuple[str, str] | None:
        bounds = self._bounds
        if self._monotonic() - began > bounds.build_seconds:
            return "build time", f"it took longer than {bounds.build_seconds:g} s"
        if said > bounds.build_log_bytes:
            return "log", f"it printed more than {bounds.build_log_bytes / 1e6:.0f} MB"
        if self._free_bytes is not None:
            used = free - await asyncio.to_thread(self._free_bytes)
            if used > bounds.disk_bytes:
                return DISK_LIMIT, f"it took more than {bounds.disk_bytes / 1e9:.1f} GB of the engine's disk"
        return None

    def _explained(self, event: BuildFailed, may_not_fork: bool) -> BuildFailed:
        if may_not_fork or _says_it_may_not_fork(event.error):
            self._spent.note("processes")
            return replace(event, error=f"{event.error} (a step asked for more processes than it may have)")
        if not _was_killed(event.error):
            return event
        self._spent.note("memory")
        megabytes = self._bounds.build_memory_bytes / 1e6
        return replace(
            event,
            error=f"{event.error} (a step was killed: it asked for more than {megabytes:.0f} MB of memory)",
        )


def _was_killed(error: str) -> bool:
    return "137" in error or "signal: killed" in error.lower()


def _says_it_may_not_fork(text: str) -> bool:
    """As shells say it: busybox's and dash's, then bash's."""
    lowered = text.lower()
    return "fork" in lowered and any(
        words in lowered for words in ("can't fork", "cannot fork", "resource temporarily unavailable")
    )


class BoundedRuntime:
    """Starts containers with no network, a read-only root and few resources."""

    def __init__(self, runtime: Runtime, bounds: Bounds) -> None:
        self._runtime = runtime
        self._bounds = bounds

    async def start(self, request: RunRequest) -> Container:
        """Start under the limits."""
        bounds = self._bounds
        return await self._runtime.start(
            replace(
                request,
                memory_bytes=bounds.run_memory_bytes,
                process_limit=bounds.run_processes,
                read_only=request.read_only or bounds.read_only,
                isolated=True,
                processors=bounds.processors,
            )
        )

    def __getattr__(self, name: str) -> Any:
        """All else is the runtime's own."""
        return getattr(self._runtime, name)


class BoundedEngine:
    """An engine whose builds and runs are bounded. Fills :class:`tutor.core.ports.Engine`."""

    def __init__(
        self,
        engine: Engine,
        bounds: Bounds,
        *,
        free_bytes: Callable[[], int] | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._engine = engine
        self.spent = Spent()
        self.builder: Builder = BoundedBuilder(engine.builder, bounds, self.spent, free_bytes, monotonic)
        self.runtime: Any = BoundedRuntime(engine.runtime, bounds)

    @property
    def info(self) -> EngineInfo:
        """Which engine this is."""
        return self._engine.info

    @property
    def images(self) -> ImageStore:
        """Its images."""
        return self._engine.images

    @property
    def probe(self) -> Probe:
        """The way to its endpoints."""
        return self._engine.probe

    async def ping(self) -> None:
        """Return when the engine answers."""
        await self._engine.ping()

    async def sweep(self) -> CleanReport:
        """Remove what dead runs left."""
        return await self._engine.sweep()

    async def clean(self) -> CleanReport:
        """Remove everything that is ours."""
        return await self._engine.clean()

    async def close(self) -> None:
        """Let go of the engine."""
        with contextlib.suppress(asyncio.CancelledError):
            await self._engine.close()
