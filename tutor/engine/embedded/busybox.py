"""A static busybox: the shell and the small programs of the stand-in base."""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

from tutor.engine.embedded.tree import remove_tree

INSTALL_COMMAND = "sudo apt-get install busybox-static"
_NAMES = ("busybox", "busybox-static", "busybox.static")
_DOWNLOAD_SECONDS = 120.0


def is_static(path: Path) -> bool:
    """Whether this is a 64-bit ELF file that asks for no loader."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    if head[:5] != b"\x7fELF\x02" or len(head) < 64:
        return False
    (offset,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    if offset + size * count > len(head):
        return False
    return all(struct.unpack_from("<I", head, offset + index * size)[0] != 3 for index in range(count))


def installed_busybox(environ: Mapping[str, str], cache: Path) -> Path | None:
    """A static busybox that is here already: installed, or downloaded before."""
    search = os.pathsep.join([environ.get("PATH", os.defpath), "/bin", "/usr/bin", "/sbin", "/usr/sbin"])
    found = [Path(path) for name in _NAMES if (path := shutil.which(name, path=search))]
    return next((path for path in [*found, cache / "busybox"] if is_static(path)), None)


def can_download(environ: Mapping[str, str]) -> bool:
    """Whether this is a Debian or Ubuntu, whose package can be fetched without root."""
    path = environ.get("PATH", os.defpath)
    return bool(shutil.which("apt-get", path=path) and shutil.which("dpkg-deb", path=path))


async def download_busybox(cache: Path, scratch: Path) -> Path | None:
    """Fetch Debian's busybox-static with apt-get, which needs no root; None when that fails."""
    folder = scratch / "busybox"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    try:
        if not await _run("apt-get", "download", "busybox-static", cwd=folder):
            return None
        package = next(folder.glob("busybox-static*.deb"), None)
        if package is None or not await _run("dpkg-deb", "-x", str(package), "unpacked", cwd=folder):
            return None
        return _keep(folder / "unpacked", cache)
    finally:
        await asyncio.to_thread(remove_tree, folder)


def _keep(unpacked: Path, cache: Path) -> Path | None:
    for name in ("bin/busybox", "usr/bin/busybox"):
        if is_static(unpacked / name):
            cache.mkdir(parents=True, exist_ok=True)
            return (unpacked / name).replace(cache / "busybox")
    return None


async def applets(busybox: Path) -> tuple[str, ...]:
    """The paths, without a slash in front, at which its programs belong: ``bin/sh``, ``usr/bin/env``."""
    process = await asyncio.create_subprocess_exec(
        busybox, "--list-full", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return tuple(line for line in output.decode("ascii", "replace").split() if line)


async def _run(*command: str, cwd: Path) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(process.wait(), _DOWNLOAD_SECONDS) == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
