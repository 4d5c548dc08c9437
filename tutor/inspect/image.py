"""An image opened: layers, files, waste, programs and parts, all from one pass over its archive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy, LayerAnatomy, PartKind, VisibleFile
from tutor.core.errors import InspectError
from tutor.core.image import FileKind, ImageConfig
from tutor.core.text import clean_line
from tutor.inspect.archive import shown_path
from tutor.inspect.binary import read_binary
from tutor.inspect.blob import read_blob_folder, read_blobs
from tutor.inspect.change import Changes, find_changes
from tutor.inspect.layer import LayerFile
from tutor.inspect.opened import BlobSource, Opened, open_layers
from tutor.inspect.overlay import content_of, resolve
from tutor.inspect.part import PathKinds, find_parts, path_kinds
from tutor.inspect.spool import Spool
from tutor.inspect.start import start_candidates
from tutor.inspect.stream import open_reader
from tutor.inspect.user import USERS_PATH, user_id

_PROGRAM_LIMIT = 8
_PROGRAM_KINDS = (PartKind.BASE, PartKind.OTHER, PartKind.SOURCE)

Progress = Callable[[int], None]


def read_image_anatomy(
    archive: BinaryIO,
    config: ImageConfig,
    *,
    name: str,
    image_id: str,
    listed_bytes: int | None = None,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> ImageAnatomy:
    """Open an image as ``docker save`` or an OCI layout writes it. The stream need not be seekable.

    Blocking. ``on_progress`` is told the bytes read so far. Holds names and tables in memory, never
    a whole layer; programs are set aside in a temporary file.

    Raises:
        InspectError: the archive is damaged, is no image, or ``cancelled`` was set.
    """
    return open_image(
        lambda read_layer: read_blobs(open_reader(archive, on_progress, cancelled), read_layer),
        config,
        name=name,
        image_id=image_id,
        listed_bytes=listed_bytes,
        cancelled=cancelled,
    )


def read_folder_anatomy(
    folder: Path,
    config: ImageConfig,
    *,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> ImageAnatomy:
    """Open an image that lies in a folder as an OCI layout.

    Raises:
        InspectError: as for :func:`read_image_anatomy`.
    """
    return open_image(
        lambda read_layer: read_blob_folder(
            folder, lambda file: open_reader(file, on_progress, cancelled), read_layer
        ),
        config,
        name=folder.name,
        image_id="",
        cancelled=cancelled,
    )


def open_image(
    source: BlobSource,
    config: ImageConfig,
    *,
    name: str,
    image_id: str,
    listed_bytes: int | None = None,
    cancelled: threading.Event | None = None,
) -> ImageAnatomy:
    """Open the image that ``source`` reads.

    Raises:
        InspectError: as for :func:`read_image_anatomy`.
    """
    spool = Spool(start_candidates(config), keep_others=True)
    try:
        opened = open_layers(source, config, spool, image_id=image_id, checksums=True, cancelled=cancelled)
        changes = find_changes(opened.layers)
        kinds = path_kinds(opened.view, opened.layers, config)
        notes: list[str] = []
        start_program, programs = _programs(opened, kinds, spool, notes)
    finally:
        spool.close()
    layers = opened.layers
    packed = [layer.packed_bytes for layer in layers]
    return ImageAnatomy(
        name=clean_line(name, 200),
        image_id=image_id,
        config=config,
        unpacked_bytes=sum(layer.unpacked_bytes for layer in layers),
        layers=_layers(opened, changes),
        files=_files(opened, changes),
        file_count=sum(entry.kind is not FileKind.DIRECTORY for entry in opened.view.values()),
        wasted=tuple(changes.wasted),
        binaries=tuple(programs.values()),
        parts=find_parts(layers, changes.seen, kinds, programs),
        start_path=shown_path(opened.start) if opened.start is not None else "",
        start_program=start_program,
        user_id=user_id(config.user, _passwd(opened)),
        packed_bytes=sum(each for each in packed if each is not None)
        if packed and None not in packed
        else None,
        listed_bytes=listed_bytes,
        notes=tuple(notes),
    )


def _layers(opened: Opened, changes: Changes) -> tuple[LayerAnatomy, ...]:
    manifest = opened.manifest
    return tuple(
        LayerAnatomy(
            clean_line(manifest.diff_ids[index], 100),
            manifest.created_by[index],
            layer.unpacked_bytes,
            sum(waste.size_bytes for waste in changes.wasted if waste.layer == index),
            changes.per_layer[index],
        )
        for index, layer in enumerate(opened.layers)
    )


def _files(opened: Opened, changes: Changes) -> tuple[VisibleFile, ...]:
    found = [
        VisibleFile(shown_path(changes.seen[id(entry)]), entry.cost_bytes, index, entry.content)
        for index, layer in enumerate(opened.layers)
        for entry in layer.files.values()
        if entry.cost_bytes and id(entry) in changes.seen
    ]
    return tuple(sorted(found, key=lambda file: (-file.size_bytes, file.path)))


def _passwd(opened: Opened) -> bytes | None:
    """The file by which a container finds its user."""
    path = resolve(opened.view, USERS_PATH)
    return opened.layers[opened.view[path].layer].passwd if path == USERS_PATH else None


def _programs(
    opened: Opened, kinds: PathKinds, spool: Spool, notes: list[str]
) -> tuple[BinaryAnatomy | None, dict[int, BinaryAnatomy]]:
    """The program that the image starts; then, if it is none of a system's, it and those built here."""
    start = opened.start or ""
    started = content_of(opened.view, opened.layers, start)
    start_program = _read(start, started, spool, notes) if started is not None else None
    found: dict[int, BinaryAnatomy] = {}
    if start_program is not None and not _is_of_system(start, start_program, kinds):
        found[id(started)] = start_program
    candidates = sorted(
        (
            (path, entry)
            for path, entry in opened.view.items()
            if entry.content == "elf" and entry is not started and kinds.kind(path) in _PROGRAM_KINDS
        ),
        key=lambda item: -item[1].size,
    )
    for path, entry in candidates:
        if len(found) >= _PROGRAM_LIMIT:
            break
        binary = _read(path, entry, spool, notes)
        # Other people's programs are files like any other; one that Go built here is looked into.
        if binary is not None and binary.go is not None and binary.go.main_module:
            found[id(entry)] = binary
    return start_program, found


def _is_of_system(path: str, binary: BinaryAnatomy, kinds: PathKinds) -> bool:
    """A shell that a base image starts is part of its system, not a program the image is about."""
    return kinds.has_system and binary.go is None and kinds.kind(path) is PartKind.BASE


def _read(path: str, entry: LayerFile, spool: Spool, notes: list[str]) -> BinaryAnatomy | None:
    if entry.content != "elf" or entry.spooled is None:
        return None
    try:
        with spool.read(entry.spooled) as file:
            return read_binary(file, shown_path(path))
    except InspectError as error:
        notes.append(f"{shown_path(path)}: {error.what}")
        return None
