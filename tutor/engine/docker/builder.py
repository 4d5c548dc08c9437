"""What both builders share: one build at a time, kept stages, ownership, cancelling, failing in words."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass
from typing import Any

from tutor.core.errors import BaseImageMissing, EngineError, EngineLost
from tutor.core.events import BuildEvent, BuildFailed, BuildFinished, BuildStarted, WorkProgressed
from tutor.core.image import BuiltImage
from tutor.core.ports import BuildRequest, Clock, stage_reference
from tutor.engine.docker import explanation
from tutor.engine.docker.attempt import Attempt
from tutor.engine.docker.build_lock import BuildLock
from tutor.engine.docker.build_plan import BuildPlan, read_plan
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import (
    LOST_STEP,
    no_space,
    says_lost,
    says_no_space,
    says_taken_away,
    taken_away,
)
from tutor.engine.docker.ledger import Ledger
from tutor.engine.docker.removal import inspect_image
from tutor.engine.docker.step_book import StepBook


@dataclass(slots=True)
class Pass:
    """One call of the engine's builder: a kept stage, or the whole."""

    reference: str
    stage: str
    """The stage to stop at; empty for the whole."""
    use_cache: bool
    after: Pass | None = None
    """The pass that has run this stage's steps already."""
    error: str = ""
    """Filled in: the engine's own text."""
    error_line: int | None = None
    image_id: str = ""
    """Filled in when it succeeded."""
    stage_images: tuple[str, ...] = ()
    """Filled in when the engine tells them: the ids of what its stages ended in, in order."""


