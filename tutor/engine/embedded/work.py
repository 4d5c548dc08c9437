"""Folders for work in progress, which a later start can tell from those of a run that died."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from tutor.core.ports import CleanReport
from tutor.core.progress import JournalEntry
from tutor.core.store import Journal
from tutor.engine.embedded import process_table
from tutor.engine.embedded.tree import remove_tree

_LOCK = ".lock"


class WorkFolder:
    """A folder that is locked for as long as this process lives, and written into the journal."""

    def __init__(self, parent: Path, journal: Journal, endpoint: str, run_id: str, purpose: str) -> None:
        self.path = parent / f"{purpose}-{uuid4().hex[:12]}"
        self._journal = journal
        self._entry = JournalEntry("folder", str(self.path), endpoint, run_id, purpose)
        journal.record(self._entry)
        self.path.mkdir()
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        remove_tree(self.path)
        os.close(self._lock)
        self._journal.forget(self._entry)


@contextlib.contextmanager
def work_folder(
    parent: Path, journal: Journal, endpoint: str, run_id: str, purpose: str
) -> Iterator[WorkFolder]:
    """A work folder for the length of a block."""
    folder = WorkFolder(parent, journal, endpoint, run_id, purpose)
    try:
        yield folder
    finally:
        folder.remove()


def sweep_work(parent: Path, journal: Journal, endpoint: str) -> CleanReport:
    """Remove the folders of runs that died, and kill processes that still live in them. Blocking."""
    removed: list[JournalEntry] = []
    left: list[tuple[JournalEntry, str]] = []
    reclaimed = 0
    known = {entry.object_id: entry for entry in journal.entries(endpoint) if entry.kind == "folder"}
    on_disk = [path for path in parent.iterdir() if path.is_dir()] if parent.is_dir() else []
    for name in {*known, *map(str, on_disk)}:
        path = Path(name)
        entry = known.get(name) or JournalEntry("folder", name, endpoint, "")
        if path.parent != parent:
            continue
        if _is_locked(path):
            continue
        try:
            _kill_inside(path)
            reclaimed += _bytes_in(path)
            remove_tree(path)
        except OSError as error:
            left.append((entry, str(error)))
            continue
        journal.forget(entry)
        removed.append(entry)
    return CleanReport(tuple(removed), tuple(left), reclaimed)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _kill_inside(path: Path) -> None:
    """Kill processes whose root, program or folder lies in here: what a killed proot may leave."""
    for pid in process_table.parents():
        for link in ("root", "exe", "cwd"):
            try:
                target = os.readlink(f"/proc/{pid}/{link}")  # noqa: PTH115 - a name in /proc, which may be gone
            except OSError:
                continue
            if target.startswith(f"{path}/"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break


def _bytes_in(path: Path) -> int:
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(folder) / name).lstat().st_size
    return total
