from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from tutor.session.merge import ThreadWork, merged


async def counting(*items: int) -> AsyncGenerator[int, None]:
    for item in items:
        await asyncio.sleep(0)
        yield item


async def test_all_sources_are_told() -> None:
    seen = [item async for item in merged(counting(1, 2, 3), counting(10, 20))]
    assert sorted(seen) == [1, 2, 3, 10, 20]
    assert [item for item in seen if item < 10] == [1, 2, 3]


async def test_the_first_error_ends_the_other_sources() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[int, None]:
        try:
            while True:
                await asyncio.sleep(0)
                yield 1
        finally:
            closed.set()

    async def broken() -> AsyncGenerator[int, None]:
        yield 0
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        async for _ in merged(endless(), broken()):
            pass
    assert closed.is_set()


async def test_closing_early_lets_every_source_tidy_up() -> None:
    tidied: list[str] = []

    async def source(name: str) -> AsyncGenerator[str, None]:
        try:
            yield name
            await asyncio.Event().wait()
        finally:
            tidied.append(name)

    async with aclosing(merged(source("a"), source("b"))) as events:
        first = await anext(events)
    assert first == "a"
    assert sorted(tidied) == ["a", "b"]


async def test_thread_work_gives_its_result_and_its_progress() -> None:
    told = threading.Event()

    def work(progress: Callable[[int], None], cancelled: threading.Event) -> str:
        progress(7)
        assert told.wait(5)
        return "done"

    thread_work = ThreadWork(work)
    seen = []
    async for done in thread_work.progress():
        seen.append(done)
        told.set()
    assert seen == [7]
    assert thread_work.result == "done"


async def test_thread_work_raises_what_the_function_raised() -> None:
    def work(progress: Callable[[int], None], cancelled: threading.Event) -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        async for _ in ThreadWork(work).progress():
            pass


async def test_cancelled_thread_work_tells_its_thread() -> None:
    ended = threading.Event()

    def work(progress: Callable[[int], None], cancelled: threading.Event) -> None:
        progress(1)
        assert cancelled.wait(5)
        ended.set()

    async with aclosing(ThreadWork(work).progress()) as events:
        assert await anext(events) == 1
    assert ended.wait(5)
