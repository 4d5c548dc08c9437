"""What each layer does to the ones below it, and which bytes nobody can see afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutor.core.anatomy import Change, FileChange, Waste, WasteReason
from tutor.core.image import FileKind
from tutor.inspect.archive import shown_path
from tutor.inspect.layer import Layer, LayerFile
from tutor.inspect.overlay import content_of


@dataclass(slots=True)
class _Hidden:
    """Why the bytes of an entry are not seen any more."""

    by: int
    reason: WasteReason


@dataclass(slots=True)
class Changes:
    """The changes of every layer, oldest first, and what they wasted."""

    per_layer: list[tuple[FileChange, ...]] = field(default_factory=list)
    wasted: list[Waste] = field(default_factory=list)
    """Largest first."""
    seen: dict[int, str] = field(default_factory=dict)
    """``id`` of each entry whose bytes a container sees, with a path under which it sees them."""


def find_changes(layers: list[Layer]) -> Changes:
    """Lay the layers over each other, noting what each adds, changes and removes.

    Bytes count where they are stored: a file whose name is gone is seen as long as a hard link of
    its own layer leads to it.
    """
    changes = Changes()
    view: dict[str, LayerFile] = {}
    hidden: dict[int, _Hidden] = {}
    for index, layer in enumerate(layers):
        found: list[FileChange] = []
        replaced: dict[str, LayerFile] = {}
        for path, (before, entries) in _removed(view, layer).items():
            replaced_by = layer.files.get(path)
            if replaced_by is None:
                found.append(FileChange(shown_path(path), Change.REMOVED, before.kind, 0, _cost(entries)))
            for below_path, entry in entries:
                if replaced_by is not None and below_path not in layer.files:
                    found.append(
                        FileChange(shown_path(below_path), Change.REMOVED, entry.kind, 0, entry.cost_bytes)
                    )
                del view[below_path]
                replaced[below_path] = entry
                _hide(entry, layers, hidden, index, WasteReason.REMOVED)
        for path, entry in layer.files.items():
            below = view.get(path) or replaced.get(path)
            if below is not None and entry.kind is FileKind.DIRECTORY is below.kind:
                continue
            found.append(_change(path, entry, below))
            if below is not None:
                _hide(below, layers, hidden, index, _reason(below, entry))
        view |= layer.files
        changes.per_layer.append(tuple(sorted(found, key=lambda change: change.path)))
    for path, entry in view.items():
        content = content_of(view, layers, path) if entry.kind is FileKind.HARDLINK else entry
        if content is entry:
            changes.seen[id(content)] = path
        elif content is not None:
            changes.seen.setdefault(id(content), path)
    _tell_waste(layers, changes, hidden)
    return changes


def _tell_waste(layers: list[Layer], changes: Changes, hidden: dict[int, _Hidden]) -> None:
    for index, layer in enumerate(layers):
        for path, entry in layer.files.items():
            if entry.cost_bytes and id(entry) not in changes.seen:
                why = hidden.get(id(entry), _Hidden(index, WasteReason.OVERWRITTEN))
                changes.wasted.append(Waste(shown_path(path), entry.cost_bytes, index, why.by, why.reason))
    changes.wasted.sort(key=lambda waste: (-waste.size_bytes, waste.path, waste.layer))


def _removed(
    view: dict[str, LayerFile], layer: Layer
) -> dict[str, tuple[LayerFile, list[tuple[str, LayerFile]]]]:
    """What a layer takes away, by the topmost path that is gone, with all that was below it."""
    gone = set(layer.removed)
    for path, entry in layer.files.items():
        below = view.get(path)
        if below is not None and below.kind is FileKind.DIRECTORY is not entry.kind:
            gone.add(path)
    found: dict[str, tuple[LayerFile, list[tuple[str, LayerFile]]]] = {}
    if not gone and not layer.opaque:
        return found
    for path, entry in view.items():
        root = _gone_root(path, gone, layer.opaque)
        if root is not None:
            found.setdefault(root, (view.get(root, entry), []))[1].append((path, entry))
    return found


def _gone_root(path: str, gone: set[str], emptied: set[str]) -> str | None:
    """The topmost part of a path that a layer removes; None when it stays."""
    at = 0
    folder = ""
    while True:
        end = path.find("/", at)
        part = path if end < 0 else path[:end]
        if part in gone or folder in emptied:
            return part
        if end < 0:
            return None
        folder, at = part, end + 1


def _cost(entries: list[tuple[str, LayerFile]]) -> int:
    return sum(entry.cost_bytes for _, entry in entries)


def _change(path: str, entry: LayerFile, below: LayerFile | None) -> FileChange:
    change = Change.ADDED if below is None else Change.CHANGED
    before = below.cost_bytes if below is not None else 0
    return FileChange(shown_path(path), change, entry.kind, entry.cost_bytes, before)


def _reason(below: LayerFile, above: LayerFile) -> WasteReason:
    same = (
        below.kind is above.kind is FileKind.FILE
        and below.size == above.size
        and below.checksum is not None
        and below.checksum == above.checksum
    )
    return WasteReason.SAME_AGAIN if same else WasteReason.OVERWRITTEN


def _hide(
    entry: LayerFile, layers: list[Layer], hidden: dict[int, _Hidden], by: int, reason: WasteReason
) -> None:
    content: LayerFile | None = entry
    if entry.kind is FileKind.HARDLINK:
        content = content_of({"": entry}, layers, "")
    if content is not None:
        hidden[id(content)] = _Hidden(by, reason)
