"""What a lab or a reset replaced: kept aside, and put back by undo.

One folder for each replacement, named by its time::

    20260102T030405000000Z/
        note.json      which names were kept, which were new
        files/…        the old files

Restoring keeps what it replaces too, under ``…-undone``, so that nothing of a learner's is ever lost.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tutor.storage.atomic import sync_folder, write_atomically

_NOTE = "note.json"
_UNDONE = "-undone"


@dataclass(frozen=True, slots=True)
class Note:
    """What one replacement did to the workspace."""

    kept: tuple[str, ...]
    """Names whose old files lie aside."""
    added: tuple[str, ...]
    """Names that were not there before."""


class KeptFiles:
    """The replacements of one workspace, newest last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, workspace: Path, present: Iterable[str], added: Iterable[str], suffix: str = "") -> Path:
        """Copy ``present`` aside before they are replaced; durable when this returns.

        Raises:
            OSError: there is no room, or a file cannot be read.
        """
        note = Note(kept=tuple(present), added=tuple(added))
        name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ") + suffix
        half_made = self.folder / f".{name}.half"
        try:
            (half_made / "files").mkdir(parents=True)
            for path in note.kept:
                copy = half_made / "files" / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(workspace / path, copy, follow_symlinks=False)
            # The standard library's: a file name that is not UTF-8 survives it.
            write_atomically(half_made / _NOTE, json.dumps(asdict(note)).encode())
            entry = half_made.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(half_made, ignore_errors=True)
            raise
        sync_folder(self.folder)
        return entry

    def newest(self) -> tuple[Path, Note] | None:
        """The newest replacement that was not undone."""
        for entry in sorted(self._entries(), reverse=True):
            # A note that cannot be read is passed over: its files stay where they are.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                note = json.loads((entry / _NOTE).read_bytes())
                return entry, Note(kept=tuple(note["kept"]), added=tuple(note["added"]))
        return None

    def drop(self, entry: Path) -> None:
        """Forget a replacement whose files are back in the workspace."""
        shutil.rmtree(entry, ignore_errors=True)

    def _entries(self) -> list[Path]:
        try:
            entries = list(self.folder.iterdir())
        except OSError:
            return []
        return [entry for entry in entries if not entry.name.startswith(".") and _UNDONE not in entry.name]
