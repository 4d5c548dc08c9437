"""The world of a demo at one step, by content: files, images, what runs, what is known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tutor.core.errors import ImageNotFound
from tutor.core.lesson import Run, image_reference
from tutor.session.action import known_paths, run_request
from tutor.session.fact import Facts
from tutor.session.live import Started, start_and_settle
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.events import Shown
    from tutor.core.http import HttpExchange
    from tutor.core.image import Container, SizeRow
    from tutor.core.verdict import Prediction
    from tutor.session.scene import Scene
    from tutor.storage.snapshot import FileRecord, FolderSnapshots

SETTLE_SECONDS = 0.8
"""How long a container that is started again may take to answer before the demo goes on."""


@dataclass(frozen=True, slots=True)
class Running:
    """The container that runs: of which image, and with which settings."""

    image_id: str
    action: Run
    answers: bool = True
    """Whether it answered when it was started first: one that did not is not waited for again."""
    address: str = ""
    """``HOST:PORT`` where it is published; another each time it is started."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a step back has to restore."""

    files: tuple[FileRecord, ...]
    images: tuple[tuple[str, str], ...] = ()
    """Our references and the ids they name, sorted."""
    running: Running | None = None
    sizes: tuple[SizeRow, ...] = ()
    exchanges: tuple[HttpExchange, ...] = ()
    shown: Shown | None = None
    facts: tuple[tuple[str, object], ...] = ()
    predictions: tuple[Prediction, ...] = ()
    """What the class had guessed by then, with what was measured by then."""


def keeper(slug: str, image_id: str) -> str:
    """The tag of ours that keeps an image alive when its name moves on to another."""
    return image_reference(slug, f"kept-{image_id.removeprefix('sha256:')[:12]}")


@dataclass(slots=True)
class Keeper:
    """Takes worlds of one scene and puts them back."""

    scene: Scene
    snapshots: FolderSnapshots
    images: dict[str, str] = field(default_factory=dict)
    """What our references name now."""
    running: Running | None = None
    _endings: set[asyncio.Task[None]] = field(default_factory=set)

    async def keep_images(self, built: dict[str, str]) -> None:
        """Hold on to images that were just built, by reference.

        Raises:
            ImageNotFound: one was removed already.
        """
        for reference, image_id in built.items():
            await self.scene.engine.images.tag(image_id, keeper(self.scene.lesson.slug, image_id))
            self.images[reference] = image_id

    def note_run(self, action: Run) -> None:
        """A run went through; the container stands in the scene if it lives."""
        image_id = self.images.get(self.scene.reference(action.tag), "")
        answers = self.scene.facts.get(f"container.{action.tag}.reachable") is not False
        self.running = Running(image_id, action, answers, self.scene.address)

    async def take(self) -> World:
        """The world as it is now."""
        scene = self.scene
        if scene.container is None:
            self.running = None
        return World(
            files=await asyncio.to_thread(self.snapshots.take),
            images=tuple(sorted(self.images.items())),
            running=self.running,
            sizes=scene.course.size_rows(),
            exchanges=tuple(scene.exchanges.values()),
            shown=scene.shown,
            facts=tuple(sorted(scene.facts.items())),
            predictions=scene.predictions.all,
        )

    async def put_back(self, world: World) -> None:
        """Make the world what it was. Builds nothing.

        Raises:
            ImageNotFound: an image was removed from outside; its reference is in ``where``.
            EngineError: the engine is gone.
            StorageError: the folder cannot be written.
        """
        scene = self.scene
        await asyncio.to_thread(self.snapshots.put_back, world.files)
        names = await asyncio.gather(*(self._names(reference) for reference, _ in world.images))
        for (reference, image_id), named in zip(world.images, names, strict=True):
            if named != image_id:
                try:
                    await scene.engine.images.tag(image_id, reference)
                except ImageNotFound as gone:
                    raise ImageNotFound(gone.what, where=reference, next_step=gone.next_step) from gone
        self.images = dict(world.images)
        await self._run_again(world.running)
        scene.course.put_size_rows_back(world.sizes)
        scene.exchanges.clear()
        scene.exchanges.update({exchange.path: exchange for exchange in world.exchanges})
        scene.shown = world.shown
        scene.facts = Facts(dict(world.facts))
        scene.predictions.put_back(world.predictions)

    async def holds_images(self, world: World) -> bool:
        """Whether every reference of a world names its image."""
        names = await asyncio.gather(*(self._names(reference) for reference, _ in world.images))
        return list(names) == [image_id for _, image_id in world.images]

    async def _names(self, reference: str) -> str:
        found = await self.scene.engine.images.find(reference)
        return found.image_id if found else ""

    async def _run_again(self, wanted: Running | None) -> None:
        scene = self.scene
        if scene.container is not None:
            state = await scene.engine.runtime.state(scene.container.container_id)
            if wanted is not None and wanted == self.running and state.is_running:
                return
        former, scene.container, scene.container_tag = scene.container, None, ""
        try:
            started = await self._started(wanted)
        finally:
            if former is not None:
                self._end(former)
        self.running = wanted
        if started is not None and wanted is not None:
            scene.container, scene.container_tag = started.container, wanted.action.tag
            self.running = replace(wanted, address=scene.address or wanted.address)

    def _end(self, container: Container) -> None:
        """Remove it in the background: a class need not wait for the end of what it sees no more."""
        ending = asyncio.create_task(self.scene.engine.runtime.remove(container.container_id))
        self._endings.add(ending)
        ending.add_done_callback(self._ended)

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._endings.discard(ending)
        if not ending.cancelled():
            # An engine that is gone tells so at the next step; what is left on it is in the journal.
            ending.exception()

    async def settle(self) -> None:
        """Wait until nothing of a step before runs any more."""
        await asyncio.gather(*self._endings, return_exceptions=True)

    async def _started(self, wanted: Running | None) -> Started | None:
        if wanted is None:
            return None
        scene = self.scene
        request = run_request(scene, wanted.action, new_run_id())
        # The tag may name a newer image by now.
        request = replace(request, image=wanted.image_id or request.image)
        path = known_paths(scene.lesson)[0]
        patience = SETTLE_SECONDS if wanted.answers else 0.0
        return await start_and_settle(scene.engine, request, path, patience_seconds=patience)
