"""Files of a large base, unpacked once and shared by hard links between all stages on it.

A command may change a shared file in place. That is noticed before the file is shared again, since
its time is no longer zero, and the file is made anew from the layer's archive.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tutor.engine.embedded.entry import Entry, Source
from tutor.engine.embedded.layer import fill_file
from tutor.engine.embedded.store import Store


class Pool:
    """Shared files by their layer and digest. Blocking."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.folder / "pool"

    def holds(self, diff_id: str) -> bool:
        """Whether files of this layer are shared."""
        return self._place(diff_id).exists()

    def share(self, diff_id: str) -> None:
        """Share the files of this layer from now on."""
        self._folder.mkdir(exist_ok=True)
        for entry in self._store.layer(diff_id).entries:
            if entry.has_content:
                self._fresh(entry, diff_id)
        self._place(diff_id).touch()

    def link(self, entry: Entry, diff_id: str, place: Path) -> None:
        """Put a shared file at a place."""
        shared = self._file(entry)
        try:
            status = shared.lstat()
        except FileNotFoundError:
            status = None
        wanted = (entry.size, 0, os.geteuid())
        if status is None or wanted != (status.st_size, status.st_mtime_ns, status.st_uid):
            shared = self._fresh(entry, diff_id)
        elif stat.S_IMODE(status.st_mode) != entry.mode:
            shared.chmod(entry.mode)
        place.hardlink_to(shared)

    def _fresh(self, entry: Entry, diff_id: str) -> Path:
        shared = self._file(entry)
        half_made = shared.with_name(f"{shared.name}.{os.getpid()}")
        half_made.unlink(missing_ok=True)
        fill_file(half_made, Source(self._store.blob(diff_id), entry.offset), entry)
        half_made.chmod(entry.mode)
        os.utime(half_made, (0, 0))
        half_made.replace(shared)
        return shared

    def _file(self, entry: Entry) -> Path:
        return self._folder / f"{entry.sha256}-{entry.mode:o}"

    def _place(self, diff_id: str) -> Path:
        return self._folder / f"layer-{diff_id.removeprefix('sha256:')}"
