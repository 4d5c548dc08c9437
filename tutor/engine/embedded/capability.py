"""Which isolation this machine allows, what is weaker about each, and how to get a better one."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tutor.core.errors import ContainerError
from tutor.engine.embedded.launcher import Isolation, Job, Mount, running

WEAKER: Mapping[Isolation, str] = {
    Isolation.USER_NAMESPACE: (
        "A run has its own processes, network and files, but no way out to the internet, and more memory "
        "than allowed is refused to the process rather than ending it."
    ),
    Isolation.PROOT: (
        "A run sees only its own files, but shares processes and network with this machine, so the service's "
        "port must be free here, and calls of a program are slower."
    ),
    Isolation.CHROOT: (
        "A run sees only its own files, but shares processes and network with this machine, so the service's "
        "port must be free here; do not run what you do not trust."
    ),
}
BETTER: Mapping[Isolation, str] = {
    Isolation.USER_NAMESPACE: "Install Docker: https://docs.docker.com/engine/install/",
    Isolation.PROOT: (
        "Allow user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 "
        "(Ubuntu 24.04 and newer), or sudo sysctl -w user.max_user_namespaces=10000; or install Docker."
    ),
    Isolation.CHROOT: (
        "Run as an ordinary user where user namespaces are allowed, install proot (apt-get install proot), "
        "or install Docker."
    ),
}
NOTHING_WORKS = "sudo apt-get install proot"


@dataclass(frozen=True, slots=True)
class Capability:
    """What is possible here."""

    isolation: Isolation | None
    """The best that works; None when nothing does."""
    proot: str = ""
    """Path of proot, where that is used."""
    faults: tuple[tuple[Isolation, str], ...] = ()
    """Why each better one does not work."""

    @property
    def weaker(self) -> str:
        """What is weaker than with Docker, in one sentence."""
        return WEAKER[self.isolation] if self.isolation else "Nothing can be run in isolation here."

    @property
    def better(self) -> str:
        """How to get better isolation."""
        return BETTER[self.isolation] if self.isolation else NOTHING_WORKS


async def assess_isolation(
    folder: Path, environ: Mapping[str, str], only: Isolation | None = None
) -> Capability:
    """Find the best isolation by trying it: user namespace, then proot, or chroot for root.

    ``folder`` must exist and be writable; nothing is left in it. ``only`` looks at one kind alone.
    """
    faults: list[tuple[Isolation, str]] = []
    proot = shutil.which("proot", path=environ.get("PATH", os.defpath)) or ""
    for isolation in Isolation:
        if only not in (None, isolation):
            continue
        if sys.platform != "linux":
            fault = f"this is {sys.platform}, not Linux"
        elif isolation is Isolation.PROOT:
            fault = _proot_fault(proot) or await _try(isolation, folder, proot)
        elif isolation is Isolation.CHROOT and os.geteuid() != 0:
            fault = "only root may use chroot"
        else:
            fault = await _try(isolation, folder, "")
        if not fault:
            return Capability(isolation, proot if isolation is Isolation.PROOT else "", tuple(faults))
        faults.append((isolation, fault))
    return Capability(None, "", tuple(faults))


def _proot_fault(proot: str) -> str:
    if os.geteuid() == 0:
        # Under proot root stays root whatever USER says; chroot lets each user be itself.
        return "root takes chroot, where users and owners are real"
    return "" if proot else "proot is not installed"


async def _try(isolation: Isolation, folder: Path, proot: str) -> str:
    """Enter an empty root and look for a program in it: all but the program must work."""
    root = folder / f"try-{os.getpid()}-{isolation.value}"
    try:
        await asyncio.to_thread(_make_root, root)
        if isolation is Isolation.CHROOT:
            await asyncio.to_thread(_try_device, root / "dev" / "null")
        mounts = (Mount("proc", "/proc", root / "proc"), Mount("dev", "/dev", root / "dev"))
        job = Job(
            isolation=isolation,
            root=root,
            argv=("/missing",),
            env={},
            mounts=mounts if isolation is Isolation.USER_NAMESPACE else (),
            private_network=True,
            keep_capabilities=False,
            proot=proot,
        )
        async with running(job) as sandbox:
            report = await sandbox.wait_started()
        return "" if "/missing" in report.error else report.error or "the sandbox did not answer"
    except (ContainerError, OSError) as error:
        return error.what if isinstance(error, ContainerError) else str(error)
    finally:
        await asyncio.to_thread(shutil.rmtree, root, True)


def _make_root(root: Path) -> None:
    root.mkdir()
    for name in ("proc", "dev"):
        (root / name).mkdir()


def _try_device(place: Path) -> None:
    """A device file must open here: nothing can be mounted, and Go wants /dev/null."""
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        place.write_bytes(b"")
    except OSError as error:
        raise OSError(
            f"device files do not work in {place.parent.parent.parent}: {error.strerror}"
        ) from error
