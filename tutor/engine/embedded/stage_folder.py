"""A stage unpacked into a folder, so that a command can change it; and what the command changed.

Where the engine has one user id only, whom a file belongs to is kept here and not on disk. A command
of another user than root must not write what is not its own, so before it runs the owner's
permissions on disk are set to what that user may do.
"""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source, kind_of
from tutor.engine.embedded.layer import Layer, Stopped, fill_file
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.tree import remove_tree
from tutor.engine.embedded.view import parents

_Signature = tuple[int, ...]


class StageFolder:
    """A root file system on disk. Blocking."""

    def __init__(
        self, path: Path, store: Store, pool: Pool, *, real_owners: bool, exists: bool = False
    ) -> None:
        self.path = path
        if not exists:
            path.mkdir()
            path.chmod(0o755)
        self.laid: list[str] = []
        """Digests of the layers in it, oldest first."""
        self._store = store
        self._pool = pool
        self._real_owners = real_owners
        self._entries: dict[str, Entry] = {}
        self._signatures: dict[str, _Signature] = {}
        self._opened: list[str] = []

    def lay(self, layer: Layer, stopped: threading.Event | None = None) -> None:
        """Unpack a layer over what is there.

        Raises:
            Stopped: ``stopped`` was set meanwhile.
        """
        blob = self._store.blob(layer.diff_id)
        pooled = self._pool.holds(layer.diff_id)
        folders = []
        opened: set[str] = set()
        self._open_folder("")
        for entry in layer.entries:
            if stopped is not None and stopped.is_set():
                raise Stopped
            place = self.path / entry.path
            for parent in parents(entry.path):
                if parent not in opened:
                    opened.add(parent)
                    self._open_folder(parent)
            old = self._entries.get(entry.path)
            if entry.kind is Kind.DIRECTORY and old is not None and old.kind is Kind.DIRECTORY:
                folders.append(entry)
                continue
            if old is not None:
                self._remove(entry.path, old)
            if entry.kind is Kind.WHITEOUT:
                continue
            if pooled and entry.kind is Kind.FILE:
                self._pool.link(entry, layer.diff_id, place)
            else:
                self._make(entry, place, blob)
            if entry.kind is Kind.DIRECTORY:
                folders.append(entry)
            else:
                self._note(entry)
        # Last, since a folder may forbid to write into it.
        for entry in folders:
            self._set_mode(entry, self.path / entry.path)
            self._note(entry)
        self.laid.append(layer.diff_id)

    def prepare_for(self, uid: int, gid: int) -> None:
        """Set permissions on disk to what this user may do, file by file."""
        if self._real_owners:
            return
        folders = sorted(path for path, entry in self._entries.items() if entry.kind is Kind.DIRECTORY)
        for path in folders:
            self._open_folder(path)
        others = (path for path, entry in self._entries.items() if entry.kind is not Kind.DIRECTORY)
        for path in (*others, *reversed(folders)):
            entry = self._entries[path]
            wanted = _effective_mode(entry, uid, gid)
            if entry.kind is not Kind.SYMLINK and stat.S_IMODE(self._signatures[path][0]) != wanted:
                place = self.path / path
                place.chmod(wanted)
                self._signatures[path] = _signature(place.lstat())
        self.path.chmod(_effective_mode(Entry("", Kind.DIRECTORY), uid, gid))

    def differences(self, uid: int, gid: int, stopped: threading.Event | None = None) -> list[Draft]:
        """What changed since the last layer. New files belong to this user."""
        found: dict[str, Draft] = {}
        seen: set[str] = set()
        first_names: dict[tuple[int, int], str] = {}
        for path, status in self._walk(stopped):
            kind = kind_of(status.st_mode)
            if kind is None:
                continue
            seen.add(path)
            old = self._entries.get(path)
            if old is not None and self._is_unchanged(path, old, kind, status, uid):
                continue
            entry = self._entry(path, kind, status, old, uid, gid)
            if kind is Kind.FILE and status.st_nlink > 1:
                first = first_names.setdefault((status.st_dev, status.st_ino), path)
                if first != path:
                    entry = replace(entry, kind=Kind.HARDLINK, target=first)
            found[path] = Draft(entry, Source(self.path / path) if entry.kind is Kind.FILE else None)
        for path in self._opened:
            if path in self._entries:
                self._signatures[path] = _signature((self.path / path).lstat())
        for path in self._entries:
            if path not in seen and all(parent in seen for parent in parents(path)[-1:]):
                found[path] = Draft(Entry(path, Kind.WHITEOUT))
        for path in list(found):
            for parent in parents(path):
                if parent not in found and parent in self._entries:
                    found[parent] = Draft(self._entries[parent])
        return list(found.values())

    def accept(self, layer: Layer) -> None:
        """The differences became this layer."""
        for entry in layer.entries:
            if entry.kind is Kind.WHITEOUT:
                below = f"{entry.path}/"
                for path in [each for each in self._entries if each == entry.path or each.startswith(below)]:
                    self._forget(path)
            else:
                self._note(entry)
        self.laid.append(layer.diff_id)

    def remove(self) -> None:
        """Remove it from disk."""
        remove_tree(self.path)

    def _walk(self, stopped: threading.Event | None) -> list[tuple[str, os.stat_result]]:
        """Every name as it is on disk, in order.

        Folders that may not be read are opened up; :meth:`prepare_for` closes them again.
        """
        found: list[tuple[str, os.stat_result]] = []
        waiting = [""]
        opened = []
        while waiting:
            if stopped is not None and stopped.is_set():
                raise Stopped
            folder = waiting.pop()
            with os.scandir(self.path / folder) as names:
                for name in names:
                    path = f"{folder}/{name.name}" if folder else name.name
                    status = name.stat(follow_symlinks=False)
                    found.append((path, status))
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(path)
                        if status.st_mode & 0o700 != 0o700:
                            (self.path / path).chmod(stat.S_IMODE(status.st_mode) | 0o700)
                            opened.append(path)
        self._opened = opened
        return sorted(found)

    def _open_folder(self, path: str) -> None:
        place = self.path / path
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o700 != 0o700:
            place.chmod(mode | 0o700)
            if path in self._signatures:
                self._signatures[path] = _signature(place.lstat())

    def _is_unchanged(self, path: str, old: Entry, kind: Kind, status: os.stat_result, uid: int) -> bool:
        old_kind = Kind.FILE if old.kind is Kind.HARDLINK else old.kind
        if kind is not old_kind:
            return False
        before, now = self._signatures[path], _signature(status)
        if kind is Kind.DIRECTORY or before == now:
            return before[:3] == now[:3]
        # Only the time differs, of a file that this user could not write: on disk it seems to be
        # this user's, who may then set its time. In Docker that would have been refused.
        forbidden = not self._real_owners and uid not in (0, old.uid) and not before[0] & stat.S_IWUSR
        if forbidden and before[:5] == now[:5]:
            self._signatures[path] = now
            return True
        return False

    def _entry(
        self, path: str, kind: Kind, status: os.stat_result, old: Entry | None, uid: int, gid: int
    ) -> Entry:
        mode = stat.S_IMODE(status.st_mode)
        if self._real_owners:
            uid, gid = status.st_uid, status.st_gid
        elif old is not None and self._signatures[path][3] == status.st_ino:
            # The same file, written to: whose it is did not change, and its mode only if touched.
            uid, gid = old.uid, old.gid
            if mode == stat.S_IMODE(self._signatures[path][0]):
                mode = old.mode
        return Entry(
            path,
            kind,
            mode,
            uid,
            gid,
            status.st_size if kind is Kind.FILE else 0,
            os.readlink(self.path / path) if kind is Kind.SYMLINK else "",  # noqa: PTH115 - as written
        )

    def _make(self, entry: Entry, place: Path, blob: Path) -> None:
        if entry.kind is Kind.DIRECTORY:
            place.mkdir()
            return
        if entry.kind is Kind.SYMLINK:
            place.symlink_to(entry.target)
        elif entry.kind is Kind.HARDLINK:
            place.hardlink_to(self.path / entry.target)
            return
        elif entry.kind is Kind.FIFO:
            os.mkfifo(place)
        else:
            fill_file(place, Source(blob, entry.offset), entry)
            os.utime(place, (0, 0))
        self._set_mode(entry, place)

    def _set_mode(self, entry: Entry, place: Path) -> None:
        if self._real_owners:
            os.chown(place, entry.uid, entry.gid, follow_symlinks=False)
        if entry.kind is not Kind.SYMLINK:
            place.chmod(entry.mode)

    def _note(self, entry: Entry) -> None:
        self._entries[entry.path] = entry
        self._signatures[entry.path] = _signature((self.path / entry.path).lstat())

    def _forget(self, path: str) -> None:
        del self._entries[path], self._signatures[path]

    def _remove(self, path: str, old: Entry) -> None:
        if old.kind is Kind.DIRECTORY:
            remove_tree(self.path / path)
            below = f"{path}/"
            for name in [name for name in self._entries if name.startswith(below)]:
                self._forget(name)
        else:
            (self.path / path).unlink()
        self._forget(path)


def _signature(status: os.stat_result) -> _Signature:
    return (
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
    )


def _effective_mode(entry: Entry, uid: int, gid: int) -> int:
    if uid in (0, entry.uid):
        return entry.mode
    allowed = entry.mode >> 3 if gid == entry.gid else entry.mode
    return entry.mode & ~0o700 | (allowed & 0o7) << 6
