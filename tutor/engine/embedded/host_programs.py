"""A shell from this machine's own programs, for a machine without a static busybox.

A fixed list, each with the libraries it names: never the whole of /usr, whose compiler would turn
cgo on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source

_PROGRAMS = (
    *("basename", "cat", "chmod", "chown", "cp", "cut", "date", "dirname", "du", "echo", "env", "find"),
    *("grep", "head", "id", "ln", "ls", "mkdir", "mv", "printf", "pwd", "rm", "rmdir", "sed", "sha256sum"),
    *("sleep", "sort", "stat", "tail", "test", "touch", "tr", "true", "uname", "wc", "which"),
)
_LIBRARY = re.compile(r"(?:=>\s+)?(/\S+)\s+\(0x")


def host_program_drafts(environ: Mapping[str, str]) -> list[Draft] | None:
    """The programs, at /bin, with their libraries; None when there is no shell to take."""
    path = environ.get("PATH", os.defpath)
    shell = shutil.which("dash", path=path) or shutil.which("sh", path=path)
    if shell is None or shutil.which("ldd", path=path) is None:
        return None
    found = {"sh": Path(shell)}
    found |= {name: Path(place) for name in _PROGRAMS if (place := shutil.which(name, path=path))}
    drafts: dict[str, Draft] = {}
    for name, program in found.items():
        _add(drafts, f"bin/{name}", program.resolve())
        for library in _libraries(program):
            for parent in Path(library.lstrip("/")).parents:
                if str(parent) != ".":
                    drafts.setdefault(str(parent), Draft(Entry(str(parent), Kind.DIRECTORY)))
            _add(drafts, library.lstrip("/"), Path(library).resolve())
    return list(drafts.values())


def _add(drafts: dict[str, Draft], path: str, place: Path) -> None:
    size = place.stat().st_size
    drafts.setdefault(path, Draft(Entry(path, Kind.FILE, 0o755, size=size), Source(place)))


def _libraries(program: Path) -> list[str]:
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False, timeout=20)
    return _LIBRARY.findall(listing.stdout)
