"""One layer archive: its names, what they cost, and the programs in it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tutor.core.errors import InspectError
from tutor.core.image import FileKind
from tutor.inspect.spool import Spool, Spooled
from tutor.inspect.stream import ByteReader
from tutor.inspect.tar import Member, members
from tutor.inspect.user import USERS_LIMIT_BYTES, USERS_PATH

NAME_LIMIT = 500_000
"""Names read from one image: ten times what large images hold."""

_NAME_LENGTH_LIMIT = 4096
_SMALL_BYTES = 64 * 1024
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_BUSYBOX = b"BusyBox v"
_BASH = b"GNU bash, version"
_MARKS = ((_BUSYBOX, "BusyBox"), (_BASH, "bash"))
_MAGIC = (
    (b"\x7fELF", "elf"),
    (b"#!", "script"),
    (b"!<arch>\n", "ar"),
    (b"\x1f\x8b", "archive"),
    (b"PK\x03\x04", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
)
_OVERLAP = max(len(mark) for mark, _ in _MARKS) - 1


@dataclass(slots=True)
class LayerFile:
    """One name in one layer. Its path is the key it is kept under: no slash at either end."""

    kind: FileKind
    size: int
    mode: int
    uid: int
    gid: int
    target: str
    content: str = ""
    spooled: Spooled | None = None
    layer: int = 0
    checksum: int | None = None
    """CRC-32 of a file's bytes; None unless it was asked for."""

    @property
    def cost_bytes(self) -> int:
        """What it adds to the unpacked size: a file's bytes, a symbolic link's length."""
        if self.kind is FileKind.SYMLINK:
            return len(self.target.encode("utf-8", "surrogateescape"))
        return self.size if self.kind is FileKind.FILE else 0


@dataclass(slots=True)
class ProgramFound:
    """An ELF file of one layer."""

    path: str
    size: int
    sha256: str
    looks_like: str


@dataclass(slots=True)
class Layer:
    """What one layer brings and takes away."""

    files: dict[str, LayerFile] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    """Paths of lower layers that are gone, with all below them."""
    opaque: set[str] = field(default_factory=set)
    """Folders of lower layers that are emptied."""
    programs: list[ProgramFound] = field(default_factory=list)
    passwd: bytes | None = None
    """Its ``/etc/passwd``, if it brings one."""
    packed_bytes: int | None = None
    """Its length in the archive, where that holds it compressed."""

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of regular files, a hard link once, plus the length of symbolic links."""
        return sum(entry.cost_bytes for entry in self.files.values())

    @property
    def file_count(self) -> int:
        """Names other than folders."""
        return sum(entry.kind is not FileKind.DIRECTORY for entry in self.files.values())


def clean_path(name: str) -> str:
    """A path as written in an archive, without what says nothing: ``./usr//bin/`` is ``usr/bin``.

    ``..`` never leads out of the image, as it does not in a file system.
    """
    name = name.removeprefix("./").strip("/")
    if "//" not in name and "/." not in name and not name.startswith("."):
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/".join(parts)


class LayerScanner:
    """Reads the layers of one image as they pass by."""

    def __init__(self, spool: Spool, check_stopped: Callable[[], None], *, checksums: bool = False) -> None:
        self._spool = spool
        self._checksums = checksums
        self._check_stopped = check_stopped
        self._names = 0

    def scan(self, reader: ByteReader, end: int | None) -> Layer:
        """Read one layer archive.

        Raises:
            InspectError: it is damaged, or holds more names than any image.
        """
        layer = Layer()
        files = layer.files
        for member in members(reader, end):
            self._names += 1
            if self._names > NAME_LIMIT:
                raise InspectError(
                    f"The image holds more than {NAME_LIMIT} names; it is not read any further."
                )
            if len(member.name) > _NAME_LENGTH_LIMIT or len(member.target) > _NAME_LENGTH_LIMIT:
                raise InspectError("The image holds a file name longer than any file system takes.")
            path = clean_path(member.name)
            if not path:
                continue
            folder, _, base = path.rpartition("/")
            if base.startswith(_WHITEOUT):
                _take_away(layer, folder, base)
                continue
            entry = LayerFile(member.kind, member.size, member.mode, member.uid, member.gid, member.target)
            if member.kind is FileKind.FILE:
                if member.size > 1:
                    self._read_content(reader, member, path, entry, layer)
            elif member.kind is FileKind.SYMLINK:
                self._spool.follow(path, member.target)
            files[path] = entry
        self._check_stopped()
        return layer

    def _read_content(
        self, reader: ByteReader, member: Member, path: str, entry: LayerFile, layer: Layer
    ) -> None:
        head = reader.peek(min(8, member.size))
        for magic, content in _MAGIC:
            if head.startswith(magic):
                entry.content = content
                break
        if entry.content != "elf":
            if path == USERS_PATH and member.size <= USERS_LIMIT_BYTES:
                layer.passwd = reader.take(member.size)
                entry.checksum = zlib.crc32(layer.passwd) if self._checksums else None
            elif self._checksums:
                entry.checksum = _checksum(reader, member.size)
            return
        digest = hashlib.sha256()
        marks = _MarkFinder()
        sink = self._spool.open(path, member.size)

        def take(piece: bytes) -> None:
            digest.update(piece)
            marks.look(piece)
            if sink is not None:
                sink.write(piece)

        reader.copy(member.size, take)
        entry.spooled = sink.close() if sink is not None else None
        if self._checksums:
            entry.checksum = zlib.crc32(digest.digest())
        layer.programs.append(ProgramFound(path, member.size, digest.hexdigest(), marks.found))


def _checksum(reader: ByteReader, size: int) -> int:
    if size <= _SMALL_BYTES:
        return zlib.crc32(reader.take(size))
    checksum = 0

    def take(piece: bytes) -> None:
        nonlocal checksum
        checksum = zlib.crc32(piece, checksum)

    reader.copy(size, take)
    return checksum


class _MarkFinder:
    """Looks for the marks of well-known programs in a stream of pieces."""

    __slots__ = ("_tail", "found")

    def __init__(self) -> None:
        self.found = ""
        self._tail = b""

    def look(self, piece: bytes) -> None:
        if self.found:
            return
        seam = self._tail + piece[:_OVERLAP]
        for mark, name in _MARKS:
            if mark in piece or mark in seam:
                self.found = name
        self._tail = piece[-_OVERLAP:]


def _take_away(layer: Layer, folder: str, base: str) -> None:
    # https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
    if base == _OPAQUE:
        layer.opaque.add(folder)
    elif not base.startswith(_WHITEOUT * 2):
        name = base.removeprefix(_WHITEOUT)
        layer.removed.add(f"{folder}/{name}" if folder else name)
