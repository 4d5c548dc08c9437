"""A full disk, told as what it is."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from tutor.core.errors import NoSpaceLeft

_NOTHING_LEFT_BYTES = 1 << 20


@contextlib.contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Turn the system's word for a full disk or quota into ours.

    Raises:
        NoSpaceLeft: something in the block found the disk full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceLeft(
                f"The disk that holds {folder} is full.",
                next_step="Free some space, or run: fromscratch clean",
            ) from error
        raise


def check_space(folder: Path) -> None:
    """After a command failed: was it for lack of space?

    Raises:
        OSError: with ENOSPC, when nothing is left.
    """
    if shutil.disk_usage(folder).free < _NOTHING_LEFT_BYTES:
        raise OSError(errno.ENOSPC, "no space left on device")
