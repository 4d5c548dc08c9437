"""The console's end of the line to a demo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from tutor.core.console import ConsoleView, ConsoleWish
from tutor.core.errors import ConsoleError
from tutor.session.console_wire import PROTOCOL, VIEW_LIMIT_BYTES, Answer, Hello, Told, decode, encode
from tutor.storage.socket_place import pointed

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 5.0
"""How long the demo may take to answer: a shell on its screen keeps it from that."""

_UNREAD_AT_MOST_BYTES = 64 * 1024
_PRESS = "On the demo's screen press c: it shows a code."


class ConsoleCall:
    """One connection. Not made again by itself: a code is good for one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.over = ""
        """Why there are no more views."""

    @classmethod
    async def reach(cls, pointer: Path, code: str) -> ConsoleCall:
        """Find the demo that showed a code last, and be let in.

        Raises:
            ConsoleError: there is none, or it does not take this code.
        """
        place = await asyncio.to_thread(pointed, pointer)
        if place is None:
            raise ConsoleError("No demo waits for a console here.", next_step=_PRESS)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await asyncio.open_unix_connection(place, limit=VIEW_LIMIT_BYTES)
        except (OSError, TimeoutError) as error:
            raise ConsoleError("The demo that showed a code last is gone.", next_step=_PRESS) from error
        call = cls(reader, writer)
        try:
            writer.write(encode(Hello(PROTOCOL, code)))
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = decode(await reader.readuntil(b"\n"), Answer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            await call.close()
            raise ConsoleError(
                "The demo does not answer.", next_step="If a shell is open on its screen, leave that first."
            ) from error
        except (asyncio.LimitOverrunError, ValueError) as error:
            await call.close()
            raise ConsoleError(
                "What answers is not this version's demo.", next_step="Start both from one installation."
            ) from error
        if answer.refusal:
            await call.close()
            raise ConsoleError(answer.refusal)
        return call

    async def views(self) -> AsyncGenerator[ConsoleView, None]:
        """How the demo stands, each time that changes. Ends with the demo, or with the line to it."""
        try:
            while True:
                told = decode(await self._reader.readuntil(b"\n"), Told)
                if told.over:
                    self.over = told.over
                    return
                view = told.view
                if view is None or not 0 <= view.index < len(view.steps):
                    raise ValueError("no view")
                yield view
        except (OSError, asyncio.IncompleteReadError):
            self.over = "The demo went away without a word."
        except (asyncio.LimitOverrunError, ValueError):
            self.over = "What the demo sent cannot be read: start both from one installation."

    def wish(self, wish: ConsoleWish) -> bool:
        """Send a wish; False when the demo does not hear."""
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _UNREAD_AT_MOST_BYTES:
            return False
        self._writer.write(encode(wish))
        return True

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()
