"""Writing a layer: a reproducible tar archive, its digest, and where each content lies in it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source

_BLOCK = 512
_PIECE_BYTES = 1 << 20
_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.WHITEOUT: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
    Kind.FIFO: tarfile.FIFOTYPE,
}


class Stopped(Exception):
    """The work was cancelled from another thread."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A written layer. ``diff_id`` is ``sha256:…`` of the uncompressed archive."""

    diff_id: str
    size: int
    """Of the archive."""
    entries: tuple[Entry, ...]

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of files (a hard link once) and lengths of symbolic links."""
        return sum(entry.unpacked_bytes for entry in self.entries)


def write_layer(
    drafts: Iterable[Draft],
    archive: BinaryIO,
    *,
    stopped: threading.Event | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Layer:
    """Write the archive and return what is in it. Blocking.

    Raises:
        Stopped: ``stopped`` was set meanwhile.
    """
    whole = hashlib.sha256()
    position = 0
    entries: list[Entry] = []
    by_path: dict[str, Entry] = {}

    def put(data: bytes) -> None:
        nonlocal position
        whole.update(data)
        archive.write(data)
        position += len(data)

    for draft in sorted(drafts, key=lambda draft: draft.entry.path.encode("utf-8", "surrogateescape")):
        if stopped is not None and stopped.is_set():
            raise Stopped
        entry = draft.entry
        put(_header(entry))
        if entry.kind is Kind.FILE:
            content = hashlib.sha256()
            offset = position
            for piece in read_source(draft.source or Source(), entry.size):
                content.update(piece)
                put(piece)
            put(b"\0" * (-entry.size % _BLOCK))
            entry = replace(entry, sha256=content.hexdigest(), offset=offset)
            if on_progress is not None:
                on_progress(position)
        elif entry.kind is Kind.HARDLINK:
            original = by_path[entry.target]
            entry = replace(entry, sha256=original.sha256, offset=original.offset, size=original.size)
        by_path[entry.path] = entry
        entries.append(entry)
    put(b"\0" * (2 * _BLOCK))
    return Layer(f"sha256:{whole.hexdigest()}", position, tuple(entries))


def read_source(source: Source, size: int) -> Iterable[bytes]:
    """Exactly ``size`` bytes in pieces; a file that shrank meanwhile is filled up with zeros."""
    if source.path is None:
        yield source.data
        return
    with _open(source.path) as file:
        file.seek(source.offset)
        left = size
        while left:
            piece = file.read(min(left, _PIECE_BYTES)) or b"\0" * min(left, _PIECE_BYTES)
            left -= len(piece)
            yield piece


def _open(path: Path) -> io.BufferedIOBase:
    try:
        return path.open("rb")
    except PermissionError:
        # A command may take away even its owner's right to read.
        mode = path.stat().st_mode
        path.chmod(mode | 0o400)
        try:
            return path.open("rb")
        finally:
            path.chmod(mode)


def _header(entry: Entry) -> bytes:
    name = entry.path
    if entry.kind is Kind.WHITEOUT:
        path = PurePosixPath(name)
        name = str(path.parent / f".wh.{path.name}")
    info = tarfile.TarInfo(name)
    info.type = _TYPES[entry.kind]
    info.mode = 0 if entry.kind is Kind.WHITEOUT else entry.mode
    info.uid, info.gid = entry.uid, entry.gid
    info.size = entry.size if entry.kind is Kind.FILE else 0
    if entry.kind in (Kind.SYMLINK, Kind.HARDLINK):
        info.linkname = entry.target
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def fill_file(path: Path, source: Source, entry: Entry) -> None:
    """Write one file's content, copied by the kernel where it can."""
    with path.open("xb", buffering=0) as file:
        if source.path is None:
            file.write(source.data)
            return
        with source.path.open("rb", buffering=0) as origin:
            offset, left = source.offset, entry.size
            while left:
                try:
                    done = os.sendfile(file.fileno(), origin.fileno(), offset, left)
                except OSError:
                    done = file.write(os.pread(origin.fileno(), min(left, _PIECE_BYTES), offset)) or 0
                if done == 0:
                    raise OSError(f"{source.path} ends too early")
                offset += done
                left -= done
