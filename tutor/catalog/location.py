"""Where the lessons and the service lie: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

from tutor.core.errors import LessonError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folders() -> tuple[Path, Path]:
    """The folder of the lessons and the folder of the service they all build.

    Raises:
        LessonError: neither a checkout nor an installed package is around this file.
    """
    for root in (_PACKAGE / "data", _PACKAGE.parent):
        lessons, service = root / "lessons", root / "assets" / "service"
        if lessons.is_dir() and service.is_dir():
            return lessons, service
    raise LessonError(
        "The lessons are not there.", where=str(_PACKAGE / "data"), next_step="Install the package again."
    )
