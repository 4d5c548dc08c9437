"""An image's archive, read once from front to back: sizes, files, and the program it starts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO

from tutor.core.errors import InspectError
from tutor.core.evidence import ImageEvidence
from tutor.core.image import ElfFacts, FileEntry, FileKind, GoBuildInfo, ImageConfig, LayerFacts, Program
from tutor.core.text import clean_line
from tutor.inspect.blob import read_blobs
from tutor.inspect.buildinfo import read_build_info
from tutor.inspect.elf import read_elf
from tutor.inspect.layer import Layer, LayerFile
from tutor.inspect.manifest import Manifest
from tutor.inspect.opened import Opened, open_layers
from tutor.inspect.overlay import content_of, lay_over
from tutor.inspect.packed import packed_size as packed_size
from tutor.inspect.spool import Spool
from tutor.inspect.start import find_start, start_candidates
from tutor.inspect.stream import open_reader


def read_image(
    archive: BinaryIO,
    config: ImageConfig,
    *,
    image_id: str,
    keep_files: bool = True,
    on_progress: Callable[[int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> ImageEvidence:
    """Read an image as ``docker save`` or an OCI layout writes it.

    Blocking. The stream need not be seekable; the parts may come in any order. Never holds more of
    the image in memory than its names. ``on_progress`` is told the bytes read so far; setting
    ``cancelled`` ends the reading with an InspectError. Without ``keep_files`` the listing is left
    out, and only sizes, programs and the start command's file are told.

    Raises:
        InspectError: the archive is damaged, ends too early, or is no image.
    """
    (image,) = read_images(
        archive,
        {image_id: config},
        keep_files=keep_files,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    return image


def stands_below(lower: ImageConfig, upper: ImageConfig) -> bool:
    """Whether an archive of ``upper`` tells all of ``lower``: it is built on it and starts the same."""
    count = len(lower.diff_ids)
    return (
        0 < count <= len(upper.diff_ids)
        and upper.diff_ids[:count] == lower.diff_ids
        and start_candidates(lower) == start_candidates(upper)
    )


def read_images(
    archive: BinaryIO,
    configs: Mapping[str, ImageConfig],
    *,
    keep_files: bool = True,
    on_progress: Callable[[int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> list[ImageEvidence]:
    """Read the archive of the first of these images, and of it also those that stand below the first.

    ``configs`` holds them by image id; of each but the first :func:`stands_below` is true. The rest is
    as for :func:`read_image`.

    Raises:
        InspectError: the archive is damaged, ends too early, or is no image.
    """
    (image_id, config), *_ = configs.items()
    spool = Spool(start_candidates(config), keep_others=keep_files)
    try:
        opened = open_layers(
            lambda read_layer: read_blobs(open_reader(archive, on_progress, cancelled), read_layer),
            config,
            spool,
            image_id=image_id,
            cancelled=cancelled,
        )
        return [
            _evidence(opened, spool, each, image_id=name, keep_files=keep_files)
            for name, each in configs.items()
        ]
    finally:
        spool.close()


def _evidence(
    opened: Opened, spool: Spool, config: ImageConfig, *, image_id: str, keep_files: bool
) -> ImageEvidence:
    layers, view, started = opened.layers, opened.view, opened.start
    if config.diff_ids and len(config.diff_ids) < len(layers):
        layers = layers[: len(config.diff_ids)]
        view = lay_over(layers)
        started = find_start(view, config)
    elf, go = _read_program(view, layers, started, spool, must=keep_files)
    return ImageEvidence(
        image_id=image_id,
        config=config,
        unpacked_bytes=sum(layer.unpacked_bytes for layer in layers),
        layers=_layer_facts(layers, opened.manifest),
        files=tuple(_file_entry(path, view[path]) for path in sorted(view)) if keep_files else (),
        file_count=sum(entry.kind is not FileKind.DIRECTORY for entry in view.values()),
        entrypoint_path=shown_path(started) if started is not None else "",
        elf=elf,
        go=go,
        programs=tuple(
            Program(shown_path(found.path), found.size, found.sha256, index, found.looks_like)
            for index, layer in enumerate(layers)
            for found in layer.programs
        ),
    )


def _read_program(
    view: dict[str, LayerFile], layers: list[Layer], path: str | None, spool: Spool, *, must: bool
) -> tuple[ElfFacts | None, GoBuildInfo | None]:
    """What the started file says of itself; nothing of both when it is no ELF file."""
    content = content_of(view, layers, path) if path is not None else None
    if content is None or content.content != "elf":
        return None, None
    if content.spooled is None:
        if not must:
            return None, None
        raise InspectError(
            "The start command leads over links to a program that could not be read on the way.",
            where=shown_path(path or ""),
            next_step="Let the start command name the program itself.",
        )
    with spool.read(content.spooled) as file:
        return read_elf(file), read_build_info(file)


def _layer_facts(layers: list[Layer], manifest: Manifest) -> tuple[LayerFacts, ...]:
    return tuple(
        LayerFacts(clean_line(diff_id, 100), layer.unpacked_bytes, layer.file_count, created_by)
        # An image below has fewer of them.
        for layer, diff_id, created_by in zip(layers, manifest.diff_ids, manifest.created_by, strict=False)
    )


def shown_path(path: str) -> str:
    """A path for people: absolute, and free of what a terminal would obey."""
    return _readable(f"/{path}")


def _readable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return clean_line(text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _file_entry(path: str, entry: LayerFile) -> FileEntry:
    return FileEntry(
        path=shown_path(path),
        kind=entry.kind,
        size_bytes=entry.size,
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        target=_readable(entry.target),
        layer=entry.layer,
        content=entry.content,
    )
