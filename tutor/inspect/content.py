"""Chosen files out of an image's layers, or out of the files of a running container."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO

from tutor.core.errors import InspectError

CONTENT_LIMIT_BYTES = 512 * 1024 * 1024
"""No program of a service is as large; more is not taken into memory."""


def read_contents(archive: BinaryIO, wanted: Callable[[str], bool]) -> dict[str, tuple[bytes, ...]]:
    """The content of each wanted file, once for each layer that holds it, in the archive's order.

    Blocking. Paths have no slash in front. The stream need not be seekable.

    Raises:
        InspectError: the archive is damaged.
    """
    found: dict[str, tuple[bytes, ...]] = {}
    for layer in _layers(archive):
        for path, content in _files(layer, wanted):
            found[path] = (*found.get(path, ()), content)
    return found


def read_file(archive: BinaryIO, path: str) -> tuple[bytes, int] | None:
    """One file of a plain archive of files, such as ``docker export`` writes, with its mode. Blocking.

    Raises:
        InspectError: the archive is damaged.
    """
    name = path.strip("/")
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as tar:
            for member in tar:
                if member.name.removeprefix("./").strip("/") == name and member.isfile():
                    return _content(tar, member), member.mode & 0o777
    except (tarfile.TarError, EOFError) as error:
        raise InspectError(f"The container's files cannot be read: {error}") from error
    return None


def read_names(archive: BinaryIO) -> tuple[tuple[str, int], ...]:
    """Each name of a plain archive of files with its size; folders end in a slash. Blocking.

    Raises:
        InspectError: the archive is damaged.
    """
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as tar:
            return tuple(
                (f"/{member.name.removeprefix('./').strip('/')}{'/' * member.isdir()}", member.size)
                for member in tar
                if member.name.strip("./")
            )
    except (tarfile.TarError, EOFError) as error:
        raise InspectError(f"The container's files cannot be read: {error}") from error


def _layers(archive: BinaryIO) -> Iterator[IO[bytes]]:
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as outer:
            for member in outer:
                content = outer.extractfile(member) if member.isfile() and member.size else None
                if content is not None:
                    yield content
    except (tarfile.TarError, EOFError) as error:
        raise InspectError(f"The image's archive cannot be read: {error}") from error


def _files(layer: IO[bytes], wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=layer, mode="r|*") as tar:
            for member in tar:
                path = member.name.removeprefix("./").strip("/")
                if member.isfile() and wanted(path):
                    yield path, _content(tar, member)
    except tarfile.ReadError:
        # Not a layer: a manifest or a configuration.
        return


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > CONTENT_LIMIT_BYTES:
        raise InspectError(f"{member.name} is larger than any program that is read here.")
    file = tar.extractfile(member)
    return file.read() if file is not None else b""
