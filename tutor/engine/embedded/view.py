"""What a stage holds: layers laid over each other, without unpacking them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tutor.engine.embedded.entry import Entry, Kind

_ROOT = Entry("", Kind.DIRECTORY)
_MAX_LINKS = 40


class View:
    """Names of a root file system, each with the layer that holds its content."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Entry, str]] = {}

    def __iter__(self) -> Iterator[tuple[Entry, str]]:
        """Every entry with the digest of its layer; folders before what is in them."""
        return iter(sorted(self._entries.values(), key=lambda pair: pair[0].path.split("/")))

    def lay_over(self, entries: Iterable[Entry], diff_id: str) -> None:
        """Add one layer."""
        held = self._entries
        for entry in entries:
            old = held.get(entry.path)
            if old is not None and (entry.kind is not Kind.DIRECTORY or old[0].kind is not Kind.DIRECTORY):
                self._remove(entry.path, old[0].kind is Kind.DIRECTORY)
            if entry.kind is not Kind.WHITEOUT:
                held[entry.path] = (entry, diff_id)

    def _remove(self, path: str, with_content: bool) -> None:
        del self._entries[path]
        if with_content:
            below = f"{path}/"
            for name in [name for name in self._entries if name.startswith(below)]:
                del self._entries[name]

    def get(self, path: str) -> Entry | None:
        """The entry of exactly this path, no link followed; the root's is made up."""
        if not path:
            return _ROOT
        pair = self._entries.get(path)
        return pair[0] if pair else None

    def layer_of(self, path: str) -> str:
        """Digest of the layer that brought this path."""
        return self._entries[path][1]

    def below(self, path: str) -> list[Entry]:
        """All entries under a folder, sorted, without the folder."""
        prefix = f"{path}/" if path else ""
        return sorted(
            (pair[0] for name, pair in self._entries.items() if name.startswith(prefix)),
            key=lambda entry: entry.path,
        )

    def resolve(self, path: str, *, follow_last: bool = True) -> str:
        """The path with all symbolic links followed inside this root; parts may be missing."""
        rest = _parts(path)[::-1]
        done: list[str] = []
        links = 0
        while rest:
            part = rest.pop()
            if part == "..":
                done = done[:-1]
                continue
            here = "/".join([*done, part])
            pair = self._entries.get(here)
            is_link = pair is not None and pair[0].kind is Kind.SYMLINK and (rest or follow_last)
            if pair is None or not is_link or links >= _MAX_LINKS:
                done.append(part)
                continue
            links += 1
            target = pair[0].target
            if target.startswith("/"):
                done = []
            rest += _parts(target)[::-1]
        return "/".join(done)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part and part != "."]


def parents(path: str) -> list[str]:
    """The folders above a path, outermost first, without the root."""
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) != "."][::-1]
