"""Bytes that can be read once, forwards: in exact amounts, with progress, and stopped at will."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from typing import BinaryIO

from tutor.core.errors import InspectError

CHUNK_BYTES = 256 * 1024
"""What is asked for at once: large enough for pipes, small enough for the processor's cache."""


class ReadStopped(InspectError):
    """The reader was asked to stop."""

    def __init__(self) -> None:
        super().__init__("Reading the image was stopped.")


def truncated() -> InspectError:
    """The stream ended too early."""
    return InspectError(
        "The image's archive ends in the middle of a file.",
        next_step="The engine may have stopped, or the disk be full. Try again.",
    )


class ByteReader:
    """Exact reads over a function that yields chunks, ``b""`` at the end."""

    __slots__ = ("_at", "_buffer", "_pull", "_started")

    def __init__(self, pull: Callable[[], bytes]) -> None:
        self._pull = pull
        self._buffer = b""
        self._at = 0
        self._started = 0

    @property
    def position(self) -> int:
        """Bytes taken so far."""
        return self._started + self._at

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes.

        Raises:
            InspectError: the stream ends before.
        """
        start = self._at
        end = start + count
        if end <= len(self._buffer):
            self._at = end
            return self._buffer[start:end]
        self._fill(count)
        self._at = count
        return self._buffer[:count]

    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes without taking them; fewer at the end."""
        if self._at + count > len(self._buffer):
            self._fill(count, must=False)
        return self._buffer[self._at : self._at + count]

    def skip(self, count: int) -> None:
        """Leave ``count`` bytes out."""
        end = self._at + count
        while end > len(self._buffer):
            end -= len(self._buffer)
            self._started += len(self._buffer)
            self._at = 0
            self._buffer = self._pull()
            if not self._buffer:
                raise truncated()
        self._at = end

    def some(self, limit: int) -> bytes:
        """At least one and at most ``limit`` bytes; empty at the end or for a limit of 0."""
        if self._at >= len(self._buffer):
            self._started += len(self._buffer)
            self._at = 0
            self._buffer = self._pull()
        taken = self._buffer[self._at : self._at + limit]
        self._at += len(taken)
        return taken

    def copy(self, count: int, sink: Callable[[bytes], object]) -> None:
        """Hand the next ``count`` bytes to ``sink`` in pieces."""
        while count:
            piece = self.some(count)
            if not piece:
                raise truncated()
            sink(piece)
            count -= len(piece)

    def _fill(self, count: int, *, must: bool = True) -> None:
        pieces = [self._buffer[self._at :]]
        have = len(pieces[0])
        while have < count:
            piece = self._pull()
            if not piece:
                if must:
                    raise truncated()
                break
            pieces.append(piece)
            have += len(piece)
        self._started += self._at
        self._at = 0
        self._buffer = b"".join(pieces)


def open_reader(
    source: BinaryIO,
    on_progress: Callable[[int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> ByteReader:
    """Read ``source``; ``on_progress`` is told the bytes read so far, ``cancelled`` stops it.

    Reading raises ReadStopped once ``cancelled`` is set, and InspectError for a fault of the system.
    """
    total = 0

    def pull() -> bytes:
        nonlocal total
        if cancelled is not None and cancelled.is_set():
            raise ReadStopped
        try:
            chunk = source.read(CHUNK_BYTES)
        except (OSError, EOFError) as error:
            raise InspectError(f"The image's archive cannot be read: {error}") from error
        total += len(chunk)
        if chunk and on_progress is not None:
            on_progress(total)
        return chunk

    return ByteReader(pull)


def gunzip(outer: ByteReader, end: int) -> ByteReader:
    """What the gzip data between here and ``end`` unpacks to, in bounded pieces."""
    inflater = zlib.decompressobj(wbits=31)
    pending = b""

    def pull() -> bytes:
        nonlocal inflater, pending
        while True:
            if inflater.eof:
                # A gzip file may hold several members; parallel compressors write it so.
                pending = inflater.unused_data.lstrip(b"\0")
                if not pending and outer.position >= end:
                    return b""
                inflater = zlib.decompressobj(wbits=31)
            if not pending:
                pending = outer.some(min(CHUNK_BYTES, end - outer.position))
                if not pending:
                    raise truncated()
            try:
                piece = inflater.decompress(pending, CHUNK_BYTES)
            except zlib.error as error:
                raise InspectError(f"Its gzip data is damaged: {str(error).rpartition(': ')[2]}.") from error
            pending = inflater.unconsumed_tail
            if piece:
                return piece

    return ByteReader(pull)
