"""Answers that stream, brought from the SDK's blocking sockets to where they are read.

Closing a generator or a response of the SDK does not wake a thread that waits for bytes; shutting
down the socket underneath does (``docker.types.CancellableStream``).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import docker.errors
import requests
from docker.types import CancellableStream

from tutor.core.errors import EngineLost
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import LINK_FAULTS, LOST_STEP, translate

if TYPE_CHECKING:
    from types import TracebackType

_HELD_BYTES = 4 * 1024 * 1024
_READ_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
"""Given out at once: more would hold up the event loop while it is read."""


def interrupt(response: requests.Response) -> None:
    """Wake whoever reads this answer, and end it."""
    with contextlib.suppress(AttributeError, OSError, docker.errors.DockerException):
        CancellableStream(iter(()), response).close()
    with contextlib.suppress(*LINK_FAULTS):
        response.close()


def _hang_up(response: requests.Response) -> None:
    """Say that we go, and go on listening: the engine cancels its work, and still tells what it did."""
    file = getattr(getattr(response.raw, "_fp", None), "fp", None)
    raw = getattr(file, "raw", None)
    connection = getattr(raw, "_sock", None) or getattr(raw, "sock", None)
    if connection is None:
        raise OSError("no socket to hang up")
    connection.shutdown(socket.SHUT_WR)


class ByteStream:
    """An answer read in a thread and awaited in the event loop. Use it as a context manager.

    At most a few megabytes wait: a reader that is slow slows the engine down, not this machine.
    """

    def __init__(self, connection: Connection, doing: str, start: Callable[[], requests.Response]) -> None:
        self._connection = connection
        self._doing = doing
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._room = threading.Condition()
        self._held = bytearray()
        self._ended = False
        self._closed = False
        self._fault: BaseException | None = None
        self._response: requests.Response | None = None

    async def __aenter__(self) -> ByteStream:
        self._thread = self._loop.run_in_executor(self._connection.executor, self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """True once the reader lost interest; an upload asks this between its pieces."""
        return self._closed

    def cancel(self) -> None:
        """Ask the engine to stop its work; what it still says can be read to the end."""
        with self._room:
            response = self._response
            if response is None:
                self._closed = True
        if response is not None:
            try:
                _hang_up(response)
            except OSError:
                self.close()

    def close(self) -> None:
        """Stop: the thread ends, the connection is shut down. Returns at once."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            response = self._response
        if response is not None:
            interrupt(response)

    async def read(self) -> bytes:
        """What has arrived since the last call, waiting for something; empty at the end.

        Raises:
            EngineError: the answer broke off.
            docker.errors.APIError: the engine refused.
        """
        while True:
            with self._room:
                if self._held:
                    data = bytes(self._held[:_PIECE_BYTES])
                    del self._held[:_PIECE_BYTES]
                    self._room.notify_all()
                    return data
                if self._ended:
                    break
                self._wake.clear()
            await self._wake.wait()
        if self._fault is None:
            return b""
        if isinstance(self._fault, docker.errors.APIError):
            raise self._fault
        raise translate(self._fault, self._doing) from self._fault

    async def read_all(self) -> bytes:
        """The whole of a short answer."""
        pieces = []
        while piece := await self.read():
            pieces.append(piece)
        return b"".join(pieces)

    def _run(self) -> None:
        try:
            response = self._start()
            with self._room:
                self._response = response
                closed = self._closed
            if closed:
                interrupt(response)
                return
            for chunk in response.raw.stream(_READ_BYTES, decode_content=False):
                with self._room:
                    while len(self._held) > _HELD_BYTES and not self._closed:
                        self._room.wait()
                    if self._closed:
                        return
                    self._held += chunk
                self._notify()
        except (docker.errors.DockerException, *LINK_FAULTS) as fault:
            if not self._closed:
                self._fault = fault
        finally:
            with self._room:
                self._ended = True
            self._notify()
            if self._response is not None:
                with contextlib.suppress(*LINK_FAULTS):
                    self._response.close()

    def _notify(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._wake.set)


class ArchiveStream(io.RawIOBase):
    """A streamed answer as a file to read. Closing it, from any thread, wakes the reader."""

    def __init__(self, response: requests.Response, doing: str) -> None:
        super().__init__()
        self._response = response
        self._doing = doing

    @classmethod
    def buffered(cls, response: requests.Response, doing: str) -> io.BufferedReader:
        """With a buffer in front, as tarfile reads in small pieces."""
        return io.BufferedReader(cls(response, doing), _PIECE_BYTES)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes.

        Raises:
            EngineLost: the archive broke off.
        """
        view = memoryview(buffer).cast("B")
        try:
            data = self._response.raw.read(len(view), decode_content=False)
        except LINK_FAULTS as fault:
            raise EngineLost(f"the engine broke off while {self._doing}", next_step=LOST_STEP) from fault
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """End the answer."""
        if not self.closed:
            interrupt(self._response)
            super().close()
