"""One name in a layer, and where its content lies."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What a name is."""

    FILE = "f"
    DIRECTORY = "d"
    SYMLINK = "l"
    HARDLINK = "h"
    FIFO = "p"
    WHITEOUT = "w"
    """The name is gone from here on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a layer. Times are not kept: every layer is reproducible."""

    path: str
    """Without a slash in front."""
    kind: Kind
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    size: int = 0
    """Of the content; a hard link tells its target's."""
    target: str = ""
    """Of a symbolic link as written, of a hard link the other path."""
    sha256: str = ""
    offset: int = 0
    """Where the content begins in the layer's archive."""

    @property
    def has_content(self) -> bool:
        """Whether it is a file, by whichever name."""
        return self.kind in (Kind.FILE, Kind.HARDLINK)

    @property
    def unpacked_bytes(self) -> int:
        """What it adds to the unpacked size."""
        if self.kind is Kind.FILE:
            return self.size
        return len(self.target.encode("utf-8", "surrogateescape")) if self.kind is Kind.SYMLINK else 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where content is read from: a file, or a stretch of an archive, or bytes at hand."""

    path: Path | None = None
    offset: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that is about to become part of a layer."""

    entry: Entry
    source: Source | None = None


_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFIFO: Kind.FIFO,
}


def kind_of(mode: int) -> Kind | None:
    """The kind for a file mode; None for sockets and devices, which no layer holds."""
    return _KINDS.get(stat.S_IFMT(mode))


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """As JSON. Names that are not UTF-8 survive."""
    rows = [
        (e.path, e.kind.value, e.mode, e.uid, e.gid, e.size, e.target, e.sha256, e.offset) for e in entries
    ]
    return json.dumps(rows, separators=(",", ":")).encode()


def decode_entries(data: bytes) -> tuple[Entry, ...]:
    """The reverse of :func:`encode_entries`."""
    kinds = {kind.value: kind for kind in Kind}
    return tuple(
        Entry(path, kinds[kind], mode, uid, gid, size, target, sha256, offset)
        for path, kind, mode, uid, gid, size, target, sha256, offset in json.loads(data)
    )
