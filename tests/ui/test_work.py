from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.app import App
from textual.screen import Screen

from tutor.core.events import Said, SessionEvent
from tutor.ui.work import Ending, Job, Work


class Bench(Screen[None]):
    """Nothing but work, and what is told of it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[str] = []
        self.endings: list[tuple[str, Ending]] = []
        self.work = Work(self, self._show, lambda job, error: None, self._end)
        self.free = asyncio.Event()
        self.works = asyncio.Event()
        self.ended: dict[str, asyncio.Event] = {}

    async def _show(self, event: SessionEvent) -> None:
        pass

    async def _end(self, job: Job, ending: Ending) -> None:
        self.endings.append((job.name, ending))
        self.ended[job.name].set()

    def source(self, name: str) -> Callable[[], AsyncIterator[SessionEvent]]:
        async def events() -> AsyncGenerator[SessionEvent, None]:
            self.begun.append(name)
            self.works.set()
            yield Said("run", name)
            await self.free.wait()

        return events

    def start(self, name: str, *, yields: bool = False) -> Job:
        self.ended[name] = asyncio.Event()
        job = self.work.start(name, self.source(name), yields=yields)
        assert job is not None
        return job


@asynccontextmanager
async def opened() -> AsyncGenerator[Bench, None]:
    bench, app = Bench(), App[None]()
    async with app.run_test():
        await app.push_screen(bench)
        yield bench
        await bench.work.settle()


async def over(job: Job, bench: Bench) -> None:
    async with asyncio.timeout(10):
        await bench.ended[job.name].wait()


async def test_a_job_that_is_cancelled_before_it_began_still_ends_and_its_source_is_never_started() -> None:
    async with opened() as bench:
        job = bench.start("first")
        assert bench.work.cancel()
        await over(job, bench)
        assert bench.work.job is None
        assert bench.begun == []
        assert bench.endings == [("first", Ending.STOPPED)]


async def test_a_job_that_is_cancelled_twice_before_it_began_ends_once() -> None:
    async with opened() as bench:
        job = bench.start("first")
        assert bench.work.cancel()
        assert bench.work.cancel()
        await over(job, bench)
        assert bench.endings == [("first", Ending.STOPPED)]
        assert not bench.work.cancel()


async def test_settling_a_job_that_has_not_begun_waits_for_its_end() -> None:
    async with opened() as bench:
        job = bench.start("first")
        await bench.work.settle()
        assert job.over.is_set()
        assert bench.work.job is None
        assert bench.begun == []


async def test_a_job_that_takes_anothers_place_begins_after_its_end() -> None:
    async with opened() as bench:
        quiet = bench.start("quiet", yields=True)
        loud = bench.start("loud")
        await over(quiet, bench)
        bench.free.set()
        await over(loud, bench)
        assert bench.endings == [("quiet", Ending.STOPPED), ("loud", Ending.DONE)]
        assert bench.begun == ["quiet", "loud"]


async def test_a_job_that_took_anothers_place_and_is_cancelled_at_once_ends_as_the_other_does() -> None:
    async with opened() as bench:
        quiet = bench.start("quiet", yields=True)
        await bench.works.wait()
        loud = bench.start("loud")
        assert bench.work.cancel()
        await over(loud, bench)
        assert quiet.over.is_set()
        assert bench.work.job is None
        assert bench.begun == ["quiet"]
        assert dict(bench.endings) == {"quiet": Ending.STOPPED, "loud": Ending.STOPPED}
