"""Where the socket of a running demo lies, and the file that tells so."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from pathlib import Path

from tutor.storage.atomic import write_atomically
from tutor.storage.failure import told

_PREFIX = "fromscratch-console-"
_LONGEST_FOLDER = 60
"""The path of a socket may have 104 characters on macOS, 108 on Linux."""


def make_socket_folder() -> Path:
    """A fresh folder that only this user can enter. Short, unlike a home's own path may be.

    Raises:
        StorageError: it cannot be made.
    """
    base = Path(tempfile.gettempdir())
    if len(str(base)) > _LONGEST_FOLDER:
        base = Path("/tmp")  # noqa: S108 (mkdtemp makes the folder private)
    with told("make a place for the presenter's console", base):
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))


def point_to(pointer: Path, place: Path) -> None:
    """Let ``pointer`` tell of this socket; only this user can read it. What a dead demo left goes.

    Raises:
        StorageError: it cannot be written.
    """
    former = pointed(pointer)
    with told("tell the presenter's console where the demo is", pointer):
        pointer.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(pointer, f"{place}\n".encode(), private=True)
    if former is not None and former != place and former.parent.name.startswith(_PREFIX):
        with contextlib.suppress(OSError):
            if not _is_answered(former):
                shutil.rmtree(former.parent)


def pointed(pointer: Path) -> Path | None:
    """The socket that ``pointer`` tells of; None when it tells of none, or was not written by this user."""
    with contextlib.suppress(OSError, ValueError):
        handle = os.open(pointer, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            text = file.read(4096).decode().strip()
        place = Path(text)
        if text and "\0" not in text and place.is_absolute():
            return place
    return None


def forget_socket(pointer: Path, place: Path) -> None:
    """Take away the socket's folder, and the pointer when it still tells of this one. Never fails."""
    with contextlib.suppress(OSError):
        if pointed(pointer) == place:
            pointer.unlink()
    shutil.rmtree(place.parent, ignore_errors=True)


def _is_answered(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(place))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
