"""The course as it was read last time: reading all lessons takes longer than the rest of a start."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tutor.catalog.course import Course

_PACKAGE = Path(__file__).resolve().parent.parent
_OURS = ("tutor.core.", "tutor.catalog.")
_READ = (".md", ".yaml")
"""Files whose content the loader reads; of the others it asks only whether they are there."""


def load_kept_course(
    lessons_folder: Path, context_folder: Path, kept: Path, load: Callable[[], Course]
) -> Course:
    """The course from ``kept`` when nothing has changed since, else from ``load``, and then kept.

    Args:
        lessons_folder: holds a folder a lesson.
        context_folder: the files that each lesson's ``start/`` is laid over.
        kept: a file that may not exist, be old or be damaged.
        load: reads the lessons.

    Raises:
        LessonError: from ``load``.
    """
    state = _state_of(lessons_folder, context_folder)
    found = _read(kept, state)
    if found is None:
        found = load()
        _write(kept, state, found)
    return found


def _state_of(lessons_folder: Path, context_folder: Path) -> tuple[object, ...]:
    """Changes whenever something changes that the loader looks at, or the program itself."""
    rows: list[object] = [str(lessons_folder), str(context_folder), *_program()]
    for folder, folders, names in os.walk(lessons_folder):
        folders.sort()
        rows.append((folder, *sorted(names)))
        for name in sorted(names):
            if name.endswith(_READ):
                try:
                    status = (Path(folder) / name).stat()
                except OSError:
                    continue
                rows.append((name, status.st_mtime_ns, status.st_size))
    return tuple(rows)


def _program() -> list[tuple[str, int, int]]:
    """The modules that say what a lesson is and what is wrong with one."""
    rows = []
    for room in ("core", "catalog", "grading"):
        with os.scandir(_PACKAGE / room) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    rows.append((f"{room}/{entry.name}", status.st_mtime_ns, status.st_size))
    return sorted(rows)


class _OurValues(pickle.Unpickler):
    """Makes nothing but lessons and what they are made of, whatever the file says."""

    def find_class(self, module_name: str, name: str, /) -> Any:
        found = super().find_class(module_name, name) if self._is_known(module_name, name) else None
        if not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module_name}.{name} is no part of a lesson")
        return found

    @staticmethod
    def _is_known(module_name: str, name: str) -> bool:
        return module_name.startswith(_OURS) or (module_name == "pathlib" and name.endswith("Path"))


def _read(kept: Path, state: tuple[object, ...]) -> Course | None:
    try:
        content = kept.read_bytes()
        stored, course = _OurValues(io.BytesIO(content)).load()
    except Exception:  # noqa: BLE001 - a damaged pickle may raise anything; then the lessons are read
        return None
    return course if stored == state and isinstance(course, Course) else None


def _write(kept: Path, state: tuple[object, ...], course: Course) -> None:
    """Keep it for the next start; a folder that cannot be written costs that start some time."""
    half_made = kept.with_name(f"{kept.name}.{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        half_made.write_bytes(pickle.dumps((state, course), protocol=pickle.HIGHEST_PROTOCOL))
        half_made.replace(kept)
    except OSError:
        with contextlib.suppress(OSError):
            half_made.unlink()
