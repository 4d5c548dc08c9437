"""Looks for texts in an image's archive while it streams by: contents, names, history, settings."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from tutor.core.image import FileKind
from tutor.core.text import clean_line
from tutor.core.trial import Sighting
from tutor.inspect.blob import read_blobs
from tutor.inspect.compression import unpacked
from tutor.inspect.layer import clean_path
from tutor.inspect.manifest import read_manifest
from tutor.inspect.stream import ByteReader, open_reader
from tutor.inspect.tar import members

SIGHTING_LIMIT = 20
"""Places told for each marker."""

_PLACES = {"history": "history", "config": "image configuration", "container_config": "image configuration"}


def find_markers(
    archive: BinaryIO,
    markers: Sequence[str],
    *,
    image_id: str,
    architecture: str = "amd64",
    on_progress: Callable[[int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> tuple[Sighting, ...]:
    """Every place of an image that holds one of the markers. Blocking; never holds a layer in memory.

    Files that a later layer hides are searched as well.

    Raises:
        InspectError: the archive is damaged, ends too early, or is no image.
    """
    needles = {marker: marker.encode() for marker in markers}

    def read_layer(reader: ByteReader, end: int, compression: str) -> list[tuple[str, str]]:
        if compression:
            return list(_in_layer(unpacked(reader, end, compression), None, needles))
        return list(_in_layer(reader, end, needles))

    blobs = read_blobs(open_reader(archive, on_progress, cancelled), read_layer)
    manifest = read_manifest(blobs.documents, image_id, architecture, blobs.links, blobs.unreadable)
    found = [
        Sighting(marker, f"layer {index + 1}: {path}")
        for index, name in enumerate(manifest.layers)
        for marker, path in blobs.layer(name)
    ]
    for document in blobs.documents.values():
        found += _in_document(document, markers)
    kept: dict[Sighting, None] = {}
    for marker in markers:
        kept |= dict.fromkeys([each for each in found if each.marker == marker][:SIGHTING_LIMIT])
    return tuple(kept)


def _in_layer(reader: ByteReader, end: int | None, needles: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    for member in members(reader, end):
        path = clean_line(
            f"/{clean_path(member.name)}".encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        )
        for marker in needles:
            if marker in member.name or marker in member.target:
                yield marker, f"{path} (its name)"
        if member.kind is FileKind.FILE and member.size:
            finder = _Finder(needles)
            reader.copy(member.size, finder.look)
            for marker in finder.found:
                yield marker, path


class _Finder:
    """Looks for several texts in a stream of pieces, also across their seams."""

    def __init__(self, needles: dict[str, bytes]) -> None:
        self._needles = dict(needles)
        self._overlap = max((len(needle) for needle in needles.values()), default=1) - 1
        self._tail = b""
        self.found: list[str] = []

    def look(self, piece: bytes) -> None:
        """Take the next piece."""
        if not self._needles:
            return
        seam = self._tail + piece[: self._overlap]
        for marker, needle in list(self._needles.items()):
            if needle in piece or needle in seam:
                self.found.append(marker)
                del self._needles[marker]
        self._tail = (self._tail + piece)[-self._overlap :] if self._overlap else b""


def _in_document(document: bytes, markers: Sequence[str]) -> Iterator[Sighting]:
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    for key, part in value.items():
        for text in _texts(part):
            for marker in markers:
                if marker in text:
                    yield Sighting(marker, _PLACES.get(key, "image description"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