class DockerBuilder(ABC):
    """Fills :class:`tutor.core.ports.Builder` over one way to ask the engine."""

    kind = ""
    moved_tags_drop_images = False
    """Whether an image is gone from this store as soon as the build gives its last tag to another."""

    def __init__(
        self, connection: Connection, ledger: Ledger, clock: Clock, lock: BuildLock, engine_name: str
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._clock = clock
        self._lock = lock
        self._engine_name = engine_name
        self._closing: set[asyncio.Task[None]] = set()
        self.active_runs: set[str] = set()
        """Runs that are under way or being tidied up after; their traces are not to be swept."""

    @abstractmethod
    def run_pass(
        self, request: BuildRequest, current: Pass, plan: BuildPlan, book: StepBook, attempt: Attempt
    ) -> AsyncGenerator[BuildEvent, None]:
        """Ask the engine once and fill in how it ended. Closing it stops the engine's work."""

    async def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        """Build and tell. See :class:`tutor.core.ports.Builder`."""
        started = self._clock.monotonic()
        run_id = request.run_id
        plan = await asyncio.to_thread(read_plan, request)
        yield BuildStarted(run_id, plain_command(request), self._engine_name)
        if not await self._lock.try_acquire():
            yield WorkProgressed(run_id, "waiting for another build to end", 0, None, unit="")
            await self._lock.acquire()
        attempt: Attempt | None = None
        cancelled = succeeded = lost = False
        try:
            bases = await self._bases(plan, run_id)
            if isinstance(bases, BuildFailed):
                yield bases
                return
            self.active_runs.add(run_id)
            attempt = Attempt(
                self._connection,
                self._ledger,
                self._clock,
                request,
                self.kind,
                bases,
                guards_former=self.moved_tags_drop_images,
            )
            await attempt.begin()
            cancelled = True  # until it has ended in another way
            book = StepBook(run_id, self._clock.monotonic)
            passes = passes_of(request)
            for current in passes:
                async with contextlib.aclosing(
                    self.run_pass(request, current, plan, book, attempt)
                ) as events:
                    async for event in events:
                        yield event
                if current.error:
                    failed = await self._failure(current, plan, book, run_id, started)
                    cancelled = False
                    yield failed
                    return
            images = [BuiltImage(each.reference, each.image_id, each.stage) for each in passes]
            images.sort(key=lambda image: not image.stage)
            cancelled, succeeded = False, True
            yield BuildFinished(run_id, tuple(images), self._clock.monotonic() - started)
        except EngineError as fault:
            cancelled, lost = False, isinstance(fault, EngineLost)
            raise
        finally:
            if attempt is None:
                self._lock.release()
            elif cancelled:
                # The lock and the traces are seen to even when we are cancelled once more.
                await asyncio.shield(self._in_background(self._tidy(attempt.undo(), run_id)))
            else:
                # Not waited for: what is left to do is bookkeeping, and the learner looks at the result.
                work = attempt.abandon() if lost else attempt.settle(succeeded=succeeded)
                self._in_background(self._tidy(work, run_id))

    async def close(self) -> None:
        """Wait until everything is tidied up."""
        while self._closing:
            await asyncio.wait(set(self._closing))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    async def _tidy(self, work: Coroutine[Any, Any, None], run_id: str) -> None:
        """An engine that is gone cannot be tidied; the journal says what is left for the next time."""
        try:
            with contextlib.suppress(EngineError):
                await work
        finally:
            self.active_runs.discard(run_id)
            self._ledger.roll.leave(run_id)
            self._lock.release()

    async def _bases(self, plan: BuildPlan, run_id: str) -> tuple[str, ...] | BuildFailed:
        """Ids of what the first steps stand on, looked for before the engine would ask a registry."""
        found = await asyncio.gather(*(inspect_image(self._connection, base) for base in plan.bases))
        for base, image in zip(plan.bases, found, strict=True):
            if image is None:
                meant = explanation.nearest_stage(base, plan.stages)
                if not meant:
                    raise _base_missing(base, plan)
                return BuildFailed(
                    run_id,
                    f"there is no stage named {base}, and no image of that name here",
                    0.0,
                    line=plan.line_naming(base),
                    next_step=f"Did you mean {meant}?",
                )
        return ("", *(str(image["Id"]) for image in found if image is not None))

    async def _failure(
        self, current: Pass, plan: BuildPlan, book: StepBook, run_id: str, started: float
    ) -> BuildFailed:
        """What the failed pass means.

        Raises:
            EngineError: it was not the learner's file.
        """
        error = current.error
        if says_no_space(error):
            raise no_space(error)
        try:
            await self._connection.call("asking whether it still runs", self._connection.api.ping)
        except EngineError as fault:
            raise EngineLost(
                f"the engine went away during the build: {error}", next_step=LOST_STEP
            ) from fault
        if says_lost(error):
            raise EngineLost(f"the engine went away during the build: {error}", next_step=LOST_STEP)
        if says_taken_away(error):
            raise taken_away(error)
        if explanation.means_base_missing(error):
            named = next((base for base in plan.bases if base in error), "")
            raise _base_missing(named, plan, error)
        line = current.error_line or book.failed_line or explanation.line_of(error, plan)
        return BuildFailed(
            run_id,
            error,
            self._clock.monotonic() - started,
            book.failed_id,
            line,
            explanation.next_step(error, plan, line),
        )


def passes_of(request: BuildRequest) -> list[Pass]:
    """The calls a request needs, in order.

    Kept stages first, so that nothing of them stays nameless. Without the cache the whole comes first:
    it does all the work once, and the kept stages are then taken from what it left.
    """
    whole = Pass(request.tag, "", use_cache=request.use_cache)
    kept = [
        Pass(
            stage_reference(request.tag, stage),
            stage,
            use_cache=True,
            after=None if request.use_cache else whole,
        )
        for stage in request.keep_stages
    ]
    return [*kept, whole] if request.use_cache else [whole, *kept]


def plain_command(request: BuildRequest) -> str:
    """What the learner could type in the folder to do the same."""
    words = ["docker", "build", "-t", request.tag]
    if request.dockerfile is not None and request.dockerfile != request.context / "Dockerfile":
        words += ["-f", str(request.dockerfile)]
    if not request.use_cache:
        words.append("--no-cache")
    for name, value in request.build_args.items():
        words += ["--build-arg", f"{name}={value}"]
    return shlex.join([*words, "."])


def _base_missing(base: str, plan: BuildPlan, error: str = "") -> BaseImageMissing:
    line = plan.line_naming(base) if base else None
    what = f"the base image {base} is not here" if base else "a base image is not here"
    return BaseImageMissing(
        f"{what}: {error}" if error else what,
        where=f"Dockerfile:{line}" if line else "Dockerfile",
        next_step=f"Pull it (docker pull {base}), or name one that is here." if base else "",
    )
