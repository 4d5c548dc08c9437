"""The state of a small folder by content: taken, and put back without touching what is the same."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tutor.core.errors import StorageError
from tutor.storage.failure import told
from tutor.storage.tree import is_editors_own, names_below, remove_empty_folders

SNAPSHOT_LIMIT_BYTES = 256 * 1024 * 1024
"""All contents that are remembered, each once."""

LINK = -1
"""Stands in place of the permissions of a link."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file or link."""

    name: str
    sha256: str
    mode: int
    """Permissions; :data:`LINK` for a link."""


class FolderSnapshots:
    """Remembers contents by their SHA-256. Blocking; raises StorageError in words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents: dict[str, bytes] = {}
        self._kept_bytes = 0

    def take(self) -> tuple[FileRecord, ...]:
        """The folder as it is now. What editors leave beside files does not count."""
        with told("read the workspace", self.folder):
            names = names_below(self.folder) if self.folder.is_dir() else ()
            return tuple(self._record(name) for name in names if not is_editors_own(name))

    def _record(self, name: str) -> FileRecord:
        path = self.folder / name
        status = path.lstat()
        is_link = stat.S_ISLNK(status.st_mode)
        if not is_link and not stat.S_ISREG(status.st_mode):
            raise StorageError(
                f"{name} is neither a file nor a link.",
                where=str(path),
                next_step="Remove it and try again.",
            )
        content = os.fsencode(path.readlink()) if is_link else path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self._contents:
            if self._kept_bytes + len(content) > SNAPSHOT_LIMIT_BYTES:
                raise StorageError(
                    "The workspace is too large to be remembered at every step.",
                    where=str(path),
                    next_step="Remove large files from it.",
                )
            self._contents[sha256] = content
            self._kept_bytes += len(content)
        return FileRecord(name, sha256, LINK if is_link else stat.S_IMODE(status.st_mode))

    def text(self, record: FileRecord) -> str:
        """The content of a record, for showing."""
        return self._contents[record.sha256].decode("utf-8", "replace")

    def put_back(self, records: tuple[FileRecord, ...]) -> tuple[str, ...]:
        """Make the folder what it was; the names of what had to change."""
        with told("put the workspace back", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            wanted = {record.name: record for record in records}
            present = {name for name in names_below(self.folder) if not is_editors_own(name)}
            changed = sorted(present - set(wanted))
            for name in changed:
                (self.folder / name).unlink()
            remove_empty_folders(self.folder)
            for record in records:
                if record.name not in present or self._differs(record):
                    self._write(record)
                    changed.append(record.name)
        return tuple(changed)

    def _differs(self, record: FileRecord) -> bool:
        path = self.folder / record.name
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return record.mode != LINK or os.fsencode(path.readlink()) != self._contents[record.sha256]
        if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) != record.mode:
            return True
        content = self._contents[record.sha256]
        return status.st_size != len(content) or path.read_bytes() != content

    def _write(self, record: FileRecord) -> None:
        path = self.folder / record.name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = self._contents[record.sha256]
        fresh = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
        try:
            if record.mode != LINK:
                fresh.write_bytes(content)
                fresh.chmod(record.mode)
            else:
                fresh.symlink_to(os.fsdecode(content))
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
