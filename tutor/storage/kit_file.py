"""A class kit as one file: written here, and read with distrust.

It is a plain tar, uncompressed, with its list of contents first. So it is written and read as a stream,
in one pass and with no room beside the result; the list alone tells what is inside, how large it is and
whether the file is whole, before a byte is unpacked; nothing in it can unfold to more than was counted;
and where there is no tutor, ``tar`` gets the Go wheel or an image out of it. Compression would save a
third of a stick and cost more time than copying does: the wheel, most of a usual kit, is compressed.

Everything in it is a plain file that the list names, in the order of the list, with its size and its
SHA-256. Anything else is refused: a kit comes from a stick that many hands held.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tutor.core.errors import KitRefused
from tutor.core.kit import (
    KitManifest,
    KitMember,
)
from tutor.core.text import clean_line
from tutor.storage.failure import told
from tutor.storage.kit_manifest import (
    AGAIN,
    FOREIGN,
    MANIFEST,
    decode_manifest,
    encode_manifest,
    kit_id,
    look_through,
    shown_name,
)

MANIFEST_LIMIT_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 1 << 20
_BLOCK = 512

Progress = Callable[[int, int], None]
"""Told the bytes done and the bytes in all."""


def measured(path: str, source: Path, *, executable: bool = False) -> KitMember:
    """A member as the list has it. Blocking.

    Raises:
        OSError: it cannot be read.
    """
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return KitMember(path, digest, source.stat().st_size, executable)


def write_kit(
    path: Path, manifest: KitManifest, sources: dict[str, Path], on_progress: Progress = lambda *_: None
) -> str:
    """Write a kit, whole or not at all; its id. Blocking. ``sources``: where each member's content lies.

    Raises:
        KitRefused: a file changed since it was measured.
        StorageError: something cannot be read or written.
    """
    half = path.with_name(f".{path.name}.half")
    document = encode_manifest(manifest)
    with told("write the kit", path):
        try:
            with tarfile.open(half, "w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, MANIFEST, 0o644, len(document), io.BytesIO(document))
                done = 0
                for member in manifest.members:
                    with sources[member.path].open("rb") as file:
                        counted = _Counted(file)
                        mode = 0o755 if member.executable else 0o644
                        _add(tar, member.path, mode, member.size_bytes, counted)
                    if counted.digest.hexdigest() != member.sha256:
                        raise KitRefused(
                            f"{member.path} changed while the kit was written.", next_step="Export it again."
                        )
                    done += member.size_bytes
                    on_progress(done, manifest.total_bytes)
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    return kit_id(document)


def _add(tar: tarfile.TarFile, name: str, mode: int, size: int, file: Any) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, mode
    tar.addfile(entry, file)


class _Counted:
    """A file that knows the digest of what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


class _Sober(io.RawIOBase):
    """The kit's file for tarfile, which would read a name as long as a header claims into memory."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= MANIFEST_LIMIT_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)

    def seek(self, position: int, whence: int = 0, /) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()


class KitReader:
    """A kit that is open: its list, and its files one after the other."""

    def __init__(self, path: Path, tar: tarfile.TarFile, size_bytes: int) -> None:
        self._path = path
        self._tar = tar
        first = self._next(MANIFEST, None)
        if not first.size <= MANIFEST_LIMIT_BYTES:
            raise self._refusal(f"Its list of contents has {first.size} bytes.", FOREIGN)
        document = b"".join(self._pieces(first))
        self.document = document
        """The list as it stands in the file."""
        self.kit_id = kit_id(document)
        self.manifest = decode_manifest(document, path)
        look_through(self.manifest, path)
        wanted = self.manifest.total_bytes + len(document)
        if size_bytes < wanted:
            raise self._refusal(
                f"It is cut short: {size_bytes / 1e6:.1f} of at least {wanted / 1e6:.1f} MB are there.",
                AGAIN,
            )

    def members(self) -> Iterator[tuple[KitMember, Iterator[bytes]]]:
        """Each member with its content in pieces, to be read before the next. Blocking.

        What was read of a member is right once the next one is asked for.

        Raises:
            KitRefused: something is not as the list says.
        """
        for member in self.manifest.members:
            entry = self._next(member.path, member.size_bytes)
            digest = hashlib.sha256()

            def pieces(entry: tarfile.TarInfo = entry, digest: Any = digest) -> Iterator[bytes]:
                for piece in self._pieces(entry):
                    digest.update(piece)
                    yield piece

            yield member, pieces()
            if digest.hexdigest() != member.sha256:
                raise self._refusal(f"{member.path} is damaged: its checksum is not that of the list.", AGAIN)
        extra = self._tar.next()
        if extra is not None:
            raise self._refusal(f"It holds {shown_name(extra.name)}, which its list does not name.", FOREIGN)

    def verify(self, on_progress: Progress = lambda *_: None) -> None:
        """Read all of it and compare every checksum. Blocking.

        Raises:
            KitRefused: something is not as the list says.
        """
        done = 0
        for _, pieces in self.members():
            for piece in pieces:
                done += len(piece)
                on_progress(done, self.manifest.total_bytes)

    def _next(self, path: str, size: int | None) -> tarfile.TarInfo:
        entry = self._tar.next()
        if entry is None:
            if path == MANIFEST:
                raise self._refusal("This is no class kit: it is empty.", FOREIGN)
            raise self._refusal(f"It is cut short: {path} is missing.", AGAIN)
        if entry.name != path:
            if path == MANIFEST:
                raise self._refusal("This is no class kit: it does not begin with a kit's list.", FOREIGN)
            raise self._refusal(f"It holds {shown_name(entry.name)} where its list names {path}.", FOREIGN)
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse() or entry.isdir():
            raise self._refusal(f"{path} is a link, a device or a folder; a kit holds plain files.", FOREIGN)
        if size is not None and entry.size != size:
            raise self._refusal(f"{path} has {entry.size} bytes; its list says {size}.", AGAIN)
        return entry

    def _pieces(self, entry: tarfile.TarInfo) -> Iterator[bytes]:
        file = self._tar.extractfile(entry)
        left = entry.size
        while file is not None and left:
            piece = file.read(min(left, _PIECE_BYTES))
            if not piece:
                raise self._refusal(f"It is cut short within {shown_name(entry.name)}.", AGAIN)
            left -= len(piece)
            yield piece

    def _refusal(self, what: str, next_step: str) -> KitRefused:
        return KitRefused(what, where=str(self._path), next_step=next_step)


@contextmanager
def open_kit(path: Path) -> Iterator[KitReader]:
    """Open a kit and read its list. Blocking.

    Raises:
        KitRefused: it is no kit, is damaged, is made for a newer tutor, or asks for what no kit may.
        StorageError: the file cannot be read.
    """
    with told("read the kit", path), path.open("rb") as file:
        try:
            with tarfile.open(fileobj=_Sober(file), mode="r:") as tar:
                yield KitReader(path, tar, path.stat().st_size)
        except (tarfile.TarError, EOFError, UnicodeError, ValueError, OverflowError) as error:
            raise KitRefused(
                f"This is no class kit, or a damaged one ({clean_line(str(error), 200)}).",
                where=str(path),
                next_step=AGAIN,
            ) from error
