"""The embedded engine. Fills :class:`tutor.core.ports.Engine`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tutor.core.errors import EngineLost, EngineUnavailable, NoSpaceLeft
from tutor.core.extra import install_command
from tutor.core.kit import Kit
from tutor.core.ports import CleanReport, Clock, EngineInfo
from tutor.core.progress import JournalEntry
from tutor.core.store import Journal
from tutor.engine.embedded.builder import EmbeddedBuilder
from tutor.engine.embedded.capability import Capability, assess_isolation
from tutor.engine.embedded.image_config import this_architecture
from tutor.engine.embedded.image_store import EmbeddedImageStore
from tutor.engine.embedded.launcher import Isolation
from tutor.engine.embedded.runtime import EmbeddedRuntime
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.threaded import in_thread
from tutor.engine.embedded.toolchain import Toolchain, find_toolchain
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.tree import remove_tree
from tutor.engine.embedded.work import sweep_work
from tutor.engine.http_probe import HttpProbe

_DESCRIPTIONS = {
    Isolation.USER_NAMESPACE: "user namespace",
    Isolation.PROOT: "proot",
    Isolation.CHROOT: "chroot",
}


class EmbeddedEngine:
    """Everything Docker is needed for here, on Linux, without a daemon."""

    def __init__(
        self,
        store: Store,
        toolchain: Toolchain,
        capability: Capability,
        journal: Journal,
        clock: Clock,
        environ: Mapping[str, str],
        kit: Kit | None = None,
    ) -> None:
        isolation = capability.isolation
        assert isolation is not None
        endpoint = f"embedded:{store.folder}"
        pool = Pool(store)
        self._store = store
        self._journal = journal
        self._endpoint = endpoint
        self._info = EngineInfo(
            kind="embedded",
            name=f"embedded, Go {toolchain.version}",
            version=f"Go {toolchain.version}",
            builder="embedded",
            store="embedded",
            endpoint=endpoint,
            isolation=_DESCRIPTIONS[isolation],
            architecture=this_architecture(),
            notes=(
                "No daemon and no registry; golang:… is a stand-in made from the Go wheel and busybox.",
                capability.weaker,
                f"To get better: {capability.better}",
            ),
        )
        self._builder = EmbeddedBuilder(
            store,
            pool,
            journal,
            clock,
            isolation,
            go_version=toolchain.version,
            proot=capability.proot,
            endpoint=endpoint,
        )
        self._images = EmbeddedImageStore(store, pool, toolchain, journal, clock, environ, endpoint, kit)
        self._runtime = EmbeddedRuntime(
            store, pool, journal, isolation, proot=capability.proot, endpoint=endpoint
        )
        self._probe = HttpProbe()

    @classmethod
    async def create(
        cls,
        folder: Path,
        journal: Journal,
        clock: Clock,
        *,
        environ: Mapping[str, str] = os.environ,
        isolation: Isolation | None = None,
        kit: Kit | None = None,
    ) -> EmbeddedEngine:
        """Find out what is possible here and open the store in ``folder``.

        ``isolation`` allows one kind only; without it the best that works is taken. ``kit``
        is the class kit that was imported here: it brings Go where the wheel is not installed.

        Raises:
            EngineUnavailable: not Linux, no Go toolchain, no isolation, or no place to write.
        """
        if sys.platform != "linux":
            raise EngineUnavailable(
                f"The embedded engine needs Linux; this is {sys.platform}.",
                next_step="Install Docker: https://docs.docker.com/get-started/get-docker/",
            )
        toolchain = await in_thread(lambda: find_toolchain(kit))
        if toolchain is None:
            raise EngineUnavailable(
                "The embedded engine needs the Go toolchain, and its wheel is not installed.",
                next_step=f"Install it with: {install_command('embedded')}, "
                "or import a kit: fromscratch kit import FILE",
            )
        try:
            store = await in_thread(lambda: Store(folder.absolute()))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpaceLeft(f"The disk that holds {folder} is full.") from error
            raise EngineUnavailable(
                f"The embedded engine cannot write to {folder}: {error.strerror}.",
                next_step="Set FROMSCRATCH_HOME to a folder that you may write to.",
            ) from error
        capability = await assess_isolation(store.work_folder, environ, isolation)
        if capability.isolation is None:
            why = "; ".join(f"{_DESCRIPTIONS[kind]}: {fault}" for kind, fault in capability.faults)
            raise EngineUnavailable(
                f"The embedded engine has no way to isolate a run ({why}).",
                next_step=f"Try: {capability.better}. Or install Docker.",
            )
        return cls(store, toolchain, capability, journal, clock, environ, kit)

    @property
    def info(self) -> EngineInfo:
        """Which engine this is."""
        return self._info

    @property
    def builder(self) -> EmbeddedBuilder:
        """Its builder."""
        return self._builder

    @property
    def images(self) -> EmbeddedImageStore:
        """Its images."""
        return self._images

    @property
    def runtime(self) -> EmbeddedRuntime:
        """Its containers."""
        return self._runtime

    @property
    def probe(self) -> HttpProbe:
        """The way to its endpoints."""
        return self._probe

    async def ping(self) -> None:
        """Return when the store is there.

        Raises:
            EngineLost: its folder was removed.
        """
        if not await in_thread(self._store.work_folder.is_dir):
            raise EngineLost(
                f"The embedded engine's folder {self._store.folder} is gone.", next_step="Start again."
            )

    async def sweep(self) -> CleanReport:
        """Remove the folders and processes that dead runs left."""
        return await in_thread(lambda: sweep_work(self._store.work_folder, self._journal, self._endpoint))

    async def clean(self) -> CleanReport:
        """Remove all images, the stand-in and the build cache, and what dead runs left."""
        await self._runtime.remove_all()
        swept = await self.sweep()
        return await in_thread(lambda: self._clean(swept))

    def _clean(self, swept: CleanReport) -> CleanReport:
        removed = [*swept.removed]
        reclaimed = swept.reclaimed_bytes
        removed += [
            JournalEntry("image", tag.reference, self._endpoint, "", tag.image_id)
            for tag in self._store.tags()
        ]
        if cached := self._store.cached():
            removed.append(JournalEntry("cache", f"{len(cached)} build steps", self._endpoint, ""))
        reclaimed += sum(path.stat().st_size for path in self._store.blobs())
        for name in ("tags", "cache", "layers", "blobs", "pool", "busybox"):
            remove_tree(self._store.folder / name)
        Store(self._store.folder)
        return CleanReport(tuple(removed), swept.left, reclaimed)

    async def close(self) -> None:
        """Remove the containers of this process."""
        await self._runtime.remove_all()
