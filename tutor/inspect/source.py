"""What a path on this machine holds: a program, an image archive, or a folder with an OCI layout."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy
from tutor.core.errors import InspectError
from tutor.core.image import ImageConfig
from tutor.inspect.binary import read_binary
from tutor.inspect.blob import read_blob_folder, read_blobs
from tutor.inspect.compression import compression_of, unpacked
from tutor.inspect.config import read_config
from tutor.inspect.image import open_image, read_folder_anatomy
from tutor.inspect.manifest import read_manifest
from tutor.inspect.packed import compressed_length, packed_size_from
from tutor.inspect.stream import ByteReader, open_reader
from tutor.inspect.tar import BLOCK, looks_like_header

_CHUNK_BYTES = 1024 * 1024
_OTHER_KINDS = (
    (b"\xcf\xfa\xed\xfe", "a program for macOS (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a program for macOS (Mach-O), or a Java class"),
    (b"MZ", "a program for Windows (PE)"),
    (b"\0asm", "a WebAssembly module"),
    (b"#!", "a script"),
    (b"!<arch>\n", "an archive of object files"),
    (b"PK\x03\x04", "a zip file"),
)

Progress = Callable[[int], None]


def read_path(
    path: Path, *, on_progress: Progress | None = None, cancelled: threading.Event | None = None
) -> ImageAnatomy | BinaryAnatomy:
    """Open what lies at a path. Blocking; ``on_progress`` is told the bytes read so far.

    Raises:
        InspectError: it is neither a program nor an image, it is damaged, or ``cancelled`` was set.
    """
    try:
        return _read(path, on_progress, cancelled)
    except OSError as error:
        raise InspectError(f"It cannot be read: {error.strerror or error}", where=str(path)) from error
    except InspectError as error:
        inside = error.where if error.where != str(path) else ""
        where = f"{path}, in {inside}" if inside else str(path)
        raise InspectError(error.what, where=where, next_step=error.next_step) from error


def _read(
    path: Path, on_progress: Progress | None, cancelled: threading.Event | None
) -> ImageAnatomy | BinaryAnatomy:
    if path.is_dir():
        return _read_folder(path, on_progress, cancelled)
    if not path.is_file():
        raise InspectError(
            "This is a pipe or a device, and an archive is read twice.",
            where=str(path),
            next_step="Put it into a file first: docker save -o image.tar NAME",
        )
    with path.open("rb") as file:
        head = file.read(BLOCK)
        file.seek(0)
        if head.startswith(b"\x7fELF"):
            return _read_program(file, path, on_progress, cancelled)
    if looks_like_header(head) or compression_of(head) in {"gzip", "zstd"}:
        return _read_archive(path, compression_of(head), on_progress, cancelled)
    raise InspectError(
        f"This is {_name_of(head)}: neither an ELF program nor an image archive.",
        where=str(path),
        next_step="Give a Linux program, what docker save wrote, or an OCI layout.",
    )


def packed_size_of_path(
    path: Path, *, on_progress: Progress | None = None, cancelled: threading.Event | None = None
) -> int:
    """About what a registry ships of the image at a path; of a program, its compressed length.

    Blocking, and slow: some 25 MB a second.

    Raises:
        InspectError: it cannot be read, or ``cancelled`` was set.
    """
    if path.is_dir():
        return packed_size_from(
            lambda read_layer: read_blob_folder(
                path, lambda file: open_reader(file, on_progress, cancelled), read_layer
            )
        )
    with path.open("rb") as file:
        head = file.read(BLOCK)
    compression = compression_of(head)
    with _outer(path, compression, on_progress, cancelled) as reader:
        if head.startswith(b"\x7fELF"):
            return compressed_length(reader, path.stat().st_size)
        return packed_size_from(lambda read_layer: read_blobs(reader, read_layer))


def _name_of(head: bytes) -> str:
    if not head:
        return "an empty file"
    compression = compression_of(head)
    if compression and compression != "zip":
        return f"a file compressed with {compression}"
    return next((name for magic, name in _OTHER_KINDS if head.startswith(magic)), "a file of another kind")


def _read_program(
    file: BinaryIO, path: Path, on_progress: Progress | None, cancelled: threading.Event | None
) -> BinaryAnatomy:
    digest = hashlib.sha256()
    reader = open_reader(file, on_progress, cancelled)
    while piece := reader.some(_CHUNK_BYTES):
        digest.update(piece)
    binary = read_binary(file, str(path), sha256=digest.hexdigest())
    if binary is None:
        raise InspectError("The file changed while it was read.", where=str(path))
    return binary


def _read_folder(path: Path, on_progress: Progress | None, cancelled: threading.Event | None) -> ImageAnatomy:
    if not (path / "index.json").is_file() and not (path / "manifest.json").is_file():
        raise InspectError(
            "This folder holds no OCI layout: it has no index.json.",
            where=str(path),
            next_step="Give the folder that holds oci-layout, index.json and blobs.",
        )
    blobs = read_blob_folder(path, lambda part: open_reader(part, None, cancelled), _leave_out)
    manifest = read_manifest(blobs.documents, "", ImageConfig().architecture, unreadable=blobs.unreadable)
    config = read_config(manifest.document)
    return read_folder_anatomy(path, config, on_progress=on_progress, cancelled=cancelled)


def _leave_out(reader: ByteReader, end: int, compression: str) -> None:
    """The first of two passes: only what describes the image is read."""


def _read_archive(
    path: Path, compression: str, on_progress: Progress | None, cancelled: threading.Event | None
) -> ImageAnatomy:
    # What the image starts is known only from its description, which may come last: so read it first.
    with _outer(path, compression, None, cancelled) as reader:
        first = read_blobs(reader, _leave_out)
    manifest = read_manifest(first.documents, "", ImageConfig().architecture, first.links, first.unreadable)

    with _outer(path, compression, on_progress, cancelled) as reader:
        return open_image(
            lambda read_layer: read_blobs(reader, read_layer),
            read_config(manifest.document),
            name=path.name,
            image_id="",
            cancelled=cancelled,
        )


@contextmanager
def _outer(
    path: Path, compression: str, on_progress: Progress | None, cancelled: threading.Event | None
) -> Iterator[ByteReader]:
    with path.open("rb") as file:
        reader = open_reader(file, on_progress, cancelled)
        yield unpacked(reader, path.stat().st_size, compression) if compression else reader
