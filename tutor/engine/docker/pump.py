"""Between a stream of bytes and the events it tells."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Protocol

from tutor.core.errors import EngineError
from tutor.core.events import BuildEvent
from tutor.engine.docker.step_book import StepBook


class Transcript(Protocol):
    """Bytes of a builder in, events out."""

    def feed(self, data: bytes) -> list[BuildEvent]:
        """Take bytes."""
        ...

    def close(self) -> list[BuildEvent]:
        """The stream has ended."""
        ...


async def pump(
    read: Callable[[], Coroutine[Any, Any, bytes]], transcript: Transcript, book: StepBook
) -> AsyncGenerator[BuildEvent, None]:
    """Read to the end and tell; lines never wait long for more."""
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            pending = pending or asyncio.create_task(read())
            await asyncio.wait({pending}, timeout=book.due_in)
            if pending.done():
                data, pending = pending.result(), None
                if not data:
                    break
                for event in transcript.feed(data):
                    yield event
            for event in book.flush():
                yield event
        for event in transcript.close():
            yield event
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, EngineError):
                await pending
