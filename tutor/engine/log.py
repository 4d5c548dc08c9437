"""Bytes of a running process in, clean lines out, in batches that a screen can keep up with."""

from __future__ import annotations

import asyncio
import codecs
import time
from collections.abc import AsyncGenerator, Callable

from tutor.core.text import LINE_LIMIT_CHARACTERS, clean_line

BATCH_LINES = 200
"""A batch never holds more lines."""
BATCH_SECONDS = 0.05
"""A complete line never waits longer for company."""
_HELD_CHARACTERS = 4 * LINE_LIMIT_CHARACTERS
_READ_BYTES = 64 * 1024


class LineBatch:
    """Splits bytes into clean lines. Memory is bounded, whatever comes in.

    UTF-8 is decoded incrementally; what is not UTF-8 becomes U+FFFD. Of an endless line the first
    characters are kept and the others counted. Not thread-safe.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial = ""
        self._dropped = 0
        self._lines: list[str] = []
        self._since: float | None = None

    def feed(self, data: bytes) -> list[tuple[str, ...]]:
        """Take bytes; return the batches that are full or overdue, oldest first."""
        self._take(self._decoder.decode(data))
        batches = []
        while len(self._lines) >= BATCH_LINES:
            batches.append(self._cut(BATCH_LINES))
        if self.due_in == 0.0:
            batches.append(self.flush())
        return batches

    @property
    def due_in(self) -> float | None:
        """Seconds until :meth:`flush` should be called; None while no complete line waits."""
        if self._since is None:
            return None
        return max(0.0, self._since + BATCH_SECONDS - self._monotonic())

    def flush(self) -> tuple[str, ...]:
        """The complete lines that wait; fewer than :data:`BATCH_LINES`, perhaps none."""
        return self._cut(len(self._lines))

    def close(self) -> tuple[str, ...]:
        """All that is left, an unfinished last line included."""
        self._take(self._decoder.decode(b"", final=True))
        if self._partial or self._dropped:
            self._finish("")
        return self.flush()

    def _take(self, text: str) -> None:
        *complete, rest = text.split("\n")
        for line in complete:
            self._finish(line)
        self._partial += rest
        if len(self._partial) > _HELD_CHARACTERS:
            # What a carriage return would overwrite is never shown: progress bars stay small.
            head, separator, tail = self._partial.rstrip("\r").rpartition("\r")
            if separator and len(head) > 0:
                self._partial, self._dropped = tail, 0
            self._dropped += max(0, len(self._partial) - _HELD_CHARACTERS)
            self._partial = self._partial[:_HELD_CHARACTERS]

    def _finish(self, rest: str) -> None:
        text, self._partial = self._partial + rest, ""
        dropped, self._dropped = self._dropped, 0
        if dropped:
            kept = clean_line(text[:_HELD_CHARACTERS])[:LINE_LIMIT_CHARACTERS]
            line = f"{kept} … [{len(text) + dropped - len(kept)} characters more]"
        else:
            line = clean_line(text)
        self._lines.append(line)
        if self._since is None:
            self._since = self._monotonic()

    def _cut(self, count: int) -> tuple[str, ...]:
        batch = tuple(self._lines[:count])
        del self._lines[:count]
        self._since = self._monotonic() if self._lines else None
        return batch


async def read_batches(
    reader: asyncio.StreamReader, monotonic: Callable[[], float] = time.monotonic
) -> AsyncGenerator[tuple[str, ...], None]:
    """Read to the end of a stream and yield its lines in batches, none of them empty."""
    batch = LineBatch(monotonic)
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(reader.read(_READ_BYTES))
            done, _ = await asyncio.wait({pending}, timeout=batch.due_in)
            if not done:
                if lines := batch.flush():
                    yield lines
                continue
            data, pending = pending.result(), None
            if not data:
                break
            for lines in batch.feed(data):
                yield lines
        if lines := batch.close():
            yield lines
    finally:
        if pending is not None:
            pending.cancel()
