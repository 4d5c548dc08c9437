"""Compressed data unpacked as it passes by, in bounded pieces."""

from __future__ import annotations

from tutor.core.errors import InspectError
from tutor.inspect.stream import CHUNK_BYTES, ByteReader, gunzip, truncated

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = ((b"PK\x03\x04", "zip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"\x04\x22\x4d\x18", "lz4"))

UNPACKED_LIMIT_BYTES = 64 * 1024**3
"""What one layer may unpack to: a few kilobytes can be made to unpack to any length."""

_ZSTD_WINDOW_LIMIT_BYTES = 32 * 1024 * 1024


def compression_of(head: bytes) -> str:
    """``gzip``, ``zstd``, another name, or empty: by the first bytes."""
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZSTD):
        return "zstd"
    return next((name for magic, name in _OTHERS if head.startswith(magic)), "")


def unpacked(outer: ByteReader, end: int, compression: str) -> ByteReader:
    """What the gzip or zstd data between here and ``end`` unpacks to.

    Reading raises InspectError for damaged data, and for more than any layer holds.
    """
    inner = gunzip(outer, end) if compression == "gzip" else _unzstd(outer, end)
    total = 0

    def pull() -> bytes:
        nonlocal total
        piece = inner.some(CHUNK_BYTES)
        total += len(piece)
        if total > UNPACKED_LIMIT_BYTES:
            raise InspectError("A layer of the image unpacks to more than 64 GB; it is not read any further.")
        return piece

    return ByteReader(pull)


class _Part:
    """The compressed bytes, as zstandard reads them."""

    def __init__(self, outer: ByteReader, end: int) -> None:
        self._outer = outer
        self._end = end

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._outer.position
        piece = self._outer.some(min(size if size >= 0 else left, left, CHUNK_BYTES))
        if left and not piece:
            raise truncated()
        return piece


def _unzstd(outer: ByteReader, end: int) -> ByteReader:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_LIMIT_BYTES)
    source = decompressor.stream_reader(
        _Part(outer, end),  # type: ignore[arg-type]  # only read(size) is called
        read_size=CHUNK_BYTES,
        read_across_frames=True,
    )

    def pull() -> bytes:
        try:
            return source.read(CHUNK_BYTES)
        except zstandard.ZstdError as error:
            raise InspectError(f"Its zstd data is damaged: {str(error).rpartition(': ')[2]}.") from error

    return ByteReader(pull)
