"""Folders with permissions that a command set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a folder whatever its permissions; nothing happens when it is not there."""
    if not path.exists():
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        _open_up(path)
        shutil.rmtree(path)


def _open_up(folder: Path) -> None:
    """Let the owner into every folder. Links are not followed."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        here.chmod(0o700)
        with os.scandir(here) as names:
            waiting += [Path(name.path) for name in names if name.is_dir(follow_symlinks=False)]
