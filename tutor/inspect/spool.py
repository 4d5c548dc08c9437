"""The files of an image that must be read at will, kept in a temporary file while they pass by."""

from __future__ import annotations

import io
import posixpath
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

from tutor.core.errors import InspectError

_OTHER_PROGRAMS_LIMIT_BYTES = 64 * 1024 * 1024
_WANTED_LIMIT = 1_000


# Programs of Go's own, hundreds of megabytes of them, that no image is about.
_TOOLCHAIN_MARKS = ("/pkg/tool/", "/.cache/go-build/", "/go/bin/", "/lib/go/")


def _is_of_toolchain(path: str) -> bool:
    return any(mark in f"/{path}" for mark in _TOOLCHAIN_MARKS)


@dataclass(frozen=True, slots=True)
class Spooled:
    """Where a file lies in the temporary file."""

    offset: int
    size: int


class SpoolWriter:
    """Takes one file."""

    __slots__ = ("_file", "_offset", "_size")

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self._offset = offset
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Keep a piece."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise InspectError(
                f"The program in the image cannot be set aside for reading: {error}",
                next_step="Make room in the temporary folder.",
            ) from error
        self._size += len(piece)

    def close(self) -> Spooled:
        """The file is complete."""
        return Spooled(self._offset, self._size)


class Spool:
    """Keeps the programs that may be the one an image starts.

    Which it is shows only at the end, when the manifest and all links are known: so every file under
    a wanted path is kept, and other programs while they are few.
    """

    def __init__(self, wanted: tuple[str, ...], *, keep_others: bool) -> None:
        self._wanted: set[str] = set()
        self._folders: set[str] = set()
        self._others_left = _OTHER_PROGRAMS_LIMIT_BYTES if keep_others else 0
        self._file: BinaryIO | None = None
        for path in wanted:
            self._want(path)

    def _want(self, path: str) -> None:
        if len(self._wanted) >= _WANTED_LIMIT:
            return
        self._wanted.add(path)
        while "/" in path:
            path = path.rpartition("/")[0]
            self._folders.add(path)

    def follow(self, path: str, target: str) -> None:
        """A symbolic link was seen: what it leads to is wanted as well, if it was."""
        if path not in self._wanted and path not in self._folders:
            return
        leads_to = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target)).lstrip("/")
        for wanted in tuple(self._wanted):
            if wanted == path or wanted.startswith(f"{path}/"):
                self._want(posixpath.normpath(leads_to + wanted[len(path) :]).lstrip("/"))

    def open(self, path: str, size: int) -> SpoolWriter | None:
        """A place for this program; None when it need not be kept."""
        if path not in self._wanted:
            if _is_of_toolchain(path):
                return None
            if size > self._others_left:
                return None
            self._others_left -= size
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="fromscratch-")  # noqa: SIM115 - closed by close()
        return SpoolWriter(self._file, self._file.tell())

    def read(self, spooled: Spooled) -> BinaryIO:
        """A file that was kept, to read at will."""
        if self._file is None:
            raise ValueError("nothing was kept")
        self._file.flush()
        return io.BufferedReader(_Section(self._file, spooled))

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


class _Section(io.RawIOBase):
    """A part of a file as a file."""

    def __init__(self, file: BinaryIO, part: Spooled) -> None:
        self._file = file
        self._part = part
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # io has no name for a buffer
        count = max(0, min(len(view), self._part.size - self._at))
        self._file.seek(self._part.offset + self._at)
        data = self._file.read(count)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
