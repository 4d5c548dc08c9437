"""The two programs that are compared: the tutor on its lesson screen, and the bare app."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.storage.database import SqliteProgressStore
from tutor.storage.location import Location

LESSON = "two-stages"


@dataclass(frozen=True, slots=True)
class Subject:
    """A program and the words that stand on its first whole frame."""

    command: tuple[str, ...]
    words: tuple[str, ...]
    environ: Mapping[str, str]


def _environ(home: Path) -> dict[str, str]:
    left_out = ("TEXTUAL", "NO_COLOR", "PYTHONDONTWRITEBYTECODE")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return environ | {
        "FROMSCRATCH_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        # Installed packages come compiled; so do both programs here, from the first round on.
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
    }


def bare(home: Path) -> Subject:
    """The floor."""
    command = (sys.executable, "-m", "tests.bench.bare_app")
    return Subject(command, ("barefloor", "loglinehere", "Quitkey"), _environ(home))


def lesson_screen(home: Path) -> Subject:
    """The tutor, opened by a learner who was here before, on the lesson that was left."""
    environ = _environ(home)
    store = SqliteProgressStore(Location.discover(environ, home).database)
    store.save_setting("tour", "seen")
    store.close()
    command = (sys.executable, "-m", "tutor", "--lesson", LESSON)
    last_word = load_course(*shipped_folders()).find(LESSON).steps[0].prose.split()[-1]
    # The prose to its end, its frame, the top of the file, NEXT, the sizes and the footer.
    words = (last_word, "Step 1 of", "golang", "NEXT", "Image sizes", "Quit")
    return Subject(command, words, environ)
