"""The worlds of a demo, step by step, and the way from one to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tutor.core.errors import ImageNotFound
from tutor.core.events import BuildFinished, Said, SessionEvent
from tutor.core.lesson import Build
from tutor.session.action import build as build_action
from tutor.session.demo_address import moved_world
from tutor.session.demo_world import Keeper, World
from tutor.session.scene import Scene, new_run_id

if TYPE_CHECKING:
    from tutor.session.demo_step import DemoStep
    from tutor.storage.snapshot import FileRecord

NAMES_TOLD = 4


@dataclass(slots=True)
class Travel:
    """Worlds by the index of their step."""

    scene: Scene
    steps: tuple[DemoStep, ...]
    keeper: Keeper
    moved: Callable[[int, str, str], None]
    """Told the index of each step whose container answers at another address now, the old and the new one."""
    worlds: dict[int, World] = field(default_factory=dict)
    _own_files: dict[int, tuple[FileRecord, ...]] = field(default_factory=dict)
    """Of a step whose files were changed from outside: those that it was done with."""

    async def arrive(self, index: int) -> AsyncGenerator[SessionEvent, None]:
        """Put the world of a step back. An image that is gone is built again, told as such.

        Raises:
            ImageNotFound: it is gone, and no step that was done builds it.
        """
        again: set[str] = set()
        while True:
            try:
                await self.keeper.put_back(self.worlds[index])
            except ImageNotFound as gone:
                if gone.where in again:
                    raise
                again.add(gone.where)
                async with aclosing(self._build_again(gone.where, index)) as events:
                    async for event in events:
                        yield event
            else:
                self._follow(index)
                return

    def _follow(self, index: int) -> None:
        """What was started again was published anew: every step with this very container follows."""
        former, now = self.worlds[index].running, self.keeper.running
        if former is None or now is None or former.address == now.address:
            return
        for each, world in self.worlds.items():
            if world.running == former:
                self.worlds[each] = moved_world(world, now)
                if former.address and now.address:
                    self.moved(each, former.address, now.address)
        here = self.worlds[index]
        self.scene.exchanges.update({exchange.path: exchange for exchange in here.exchanges})
        self.scene.shown = here.shown

    async def mend(self, index: int) -> AsyncGenerator[SessionEvent, None]:
        """Before something new is done: what others took from the world of this step comes back."""
        if await self.keeper.holds_images(self.worlds[index]):
            return
        async with aclosing(self.arrive(index)) as events:
            async for event in events:
                yield event

    async def _build_again(self, reference: str, index: int) -> AsyncGenerator[SessionEvent, None]:
        at, task = self._builder_of(reference, index)
        yield Said(new_run_id(), f"{reference} was removed from outside and is built again.", "warning")
        await asyncio.to_thread(self.keeper.snapshots.put_back, self.worlds[at].files)
        former = dict(self.worlds[at].images)
        fresh: dict[str, str] = {}
        async with aclosing(build_action(self.scene, task)) as events:
            async for event in events:
                if isinstance(event, BuildFinished):
                    built = {each.reference: each.image_id for each in event.images}
                    await self.keeper.keep_images(built)
                    fresh = {former[name]: image_id for name, image_id in built.items() if name in former}
                yield event
        for each, world in self.worlds.items():
            images = tuple((name, fresh.get(image_id, image_id)) for name, image_id in world.images)
            running = world.running
            if running is not None:
                running = replace(running, image_id=fresh.get(running.image_id, running.image_id))
            self.worlds[each] = replace(world, images=images, running=running)

    def _builder_of(self, reference: str, index: int) -> tuple[int, Build]:
        for at in range(index, -1, -1):
            task = self.steps[at].task
            if at not in self.worlds or not isinstance(task, Build):
                continue
            # A kept stage bears the image's own reference and its name.
            if reference.startswith(self.scene.reference(task.tag)):
                return at, task
        raise ImageNotFound(
            "An image of this demo was removed from outside.",
            where=reference,
            next_step="Start the demo again.",
        )

    async def note_edits(self, index: int) -> tuple[Said, ...]:
        """Go on with files that were changed from outside; what was built on the old ones is forgotten.

        Until a step was done with them they are the files of this step, then it has its own again.
        """
        known = self.worlds[index]
        now = await asyncio.to_thread(self.keeper.snapshots.take)
        if now == known.files:
            return ()
        self._own_files.setdefault(index, known.files)
        self.worlds[index] = replace(known, files=now)
        self.forget_from(index + 1)
        return (_said(known.files, now, "From here on everything runs anew."),)

    async def put_edits_aside(self, index: int) -> tuple[Said, ...]:
        """Before this step is left for another that was done: keep what was changed from outside.

        Raises:
            StorageError: it cannot be kept.
        """
        self.go_on()
        own = self.worlds[index].files
        now = await asyncio.to_thread(self.keeper.snapshots.take)
        if now == own:
            return ()
        kept = await asyncio.to_thread(self.scene.files.keep_aside)
        return (_said(own, now, f"Every step has its own files again; yours are kept in {kept}"),)

    def go_on(self) -> None:
        """Every step has the files again that it was done with."""
        for index, files in self._own_files.items():
            if index in self.worlds:
                self.worlds[index] = replace(self.worlds[index], files=files)
        self._own_files.clear()

    def clear(self) -> None:
        """No step was reached."""
        self.worlds.clear()
        self._own_files.clear()

    def forget_from(self, index: int) -> None:
        """This step and those after it will run anew."""
        for each in [each for each in self.worlds if each >= index]:
            del self.worlds[each]


def _said(before: tuple[FileRecord, ...], now: tuple[FileRecord, ...], what_follows: str) -> Said:
    names = sorted({record.name for record in set(now) ^ set(before)})
    more = ", …" if len(names) > NAMES_TOLD else ""
    told = ", ".join(names[:NAMES_TOLD])
    return Said(new_run_id(), f"Edited from outside: {told}{more}. {what_follows}", "warning")
