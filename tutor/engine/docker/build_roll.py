"""Which builds go on now, of every learner of this machine and engine.

What a build that was killed had made, but not yet written down, is known by when it was made and what it
stands on. A neighbour that builds on the same base at the same time makes the same. So builds are
entered here, and nothing is guessed about a time in which another one was at work.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tutor.engine.docker.ownership import owner_lives, this_process

_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Line:
    owner: str
    home: str
    started: float


class BuildRoll:
    """A folder that all users of this machine may write to: one file for each build that goes on."""

    def __init__(self, engine_id: str, home: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(engine_id.encode()).hexdigest()[:12]
        self._top = folder or Path(tempfile.gettempdir()) / "fromscratch-builds"
        self._folder = self._top / name
        self._home = home

    def enter(self, run_id: str, started: float) -> None:
        """A build begins, at ``started`` by the engine's clock. Without a folder nobody hears of it."""
        with contextlib.suppress(OSError):
            for folder in (self._top, self._folder):
                if not folder.exists():
                    folder.mkdir(exist_ok=True)
                    folder.chmod(0o1777)
            line = {"owner": this_process(), "home": self._home, "started": started}
            self._file(run_id).write_text(json.dumps(line), encoding="utf-8")

    def leave(self, run_id: str) -> None:
        """It is over."""
        with contextlib.suppress(OSError):
            self._file(run_id).unlink()

    def neighbours_until(self, moment: float) -> bool:
        """Whether another home has a build under way that began before this moment."""
        return any(line.home != self._home and line.started <= moment for line in self._living())

    def _file(self, run_id: str) -> Path:
        return self._folder / hashlib.sha256(f"{self._home} {run_id}".encode()).hexdigest()[:24]

    def _living(self) -> list[_Line]:
        found = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if (line := _read(path)) is None:
                    continue
                if owner_lives(line.owner):
                    found.append(line)
                else:
                    with contextlib.suppress(OSError):
                        path.unlink()
        return found


def _read(path: Path) -> _Line | None:
    try:
        # Others write here: nothing that one could wait for, or be led away by.
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            value = json.loads(file.read(_LINE_BYTES))
        return _Line(str(value["owner"]), str(value["home"]), float(value["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
