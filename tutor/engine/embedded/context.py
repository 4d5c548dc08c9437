"""The build context: the files of a folder, less those that .dockerignore leaves out."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from tutor.engine.embedded.entry import Entry, Kind, Source, kind_of
from tutor.engine.embedded.ignore import Ignore, read_ignore
from tutor.engine.embedded.view import View

CONTEXT = "context"


class Context:
    """A folder, listed once. Blocking."""

    def __init__(self, folder: Path, dockerfile: Path) -> None:
        self.folder = folder
        self.ignore: Ignore = read_ignore(folder, dockerfile)
        self.left_out: list[str] = []
        """What .dockerignore kept away; of a folder only its own name."""
        self.view = View()
        self.view.lay_over(self._list(""), CONTEXT)
        self._digests: dict[str, str] = {}

    def source(self, entry: Entry) -> Source:
        """Where the content of a file of this context is."""
        return Source(self.folder / entry.path)

    def digest(self, entry: Entry) -> str:
        """The SHA-256 of a file's content, read once."""
        if entry.path not in self._digests:
            with (self.folder / entry.path).open("rb") as file:
                self._digests[entry.path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[entry.path]

    def _list(self, folder: str) -> list[Entry]:
        found: list[Entry] = []
        with os.scandir(self.folder / folder) as names:
            for name in sorted(names, key=lambda each: each.name):
                path = f"{folder}/{name.name}" if folder else name.name
                out = self.ignore.leaves_out(path)
                if out:
                    self.left_out.append(path)
                status = name.stat(follow_symlinks=False)
                kind = kind_of(status.st_mode)
                below = []
                if kind is Kind.DIRECTORY and (not out or self.ignore.has_exceptions):
                    below = self._list(path)
                # A folder stays when something in it came back.
                if kind is None or (out and not below):
                    continue
                target = os.readlink(name.path) if kind is Kind.SYMLINK else ""  # noqa: PTH115 - as written
                size = status.st_size if kind is Kind.FILE else 0
                found.append(Entry(path, kind, stat.S_IMODE(status.st_mode), size=size, target=target))
                found += below
        return found
