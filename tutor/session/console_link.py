"""The demo's end of the line to a presenter's console.

A Unix socket, in a folder that only this user can enter, and not a port on 127.0.0.1: nothing on the
network reaches it, nor another user of this machine, nor a web page in a browser, which can send what it
likes to any local port. The one-time code is for what is left: whoever shares the account, as in a
computer room, and a console that means another demo.

The demo never waits for a console. What is to be told is the newest view only, so one that does not
read costs one line; one that sends what it should not is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tutor.core.console import ConsoleWish
from tutor.core.text import clean_line
from tutor.session.console_wire import PROTOCOL, WISH_LIMIT_BYTES, Answer, Hello, Told, decode, encode
from tutor.storage.failure import failure
from tutor.storage.socket_place import forget_socket, make_socket_folder, point_to

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.core.console import ConsoleView
    from tutor.session.console_code import OneTimeCode

logger = logging.getLogger(__name__)

HELLO_SECONDS = 5.0
"""Within these a caller has to say its code."""

CALLERS_AT_MOST = 4
BREATH_SECONDS = 0.02
"""After each wish: a flood of them must not keep keys from being read."""

PACE_SECONDS = 0.1
"""Between two views: a build tells of progress far more often."""

PARTING_SECONDS = 1.0
"""How long the last line may take to be read."""

_TAKEN_OVER = "Another console took this one's place."


@dataclass(slots=True, eq=False)
class _Console:
    """The one that was let in."""

    writer: asyncio.StreamWriter
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""

    def end(self, why: str) -> None:
        self.why = self.why or why
        self.over.set()


class ConsoleLink:
    """Lets one console in at a time, tells it how things stand, and hears what it wishes."""

    def __init__(
        self,
        pointer: Path,
        code: OneTimeCode,
        *,
        view: Callable[[], ConsoleView],
        take: Callable[[ConsoleWish], None],
        heard: Callable[[str], None] = lambda _: None,
        mask: Callable[[str], str] = str,
    ) -> None:
        """``pointer`` is the file that a console finds the socket by.

        ``heard`` is told, in a sentence for the demo's screen, that a console came (an empty one) or
        that somebody tried wrong codes until there were no more tries.
        """
        self._pointer = pointer
        self._code = code
        self._view = view
        self._take = take
        self._heard = heard
        self._mask = mask
        self._server: asyncio.Server | None = None
        self._place: Path | None = None
        self._callers: set[asyncio.Task[None]] = set()
        self._console: _Console | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a console is there."""
        return self._console is not None

    async def invite(self) -> str:
        """Listen, if that is not so yet, and open a fresh code. The console finds who asked last.

        Raises:
            StorageError: no socket can be made here.
        """
        if self._server is None:
            folder = await asyncio.to_thread(make_socket_folder)
            place = folder / "console"
            try:
                self._server = await asyncio.start_unix_server(self._meet, place, limit=WISH_LIMIT_BYTES)
            except OSError as error:
                await asyncio.to_thread(forget_socket, self._pointer, place)
                raise failure("listen for the presenter's console", error, place) from error
            self._place = place
        assert self._place is not None
        await asyncio.to_thread(point_to, self._pointer, self._place)
        return self._code.renew()

    def changed(self) -> None:
        """Something is to be told; it is told as soon as the console reads."""
        if self._console is not None:
            self._console.fresh.set()

    def tell_now(self) -> None:
        """Tell it before this thread is given away to something else; not at all when that would wait."""
        console = self._console
        if console is not None and console.writer.transport.get_write_buffer_size() == 0:
            console.writer.write(encode(Told(self._view()), self._mask))

    async def close(self, why: str) -> None:
        """Tell the console why, and take the socket away."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._console is not None:
            self._console.end(why)
        callers = [*self._callers]
        if callers:
            _, late = await asyncio.wait(callers, timeout=2 * PARTING_SECONDS)
            for caller in late:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
        if self._place is not None:
            await asyncio.to_thread(forget_socket, self._pointer, self._place)

    # One caller.

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._callers) >= CALLERS_AT_MOST or self._server is None:
            writer.transport.abort()
            return
        caller = asyncio.create_task(self._serve(reader, writer))
        self._callers.add(caller)
        caller.add_done_callback(self._callers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The buffer counts as full at once: what is not read is never piled up here.
        writer.transport.set_write_buffer_limits(0)
        try:
            refusal = await self._refusal(reader)
            writer.write(encode(Answer(PROTOCOL, refusal)))
            if not refusal:
                why = await self._attend(reader, writer)
                if why:
                    writer.write(encode(Told(over=why), self._mask))
            writer.close()
            async with asyncio.timeout(PARTING_SECONDS):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            logger.debug("a console went away", exc_info=True)
        finally:
            writer.transport.abort()

    async def _refusal(self, reader: asyncio.StreamReader) -> str:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = decode(await reader.readuntil(b"\n"), Hello)
        except TimeoutError:
            return "No code came."
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return "That is no console of a demo."
        if hello.protocol != PROTOCOL:
            return (
                f"This console speaks protocol {hello.protocol}, the demo {PROTOCOL}: "
                "start both from one installation."
            )
        was_open = self._code.is_open
        refusal = self._code.refusal(hello.code.strip())
        if refusal and was_open and not self._code.is_open:
            self._heard("A wrong code was typed too often. c shows a fresh one for the console.")
        return refusal

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        console = _Console(writer)
        console.fresh.set()
        former, self._console = self._console, console
        if former is not None:
            former.end(_TAKEN_OVER)
        self._heard("")
        jobs = [
            asyncio.create_task(self._hear(reader, console)),
            asyncio.create_task(self._tell(console)),
            asyncio.create_task(console.over.wait()),
        ]
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._console is console:
                self._console = None
            for job in jobs:
                job.cancel()
            ends = await asyncio.gather(*jobs, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, OSError):
                logger.error("a console was let go", exc_info=end)
                console.end("The demo could not do that.")
        return console.why

    async def _hear(self, reader: asyncio.StreamReader, console: _Console) -> None:
        while True:
            try:
                wish = decode(await reader.readuntil(b"\n"), ConsoleWish)
            except asyncio.IncompleteReadError:
                return
            except (asyncio.LimitOverrunError, ValueError):
                console.end("What this console sent was no wish.")
                return
            self._take(ConsoleWish(wish.kind, clean_line(wish.value, 200)))
            await asyncio.sleep(BREATH_SECONDS)

    async def _tell(self, console: _Console) -> None:
        while True:
            await console.fresh.wait()
            console.fresh.clear()
            console.writer.write(encode(Told(self._view()), self._mask))
            with contextlib.suppress(ConnectionError):  # _hear ends too, and tells it
                await console.writer.drain()
            await asyncio.sleep(PACE_SECONDS)
