"""About what a registry ships: each layer compressed."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from typing import BinaryIO

from tutor.inspect.blob import Blobs, LayerReading, read_blobs
from tutor.inspect.manifest import read_manifest
from tutor.inspect.stream import ByteReader, open_reader

_LEVEL = 6


def packed_size(
    archive: BinaryIO,
    *,
    image_id: str = "",
    architecture: str = "amd64",
    on_progress: Callable[[int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> int:
    """Bytes of an image's layers, each compressed with gzip's usual level.

    Layers that the archive holds compressed already count as they are. Registries compress with
    other programs and settings: expect ±3 %. Blocking, and slow: some 25 MB of image a second.

    Raises:
        InspectError: the archive is damaged, ends too early, or ``cancelled`` was set.
    """
    return packed_size_from(
        lambda read_layer: read_blobs(open_reader(archive, on_progress, cancelled), read_layer),
        image_id=image_id,
        architecture=architecture,
    )


def packed_size_from(
    source: Callable[[LayerReading[int]], Blobs[int]], *, image_id: str = "", architecture: str = "amd64"
) -> int:
    """The same for whatever ``source`` reads.

    Raises:
        InspectError: as for :func:`packed_size`.
    """
    blobs = source(_packed_layer)
    manifest = read_manifest(blobs.documents, image_id, architecture, blobs.links, blobs.unreadable)
    return sum(blobs.layer(name) for name in manifest.layers)


def _packed_layer(reader: ByteReader, end: int, compression: str) -> int:
    size = end - reader.position
    return size if compression else compressed_length(reader, size)


def compressed_length(reader: ByteReader, size: int) -> int:
    """How long the next ``size`` bytes are once compressed.

    Raises:
        InspectError: the stream ends before.
    """
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    total = 0

    def take(piece: bytes) -> None:
        nonlocal total
        total += len(compressor.compress(piece))

    reader.copy(size, take)
    return total + len(compressor.flush())
