"""Compressed data unpacked as it passes by, in bounded pieces."""

from __future__ import annotations

from tutor.core.errors import InspectError
from tutor.inspect import zstd
from tutor.inspect.stream import CHUNK_BYTES, ByteReader, gunzip

GZIP = b"\x1f\x8b\x08"
_OTHERS = ((b"PK\x03\x04", "zip"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"\x04\x22\x4d\x18", "lz4"))

UNPACKED_LIMIT_BYTES = 64 * 1024**3
"""What one layer may unpack to: a few kilobytes can be made to unpack to any length."""


def compression_of(head: bytes) -> str:
    """``gzip``, ``zstd``, another name, or empty: by the first bytes."""
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(zstd.MAGIC):
        return "zstd"
    return next((name for magic, name in _OTHERS if head.startswith(magic)), "")


def unpacked(outer: ByteReader, end: int, compression: str) -> ByteReader:
    """What the gzip or zstd data between here and ``end`` unpacks to.

    Reading raises InspectError for damaged data, and for more than any layer holds.
    """
    inner = gunzip(outer, end) if compression == "gzip" else zstd.unzstd(outer, end)
    total = 0

    def pull() -> bytes:
        nonlocal total
        piece = inner.some(CHUNK_BYTES)
        total += len(piece)
        if total > UNPACKED_LIMIT_BYTES:
            raise InspectError("A layer of the image unpacks to more than 64 GB; it is not read any further.")
        return piece

    return ByteReader(pull)
