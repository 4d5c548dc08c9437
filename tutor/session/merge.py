"""Work done side by side, told as one stream of events; and blocking work told while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

PROGRESS_INTERVAL_SECONDS = 0.1


async def merged(*sources: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield from all sources as their events come.

    The first error ends the others and is raised. Closing the iterator cancels every source and
    waits until each has let go of what it held.
    """
    queue: asyncio.Queue[T | None] = asyncio.Queue()

    async def drain(source: AsyncGenerator[T, None]) -> None:
        try:
            async with contextlib.aclosing(source):
                async for item in source:
                    queue.put_nowait(item)
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.ensure_future(drain(source)) for source in sources]
    open_sources = len(tasks)
    try:
        while open_sources:
            item = await queue.get()
            if item is not None:
                yield item
                continue
            open_sources -= 1
            for task in tasks:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ThreadWork(Generic[R]):
    """Blocking work in a thread that reports how far it is and can be told to stop.

    ``function(progress, cancelled)`` calls ``progress(done)`` as often as it likes and returns soon
    after ``cancelled`` is set.
    """

    def __init__(self, function: Callable[[Callable[[int], None], threading.Event], R]) -> None:
        self._function = function
        self._cancelled = threading.Event()
        self._done = 0
        self._result: list[R] = []

    @property
    def result(self) -> R:
        """What the function returned. Only after :meth:`progress` came to its end."""
        return self._result[0]

    def _report(self, done: int) -> None:
        self._done = done

    async def progress(self) -> AsyncGenerator[int, None]:
        """Run the work; yield how far it is, at most ten times a second."""
        task = asyncio.ensure_future(asyncio.to_thread(self._function, self._report, self._cancelled))
        told = 0
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=PROGRESS_INTERVAL_SECONDS)
                if self._done != told:
                    told = self._done
                    yield told
            self._result.append(task.result())
        finally:
            self._cancelled.set()
            if not task.done():
                # A thread cannot be killed: it ends by itself once it sees the flag.
                with contextlib.suppress(Exception):
                    await asyncio.wait({task}, timeout=1.0)
                task.cancel()
