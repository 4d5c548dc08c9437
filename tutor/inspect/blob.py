"""The outer archive: which of its files are layers, which are JSON, which are links."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tutor.core.errors import InspectError
from tutor.core.image import FileKind
from tutor.core.text import clean_line
from tutor.inspect.layer import clean_path
from tutor.inspect.stream import ByteReader
from tutor.inspect.tar import BLOCK, looks_like_header, members

T = TypeVar("T")

_JSON_LIMIT_BYTES = 16 * 1024 * 1024
_MEMBER_LIMIT = 20_000
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(slots=True)
class Blobs(Generic[T]):
    """What an archive holds, by cleaned name."""

    documents: dict[str, bytes] = field(default_factory=dict)
    layers: dict[str, T] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    packed_otherwise: dict[str, str] = field(default_factory=dict)
    """Layers compressed in a way that is not read here, and its name."""

    def layer(self, name: str) -> T:
        """The layer under a name that a manifest gives, links followed.

        Raises:
            InspectError: it is not there, or compressed in a way that is not read here.
        """
        path = clean_path(name)
        for _ in range(10):
            if path in self.layers:
                return self.layers[path]
            if path in self.packed_otherwise:
                raise InspectError(
                    f"A layer of the image is compressed with {self.packed_otherwise[path]}; "
                    "only gzip is read here.",
                    where=clean_line(name, 120),
                    next_step="Build the image again without a compression setting.",
                )
            if path not in self.links:
                break
            path = self.links[path]
        raise InspectError(
            "The image's archive lacks a layer that its manifest names.", where=clean_line(name, 120)
        )


def read_blobs(reader: ByteReader, read_layer: Callable[[ByteReader, int, bool], T]) -> Blobs[T]:
    """Read a whole archive as ``docker save`` or an OCI layout writes it, in whatever order it comes.

    ``read_layer`` gets the reader at a layer's start, the position where it ends, and whether it is
    compressed by gzip.

    Raises:
        InspectError: the archive is damaged, or ends too early.
    """
    blobs: Blobs[T] = Blobs()
    json_bytes = 0
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
        if member.kind is not FileKind.FILE or not member.size:
            continue
        end = reader.position + member.size
        head = reader.peek(min(BLOCK, member.size))
        if head.startswith(_GZIP):
            blobs.layers[path] = read_layer(reader, end, True)
        elif head.startswith(_ZSTD):
            blobs.packed_otherwise[path] = "zstd"
        elif looks_like_header(head):
            blobs.layers[path] = read_layer(reader, end, False)
        elif head.lstrip()[:1] in (b"{", b"["):
            json_bytes += member.size
            if json_bytes > _JSON_LIMIT_BYTES:
                raise InspectError("The archive's description is larger than that of any image.")
            blobs.documents[path] = reader.take(member.size)
    if not complete:
        raise InspectError("This is no image archive: it holds nothing.")
    return blobs
