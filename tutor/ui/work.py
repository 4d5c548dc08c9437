"""The one long thing that runs at a time: started, told, stopped, and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from tutor.core.errors import TutorError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from textual.screen import Screen
    from textual.worker import Worker

    from tutor.core.events import SessionEvent

logger = logging.getLogger(__name__)

GROUP = "work"
BREATH_SECONDS = 0.005
"""Events that come faster than they can be waited for must not keep keys from being read."""

SETTLE_SECONDS = 8.0
"""How long a stop may take before the tutor goes on without it."""


class Ending(StrEnum):
    """How a piece of work ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work. ``yields`` says that any other may take its place without asking."""

    name: str
    source: Callable[[], AsyncIterator[SessionEvent]]
    yields: bool = False
    began: float = field(default_factory=monotonic)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    worker: Worker[None] | None = None
    has_begun: bool = False
    is_called_off: bool = False
    """It is to end before it does anything."""

    def stop(self) -> None:
        """Ask it to stop, whether it has begun or not."""
        # Of a worker that is cancelled before it has begun nothing ever runs: it could not tell its end.
        if self.has_begun and self.worker is not None:
            self.worker.cancel()
        else:
            self.is_called_off = True


class Work:
    """Runs one job in one worker group. A job that takes another's place waits for its clean end."""

    def __init__(
        self,
        screen: Screen[None],
        show: Callable[[SessionEvent], Awaitable[None]],
        fail: Callable[[Job, Exception], None],
        end: Callable[[Job, Ending], Awaitable[None]],
    ) -> None:
        self._screen = screen
        self._show = show
        self._fail = fail
        self._end = end
        self._job: Job | None = None
        self._is_closed = False

    @property
    def job(self) -> Job | None:
        """What runs now."""
        return self._job

    @property
    def is_busy(self) -> bool:
        """Whether something runs that should not be displaced without asking."""
        return self._job is not None and not self._job.yields

    def start(
        self, name: str, source: Callable[[], AsyncIterator[SessionEvent]], *, yields: bool = False
    ) -> Job | None:
        """Begin; None when something else runs that does not yield, and once it was closed."""
        if self._is_closed or self.is_busy or (yields and self._job is not None):
            return None
        before = self._job
        job = self._job = Job(name, source, yields)
        job.worker = self._screen.run_worker(
            self._run(job, before), group=GROUP, name=name, description=name, exit_on_error=False
        )
        return job

    async def _run(self, job: Job, before: Job | None) -> None:
        ending = Ending.FAILED
        try:
            job.has_begun = True
            await self._stop(before)
            if job.is_called_off:
                raise asyncio.CancelledError
            await self._consume(job)
            ending = Ending.DONE
        except asyncio.CancelledError:
            ending = Ending.STOPPED
            raise
        except TutorError as error:
            self._fail(job, error)
        except Exception as error:
            logger.exception("%s ended in an error that is ours", job.name)
            self._fail(job, error)
        finally:
            if self._job is job:
                self._job = None
            job.over.set()
            if self._screen.is_attached:
                await self._end(job, ending)

    async def _consume(self, job: Job) -> None:
        last_breath = monotonic()
        source = job.source()
        async with aclosing(as_generator(source)) as events:
            async for event in events:
                if self._job is not job:
                    continue
                await self._show(event)
                if monotonic() - last_breath > BREATH_SECONDS:
                    await asyncio.sleep(0)
                    last_breath = monotonic()

    async def _stop(self, job: Job | None) -> None:
        if job is not None:
            job.stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(job.over.wait(), SETTLE_SECONDS)

    def rename(self, name: str) -> None:
        """The job went over to something else."""
        if self._job is not None:
            self._job.name = name

    def cancel(self) -> bool:
        """Ask what runs to stop; False when nothing does."""
        if self._job is None:
            return False
        self._job.stop()
        return True

    async def close(self) -> None:
        """Begin nothing more, and settle: what follows the end of a job must not outlive the screen."""
        self._is_closed = True
        await self.settle()

    async def settle(self) -> None:
        """Stop what runs and wait for its clean end, though not for ever."""
        await self._stop(self._job)


async def as_generator(source: AsyncIterator[SessionEvent]) -> AsyncGenerator[SessionEvent, None]:
    """An iterator as a generator, so that it can be closed; closing it closes the source."""
    try:
        async for event in source:
            yield event
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
