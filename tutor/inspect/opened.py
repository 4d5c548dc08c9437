"""The layers of one image, read and laid over each other: what all further questions start from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from tutor.core.image import ImageConfig
from tutor.inspect.blob import Blobs, LayerReading
from tutor.inspect.compression import unpacked
from tutor.inspect.layer import Layer, LayerFile, LayerScanner
from tutor.inspect.manifest import Manifest, read_manifest
from tutor.inspect.overlay import lay_over
from tutor.inspect.spool import Spool
from tutor.inspect.start import find_start
from tutor.inspect.stream import ByteReader, ReadStopped

BlobSource = Callable[[LayerReading[Layer]], Blobs[Layer]]
"""Reads an archive or a folder once, giving its layers to the function it is handed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One image."""

    manifest: Manifest
    layers: list[Layer]
    """Oldest first."""
    view: dict[str, LayerFile]
    """What a container would see."""
    start: str | None
    """The file that the start command names."""


def open_layers(
    source: BlobSource,
    config: ImageConfig,
    spool: Spool,
    *,
    image_id: str,
    checksums: bool = False,
    cancelled: threading.Event | None = None,
) -> Opened:
    """Read an image's layers; programs worth reading at will are kept in ``spool``.

    Raises:
        InspectError: the archive is damaged, is no image, or ``cancelled`` was set.
    """

    def check_stopped() -> None:
        if cancelled is not None and cancelled.is_set():
            raise ReadStopped

    scanner = LayerScanner(spool, check_stopped, checksums=checksums)

    def read_layer(reader: ByteReader, end: int, compression: str) -> Layer:
        if not compression:
            return scanner.scan(reader, end)
        packed_bytes = end - reader.position
        layer = scanner.scan(unpacked(reader, end, compression), None)
        layer.packed_bytes = packed_bytes
        return layer

    blobs = source(read_layer)
    manifest = read_manifest(blobs.documents, image_id, config.architecture, blobs.links, blobs.unreadable)
    layers = _each_once([blobs.layer(name) for name in manifest.layers])
    view = lay_over(layers)
    check_stopped()
    return Opened(manifest, layers, view, find_start(view, config))


def _each_once(layers: list[Layer]) -> list[Layer]:
    """A layer that an image holds twice counts twice, and each has files of its own."""
    seen: set[int] = set()
    result = []
    for layer in layers:
        if id(layer) in seen:
            files = {path: replace(entry) for path, entry in layer.files.items()}
            result.append(replace(layer, files=files))
        else:
            seen.add(id(layer))
            result.append(layer)
    return result
