"""Zstandard data unpacked block by block: in bounded memory, and told when its end is missing.

The library unpacks; where blocks begin and end is read here, since its own stream takes data that was
cut in its first block for data that is empty. See https://www.rfc-editor.org/rfc/rfc8878#section-3.1
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tutor.core.errors import InspectError
from tutor.inspect.stream import ByteReader, truncated

MAGIC = b"\x28\xb5\x2f\xfd"
_WINDOW_LIMIT_BYTES = 32 * 1024 * 1024
_BLOCK_LIMIT_BYTES = 128 * 1024
_CHECKSUM_BYTES = 4
_RUN_LENGTH = 1
# By the two bits that tell them: bytes of the dictionary's number, and of the content's length.
_DICTIONARY_BYTES = (0, 1, 2, 4)
_LENGTH_BYTES = (0, 2, 4, 8)


class _Part:
    """The compressed bytes up to their end."""

    def __init__(self, outer: ByteReader, end: int) -> None:
        self._outer = outer
        self._end = end

    @property
    def left_bytes(self) -> int:
        return self._end - self._outer.position

    def take(self, count: int) -> bytes:
        if count > self.left_bytes:
            raise truncated()
        return self._outer.take(count)


def unzstd(outer: ByteReader, end: int) -> ByteReader:
    """What the zstd data between here and ``end`` unpacks to, in pieces of at most one block.

    Reading raises InspectError for damaged data, and where it ends too early.
    """
    pieces = _pieces(_Part(outer, end))
    return ByteReader(lambda: next(pieces, b""))


def _pieces(part: _Part) -> Iterator[bytes]:
    """The unpacked bytes of every frame; parallel compressors write several."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT_BYTES)
    while part.left_bytes:
        magic = part.take(len(MAGIC))
        if magic != MAGIC:
            _skip(part, magic)
            continue
        frame = decompressor.decompressobj()
        try:
            for compressed in _frame(part):
                piece = frame.decompress(compressed)
                if piece:
                    yield piece
        except zstandard.ZstdError as error:
            raise _damaged(str(error).rpartition(": ")[2]) from error
        if not frame.eof:
            raise _damaged("a frame does not end where it says")


def _frame(part: _Part) -> Iterator[bytes]:
    """The header of a frame, then each of its blocks."""
    descriptor = part.take(1)
    flags = descriptor[0]
    is_single, has_checksum = bool(flags & 0x20), bool(flags & 0x04)
    length_bytes = _LENGTH_BYTES[flags >> 6] or (1 if is_single else 0)
    yield MAGIC + descriptor + part.take((not is_single) + _DICTIONARY_BYTES[flags & 3] + length_bytes)
    is_last = False
    while not is_last:
        header = part.take(3)
        number = int.from_bytes(header, "little")
        is_last, kind, size = bool(number & 1), number >> 1 & 3, number >> 3
        if size > _BLOCK_LIMIT_BYTES:
            raise _damaged("a block is too large")
        yield header + part.take(1 if kind == _RUN_LENGTH else size)
    if has_checksum:
        yield part.take(_CHECKSUM_BYTES)


def _skip(part: _Part, magic: bytes) -> None:
    """Leave out a frame that holds what only its writer knows."""
    (number,) = struct.unpack("<I", magic)
    if number & 0xFFFFFFF0 != 0x184D2A50:
        raise _damaged("a frame has no magic number")
    (left,) = struct.unpack("<I", part.take(4))
    while left:
        left -= len(part.take(min(left, _BLOCK_LIMIT_BYTES)))


def _damaged(why: str) -> InspectError:
    return InspectError(f"Its zstd data is damaged: {why}.")
