"""Layers laid over each other: what a container would see."""

from __future__ import annotations

from collections.abc import Iterable

from tutor.core.image import FileKind
from tutor.inspect.layer import Layer, LayerFile, clean_path

_LINK_LIMIT = 40


def lay_over(layers: Iterable[Layer]) -> dict[str, LayerFile]:
    """The names of all layers, oldest first, with whiteouts applied."""
    view: dict[str, LayerFile] = {}
    for index, layer in enumerate(layers):
        gone = set(layer.removed)
        for path, entry in layer.files.items():
            if entry.kind is not FileKind.DIRECTORY:
                below = view.get(path)
                if below is not None and below.kind is FileKind.DIRECTORY:
                    gone.add(path)
        if gone or layer.opaque:
            view = {path: entry for path, entry in view.items() if not _is_gone(path, gone, layer.opaque)}
        for entry in layer.files.values():
            entry.layer = index
        view |= layer.files
    return view


def _is_gone(path: str, removed: set[str], emptied: set[str]) -> bool:
    if path in removed or "" in emptied:
        return True
    at = path.rfind("/")
    while at > 0:
        folder = path[:at]
        if folder in removed or folder in emptied:
            return True
        at = path.rfind("/", 0, at)
    return False


def resolve(view: dict[str, LayerFile], path: str) -> str | None:
    """Where a path leads once every symbolic link is followed; None when there is nothing."""
    todo = [part for part in reversed(path.split("/")) if part]
    here: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == ".":
            continue
        if part == "..":
            if here:
                here.pop()
            continue
        here.append(part)
        entry = view.get("/".join(here))
        if entry is not None and entry.kind is FileKind.SYMLINK:
            links += 1
            if links > _LINK_LIMIT:
                return None
            here = [] if entry.target.startswith("/") else here[:-1]
            todo += [name for name in reversed(entry.target.split("/")) if name]
    found = "/".join(here)
    return found if found in view else None


def content_of(view: dict[str, LayerFile], layers: list[Layer], path: str) -> LayerFile | None:
    """The regular file at a path, hard links followed; None when it is something else."""
    entry = view.get(path)
    for _ in range(_LINK_LIMIT):
        if entry is None or entry.kind is FileKind.FILE:
            return entry
        if entry.kind is not FileKind.HARDLINK:
            return None
        # A hard link names a file of its own layer, even when a later layer hides that name.
        entry = layers[entry.layer].files.get(clean_path(entry.target))
    return None
