"""Faults of the file system and of SQLite, turned into words with a next step."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tutor.core.errors import StorageError
from tutor.core.text import clean_line

_RIGHTS = "Give yourself the right to it, or set FROMSCRATCH_HOME to a folder of your own."
_SPACE = "Free some space and try again; `fromscratch clean` removes what it built."
_WORDS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", _SPACE),
    errno.EDQUOT: ("your disk quota is used up", _SPACE),
    errno.EROFS: ("it lies on a read-only file system", _RIGHTS),
    errno.EACCES: ("permission denied", _RIGHTS),
    errno.EPERM: ("the system does not permit it", _RIGHTS),
    errno.ENOENT: ("it is not there any more", "Put it back, or reset the lesson's files."),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Move that file away and try again."),
    errno.EISDIR: ("it is a folder, not a file", "Move that folder away and try again."),
    errno.ELOOP: ("its symbolic links lead in a circle", "Remove the link and try again."),
    errno.ENAMETOOLONG: ("its name is too long for this file system", "Choose a shorter folder."),
}


def failure(doing: str, error: OSError, path: Path) -> StorageError:
    """What went wrong in words. ``doing`` reads on from "cannot": ``save the file``."""
    unknown = (clean_line(error.strerror or str(error)), "Look at the disk and its rights, then try again.")
    words, next_step = _WORDS.get(error.errno or 0, unknown)
    return StorageError(f"Cannot {doing}: {words}.", where=str(path), next_step=next_step)


@contextmanager
def told(doing: str, path: Path) -> Iterator[None]:
    """Raise :class:`StorageError` in place of any OSError of the block."""
    try:
        yield
    except OSError as error:
        raise failure(doing, error, path) from error


def database_failure(error: sqlite3.Error, path: Path) -> StorageError:
    """What SQLite could not do, in words."""
    text = str(error)
    if "locked" in text or "busy" in text:
        what = "Another program holds it locked."
        next_step = "Close other windows of the tutor and try again."
    elif "readonly" in text or "unable to open" in text:
        what = "It cannot be written to."
        next_step = _RIGHTS
    elif "full" in text:
        what = "The disk is full."
        next_step = _SPACE
    elif "disk I/O" in text:
        what = "The disk did not read or write it."
        next_step = "Look at the disk, or set FROMSCRATCH_HOME to a folder on another one."
    else:
        what = f"It cannot be used: {clean_line(text)}."
        next_step = "Start the tutor again; a damaged file is then set aside and a fresh one begun."
    return StorageError(what, where=str(path), next_step=next_step)
