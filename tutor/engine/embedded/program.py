"""Which file a command starts, and why it would not start, in the words that Docker uses.

Standard library only: this runs in the sandbox, before the command takes over.
"""

from __future__ import annotations

import errno
import os
import platform
import stat
import struct
from collections.abc import Mapping

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
_PT_INTERP = 3


class StartFault(Exception):
    """The command cannot start. Exit code as a shell gives it: 127 not found, 126 not executable."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def inside(root: str, path: str, working_dir: str = "/") -> str | None:
    """Where ``path`` leads when ``root`` is /, symbolic links followed inside; None on a loop."""
    rest = [part for part in os.path.join(working_dir, path).split("/") if part and part != "."][::-1]
    done: list[str] = []
    links = 0
    while rest:
        part = rest.pop()
        if part == "..":
            done = done[:-1]
            continue
        here = "/".join([root.rstrip("/"), *done, part])
        try:
            target = os.readlink(here)
        except OSError:
            done.append(part)
            continue
        links += 1
        if links > 40:
            return None
        if target.startswith("/"):
            done = []
        rest += [piece for piece in target.split("/") if piece and piece != "."][::-1]
    return "/".join([root.rstrip("/"), *done]) if done else root


def find_program(argv: list[str], env: Mapping[str, str], root: str, working_dir: str) -> str:
    """The path, as seen from inside, of the file that ``argv`` starts.

    Raises:
        StartFault: there is none.
    """
    name = argv[0]
    if "/" in name:
        place = inside(root, name, working_dir)
        try:
            mode = os.stat(place or "").st_mode
        except OSError as error:
            text = os.strerror(error.errno or 0).lower()
            raise StartFault(f'exec: "{name}": stat {name}: {text}', 127) from None
        if stat.S_ISDIR(mode):
            raise StartFault(f'exec: "{name}": is a directory', 126)
        if not mode & 0o111:
            raise StartFault(f'exec: "{name}": permission denied', 126)
        return name
    for folder in (env.get("PATH") or DEFAULT_PATH).split(":"):
        candidate = f"{folder or '.'}/{name}"
        place = inside(root, candidate, working_dir)
        try:
            mode = os.stat(place or "").st_mode
        except OSError:
            continue
        if folder.startswith("/") and stat.S_ISREG(mode) and mode & 0o111:
            return candidate
    raise StartFault(f'exec: "{name}": executable file not found in $PATH', 127)


def exec_fault(path: str, error: OSError) -> StartFault:
    """What Docker says when execve of an existing file fails."""
    return StartFault(f"exec {path}: {os.strerror(error.errno or 0).lower()}", 1)


def foresee_exec_fault(path: str, root: str, working_dir: str) -> None:
    """Find out without starting it whether the kernel could load this file.

    For isolation in which another program starts ours and hides the kernel's own answer.

    Raises:
        StartFault: another machine's binary, no binary at all, or a loader that is not there.
    """
    place = inside(root, path, working_dir) or path
    with open(place, "rb") as file:
        head = file.read(64)
        if head.startswith(b"#!"):
            loader = head[2:].split(b"\n", 1)[0].strip().split(b" ", 1)[0].decode("utf-8", "replace")
        elif head[:5] != b"\x7fELF\x02" or len(head) < 64:
            raise exec_fault(path, OSError(errno.ENOEXEC, ""))
        else:
            (machine,) = struct.unpack_from("<H", head, 18)
            if machine != _ELF_MACHINES.get(platform.machine(), machine):
                raise exec_fault(path, OSError(errno.ENOEXEC, ""))
            (offset,) = struct.unpack_from("<Q", head, 32)
            size, count = struct.unpack_from("<HH", head, 54)
            loader = ""
            for index in range(count):
                file.seek(offset + index * size)
                entry = file.read(size)
                if len(entry) >= 56 and struct.unpack_from("<I", entry)[0] == _PT_INTERP:
                    (start,) = struct.unpack_from("<Q", entry, 8)
                    (length,) = struct.unpack_from("<Q", entry, 32)
                    file.seek(start)
                    loader = file.read(min(length, 4096)).rstrip(b"\0").decode("utf-8", "replace")
    if loader:
        found = inside(root, loader)
        if found is None or not os.path.exists(found):
            raise exec_fault(path, OSError(errno.ENOENT, ""))
