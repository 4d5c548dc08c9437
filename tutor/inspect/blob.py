"""The outer archive or folder: which of its files are layers, which are JSON, which are links."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from tutor.core.errors import InspectError
from tutor.core.image import FileKind
from tutor.core.text import clean_line
from tutor.inspect.compression import compression_of
from tutor.inspect.layer import clean_path
from tutor.inspect.stream import ByteReader
from tutor.inspect.tar import BLOCK, looks_like_header, members

T = TypeVar("T")

LayerReading = Callable[[ByteReader, int, str], T]
"""Gets the reader at a layer's start, the position where it ends, and its compression."""

_JSON_LIMIT_BYTES = 16 * 1024 * 1024
_MEMBER_LIMIT = 20_000
_READ_COMPRESSIONS = ("", "gzip", "zstd")
_NO_LAYER_FILES = frozenset({"version", "repositories", "oci-layout"})


@dataclass(slots=True)
class Blobs(Generic[T]):
    """What an archive holds, by cleaned name."""

    documents: dict[str, bytes] = field(default_factory=dict)
    layers: dict[str, T] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    """Files that are no layers as read here, and why."""
    _json_bytes: int = 0

    def layer(self, name: str) -> T:
        """The layer under a name that a manifest gives, links followed.

        Raises:
            InspectError: it is not there, or cannot be read.
        """
        path = clean_path(name)
        for _ in range(10):
            if path in self.layers:
                return self.layers[path]
            if path in self.unreadable:
                raise InspectError(
                    f"A layer of the image {self.unreadable[path]}.",
                    where=clean_line(name, 120),
                    next_step="Save the image again.",
                )
            if path not in self.links:
                break
            path = self.links[path]
        raise InspectError(
            "The image's archive lacks a layer that its manifest names.", where=clean_line(name, 120)
        )

    def take(self, path: str, reader: ByteReader, size: int, read_layer: LayerReading[T]) -> None:
        """Read one file of the archive, whatever it is; ``reader`` stands at its start.

        Raises:
            InspectError: it is damaged, or ends too early.
        """
        head = reader.peek(min(BLOCK, size))
        compression = compression_of(head)
        if compression in _READ_COMPRESSIONS and (compression or looks_like_header(head)):
            self.layers[path] = read_layer(reader, reader.position + size, compression)
        elif compression:
            self.unreadable[path] = f"is compressed with {compression}; only gzip and zstd are read here"
        elif head.lstrip()[:1] in (b"{", b"["):
            self._json_bytes += size
            if self._json_bytes > _JSON_LIMIT_BYTES:
                raise InspectError("The archive's description is larger than that of any image.")
            self.documents[path] = reader.take(size)
        elif posixpath.basename(path).lower() not in _NO_LAYER_FILES:
            self.unreadable[path] = "is no tar archive"


def read_blobs(reader: ByteReader, read_layer: LayerReading[T]) -> Blobs[T]:
    """Read a whole archive as ``docker save`` or an OCI layout writes it, in whatever order it comes.

    Raises:
        InspectError: the archive is damaged, or ends too early.
    """
    blobs: Blobs[T] = Blobs()
    complete = False
    for count, member in enumerate(members(reader)):
        complete = True
        if count >= _MEMBER_LIMIT:
            raise InspectError("The archive holds more parts than any image.")
        path = clean_path(member.name)
        if member.kind is FileKind.SYMLINK:
            blobs.links[path] = clean_path(posixpath.join(posixpath.dirname(path), member.target))
        elif member.kind is FileKind.HARDLINK:
            blobs.links[path] = clean_path(member.target)
        elif member.kind is FileKind.FILE and member.size:
            blobs.take(path, reader, member.size, read_layer)
        elif member.kind is FileKind.FILE:
            blobs.unreadable[path] = "is an empty file"
    if not complete:
        raise InspectError("This is no image archive: it holds nothing.")
    return blobs


def read_blob_folder(
    folder: Path, make_reader: Callable[[BinaryIO], ByteReader], read_layer: LayerReading[T]
) -> Blobs[T]:
    """Read a folder that holds an OCI layout. ``make_reader`` reads one of its files.

    Symbolic links in it are left alone: they may lead anywhere.

    Raises:
        InspectError: a part is damaged, or there are more than in any image.
    """
    blobs: Blobs[T] = Blobs()
    count = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            part = Path(place) / name
            count += 1
            if count > _MEMBER_LIMIT:
                raise InspectError("The folder holds more parts than any image.", where=str(folder))
            if part.is_symlink() or not part.is_file() or not (size := part.stat().st_size):
                continue
            with part.open("rb") as file:
                blobs.take(part.relative_to(folder).as_posix(), make_reader(file), size, read_layer)
    return blobs
