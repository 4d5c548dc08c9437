"""An image archive that names nothing: loading it cannot move a tag that somebody else gave.

``docker load`` gives an image every name that its archive lists, and takes the name from whatever bore
it. An archive out of a class kit was made elsewhere; so its names are left out on the way.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tutor.core.errors import KitRefused

_LISTS = {"manifest.json", "index.json"}
_LIST_LIMIT_BYTES = 4 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
_NAMES = {"io.containerd.image.name", "org.opencontainers.image.ref.name"}


def untagged(archive: Path, stopped: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
    """The archive that ``docker save`` wrote, piece by piece, with its names left out. Blocking.

    Raises:
        KitRefused: it is no image archive, or holds more than one image.
        OSError: it cannot be read, or ``stopped`` said so.
    """
    try:
        with tarfile.open(archive, "r:") as source:
            for entry in source:
                if stopped():
                    raise OSError("stopped")
                name = entry.name.removeprefix("./")
                # The oldest layout's second list of names.
                if name != "repositories":
                    yield from _copied(source, entry, name in _LISTS)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KitRefused(
            f"The base image in the class kit cannot be read: {error}.",
            where=archive.name,
            next_step="Import the kit again, or get another one.",
        ) from error
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _copied(source: tarfile.TarFile, entry: tarfile.TarInfo, is_list: bool) -> Iterator[bytes]:
    file = source.extractfile(entry) if entry.isreg() else None
    if is_list and file is not None:
        if entry.size > _LIST_LIMIT_BYTES:
            raise ValueError(f"{entry.name} has {entry.size} bytes")
        data = json.dumps(_nameless(json.loads(file.read()))).encode()
        entry.size = len(data)
        file = io.BytesIO(data)
    entry.pax_headers = {}
    yield entry.tobuf(tarfile.GNU_FORMAT)
    left = entry.size if file is not None else 0
    while file is not None and left:
        piece = file.read(min(left, _PIECE_BYTES))
        if not piece:
            raise EOFError("it is cut short")
        left -= len(piece)
        yield piece
    if file is not None:
        yield b"\0" * (-entry.size % tarfile.BLOCKSIZE)


def _nameless(value: Any) -> Any:
    images = value if isinstance(value, list) else value["manifests"]
    if len(images) != 1:
        raise ValueError(f"it holds {len(images)} images")
    if isinstance(value, list):
        images[0]["RepoTags"] = None
    else:
        kept = {key: text for key, text in (images[0].get("annotations") or {}).items() if key not in _NAMES}
        images[0]["annotations"] = kept
    return value
