"""COPY: which names it makes from which sources, by Docker's rules."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source
from tutor.engine.embedded.ignore import pattern_expression
from tutor.engine.embedded.view import View, parents


class CopyFault(Exception):
    """A COPY that cannot be done; the text is Docker's."""

    def __init__(self, text: str, next_step: str = "") -> None:
        super().__init__(text)
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Origin:
    """Where files are copied from: a context, a stage or an image."""

    view: View
    source: Callable[[Entry], Source]
    digest: Callable[[Entry], str]
    where: str
    """For messages: ``the build context``, ``stage builder``."""
    left_out: Sequence[str] = ()
    """What .dockerignore kept away."""


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """One COPY, expanded."""

    sources: tuple[str, ...]
    destination: str
    working_dir: str
    owner: tuple[int, int] = (0, 0)
    mode: int | None = None


def plan_copy(order: CopyOrder, origin: Origin, stage: View) -> tuple[list[Draft], dict[str, str]]:
    """The entries a COPY brings, and the digest of each file among them.

    Raises:
        CopyFault: a source is missing, or the destination cannot hold it.
    """
    destination = posixpath.join(order.working_dir or "/", order.destination)
    wants_folder = order.destination.endswith(("/", "/.")) or order.destination in (".", "..")
    if len(order.sources) > 1 and not wants_folder:
        raise CopyFault(
            "When using COPY with more than one source file, the destination must be a directory and "
            "end with a /",
            f"Write {order.destination}/ as the destination.",
        )
    target = stage.resolve(destination)
    standing = stage.get(target)
    into_folder = wants_folder or (standing is not None and standing.kind is Kind.DIRECTORY)
    plan = _Plan(order, origin, stage)
    found = [path for source in order.sources for path in _match(source, origin)]
    if len(found) > 1 and not into_folder and not all(_is_folder(path, origin) for path in found):
        raise CopyFault(
            f"cannot copy several files to {destination}: not a directory",
            f"Write {order.destination}/ as the destination.",
        )
    for path in found:
        entry = origin.view.get(origin.view.resolve(path))
        assert entry is not None
        if entry.kind is Kind.DIRECTORY:
            plan.folder(entry, target)
        elif into_folder:
            plan.file(entry, posixpath.join(target, posixpath.basename(path.rstrip("/"))))
        else:
            plan.file(entry, target)
    return plan.drafts(), plan.digests


def content_key(drafts: Sequence[Draft], digests: dict[str, str]) -> str:
    """What the result depends on, as a digest: names, modes, owners and contents."""
    rows = [
        (e.path, e.kind.value, e.mode, e.uid, e.gid, e.size, e.target, digests.get(e.path, ""))
        for e in sorted((draft.entry for draft in drafts), key=lambda entry: entry.path)
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


class _Plan:
    def __init__(self, order: CopyOrder, origin: Origin, stage: View) -> None:
        self._order = order
        self._origin = origin
        self._stage = stage
        self._drafts: dict[str, Draft] = {}
        self.digests: dict[str, str] = {}

    def drafts(self) -> list[Draft]:
        return list(self._drafts.values())

    def folder(self, folder: Entry, target: str) -> None:
        """What is in a folder, not the folder itself."""
        self._need_folder(target, folder.mode)
        for entry in self._origin.view.below(folder.path):
            inside = entry.path[len(folder.path) :].lstrip("/")
            place = posixpath.join(target, inside)
            if entry.kind is Kind.DIRECTORY:
                self._need_folder(place, entry.mode)
            else:
                self.file(entry, place)

    def file(self, entry: Entry, place: str) -> None:
        place = place.lstrip("/")
        standing = self._stage.get(place)
        if standing is not None and standing.kind is Kind.DIRECTORY:
            raise CopyFault(f"cannot copy to non-directory: /{place} is a directory")
        for parent in parents(place):
            self._need_folder(parent)
        uid, gid = self._order.owner
        kind = Kind.FILE if entry.has_content else entry.kind
        mode = entry.mode if self._order.mode is None or kind is Kind.SYMLINK else self._order.mode
        source = None
        if kind is Kind.FILE:
            self.digests[place] = self._origin.digest(entry)
            source = self._origin.source(entry)
        self._drafts[place] = Draft(
            replace(entry, path=place, kind=kind, uid=uid, gid=gid, mode=mode, sha256="", offset=0), source
        )

    def _need_folder(self, path: str, mode: int = 0o755) -> None:
        if not path or path in self._drafts:
            return
        standing = self._stage.get(path)
        if standing is not None and standing.kind is Kind.DIRECTORY:
            return
        if standing is not None:
            raise CopyFault(f"cannot copy to /{path}: it is not a directory")
        for parent in parents(path):
            self._need_folder(parent)
        uid, gid = self._order.owner
        if self._order.mode is not None:
            mode = self._order.mode
        self._drafts[path] = Draft(Entry(path, Kind.DIRECTORY, mode, uid, gid))


def _is_folder(path: str, origin: Origin) -> bool:
    entry = origin.view.get(origin.view.resolve(path))
    return entry is not None and entry.kind is Kind.DIRECTORY


def _match(source: str, origin: Origin) -> list[str]:
    path = posixpath.normpath(posixpath.join("/", source)).lstrip("/")
    if any(character in path for character in "*?["):
        pattern = pattern_expression(path)
        depth = path.count("/")
        # A wildcard that matches nothing is no error, as with BuildKit.
        return [
            e.path for e in origin.view.below("") if e.path.count("/") == depth and pattern.fullmatch(e.path)
        ]
    if origin.view.get(origin.view.resolve(path)) is not None:
        return [path]
    raise CopyFault(
        f'failed to calculate checksum of {origin.where}: "/{path}": not found', _advice(path, origin)
    )


def _advice(path: str, origin: Origin) -> str:
    for out in origin.left_out:
        if path == out or path.startswith(f"{out}/"):
            return f"{path} is there, but .dockerignore leaves it out of the context."
    folder, _, name = path.rpartition("/")
    if folder and origin.view.get(origin.view.resolve(folder)) is None:
        return f"There is no folder /{folder} in {origin.where}."
    around = [
        e.path.rpartition("/")[2] for e in origin.view.below(folder) if e.path.rpartition("/")[0] == folder
    ]
    near = get_close_matches(name, around, 1)
    if near:
        return f"Did you mean {posixpath.join(folder, near[0])}?"
    listed = ", ".join(around[:8]) + (", …" if len(around) > 8 else "")
    return f"In {origin.where}{f', /{folder},' if folder else ''} there is: {listed or 'nothing'}."
