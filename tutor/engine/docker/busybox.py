"""A static busybox: the shell and the small programs of the stand-in base image."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tutor.core.kit import Kit

_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/busybox", "/sbin/busybox")
_HINT = "install one (Debian, Ubuntu: apt-get install busybox-static)"


@dataclass(frozen=True, slots=True)
class Busybox:
    """The program and the names it answers to."""

    content: bytes
    applets: tuple[str, ...]
    version: str

    @property
    def sha256(self) -> str:
        """Of the program."""
        return hashlib.sha256(self.content).hexdigest()


def local_busybox() -> Path | None:
    """A busybox of this machine that needs no libraries; None when there is none. Blocking."""
    found = shutil.which("busybox")
    for place in dict.fromkeys((*_PLACES, *([found] if found else []))):
        path = Path(place)
        if path.is_file() and _is_static(path):
            return path
    return None


def can_download() -> bool:
    """Whether this machine's package manager can bring one without being root."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def is_obtainable(kit: Kit | None = None) -> bool:
    """Whether :func:`obtain_busybox` has a place to take one from. Blocking."""
    return local_busybox() is not None or (kit is not None and kit.busybox is not None) or can_download()


def missing_note() -> str:
    """What to do when there is none."""
    return f"there is no static busybox here: {_HINT}"


async def obtain_busybox(kit: Kit | None = None) -> Busybox:
    """This machine's, else the one in a class kit, else one fetched from the package archive.

    Raises:
        FileNotFoundError: neither is to be had; the text says what to install.
    """
    path = await asyncio.to_thread(local_busybox)
    if path is not None:
        return await asyncio.to_thread(_read, path)
    if kit is not None and kit.busybox is not None:
        return await asyncio.to_thread(_read_kit, kit, kit.busybox)
    if not can_download():
        raise FileNotFoundError(missing_note())
    with tempfile.TemporaryDirectory(prefix="fromscratch-busybox-") as folder:
        await _run(folder, "apt-get", "download", "busybox-static")
        package = await asyncio.to_thread(_first, Path(folder), "*.deb")
        await _run(folder, "dpkg-deb", "-x", str(package), "out")
        program = await asyncio.to_thread(_first, Path(folder), "out/**/busybox")
        return await asyncio.to_thread(_read, program)


def _first(folder: Path, pattern: str) -> Path:
    found = [each for each in folder.glob(pattern) if each.is_file()]
    if not found:
        raise FileNotFoundError(missing_note())
    return found[0]


def _is_static(path: Path) -> bool:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as file:
            return all(segment.header.p_type != "PT_INTERP" for segment in ELFFile(file).iter_segments())
    except (OSError, ELFError):
        return False


def _read(path: Path) -> Busybox:
    listed = subprocess.run([path, "--list"], capture_output=True, text=True, check=True, timeout=20)
    banner = subprocess.run([path], capture_output=True, text=True, check=False, timeout=20).stdout
    version = banner.split(" (", 1)[0].removeprefix("BusyBox ") if banner.startswith("BusyBox") else ""
    return Busybox(path.read_bytes(), tuple(sorted(set(listed.stdout.split()))), version)


def _read_kit(kit: Kit, path: Path) -> Busybox:
    """As the kit tells: what came with it is run inside a build only."""
    names = {each.rpartition("/")[2] for each in kit.applets}
    return Busybox(path.read_bytes(), tuple(sorted(names)), "")


async def _run(folder: str, *command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(60):
            await process.wait()
    except TimeoutError:
        raise FileNotFoundError(f"{command[0]} gives no answer; {missing_note()}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
