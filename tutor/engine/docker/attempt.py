"""One build's traces on the engine: written down as they appear, undone when it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import docker.errors

from tutor.core.errors import EngineError
from tutor.core.ports import BuildRequest, Clock, stage_reference
from tutor.engine.docker.build_cache import CacheWatch, prune_until_quiet
from tutor.engine.docker.connection import Connection, engine_seconds
from tutor.engine.docker.ledger import BUILD, CACHE, IMAGE, Ledger
from tutor.engine.docker.ownership import Mark, decode_mark, is_ours, this_process
from tutor.engine.docker.reference import full_reference, split_reference
from tutor.engine.docker.removal import (
    descendants,
    inspect_image,
    remove_container,
    remove_images,
    untag,
)

GUARD_REPOSITORY = "fromscratch/former"
"""Holds an image while a build moves its tag; gone when the build is over."""
_HEARTBEAT_SECONDS = 2.0


class Attempt:
    """Begin it before the engine is asked to build, then either settle it or undo it."""

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        clock: Clock,
        request: BuildRequest,
        builder: str,
        bases: tuple[str, ...],
        *,
        guards_former: bool = False,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._clock = clock
        self._run_id = request.run_id
        self._guards_former = guards_former
        self.references = tuple(
            full_reference(name)
            for name in (*(stage_reference(request.tag, s) for s in request.keep_stages), request.tag)
        )
        self._mark = Mark(
            this_process(),
            self.references,
            builder=builder,
            bases=bases,
            owns_tags=request.limits is not None,
        )
        self._former: dict[str, str] = {}
        self._created: dict[str, None] = {}
        self._used: set[str] = set()
        self._watch: CacheWatch | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._recorded_cache: set[str] = set()
        self.containers: list[str] = []
        """Containers the classic builder ran steps in."""
        self.reused: set[str] = set()
        """Images, by short id, that the build rests on."""
        self._guards: list[str] = []

    async def begin(self) -> None:
        """Note what stands under our tags now, and that a build is under way."""
        now = self._engine_now()
        self._mark = replace(self._mark, started=now, seen=now)
        self._entry = self._ledger.entry(BUILD, self._run_id, self._run_id, self._mark)
        if self._mark.builder == "buildx":
            self._watch = CacheWatch(self._connection, now)
        await asyncio.to_thread(self._ledger.roll.enter, self._run_id, now)
        found = await asyncio.gather(
            self._ledger.record(self._entry),
            *(inspect_image(self._connection, reference) for reference in self.references),
        )
        images = dict(zip(self.references, found[1:], strict=True))
        self._former = {ref: str(image["Id"]) for ref, image in images.items() if image}
        if self._guards_former:
            await self._guard_former(images)
        self._watcher = asyncio.create_task(self._keep_watch())

    async def note_created(self, image_id: str) -> str:
        """The builder says that it made this image; write it down if that is so.

        What a RUN prints may look like the builder's own words, so the engine is asked when it was made.

        Returns:
            Its full id, or nothing when it is not ours.
        """
        found = await inspect_image(self._connection, image_id)
        # The engine rounds its clock, or ours is off by as little as it took to ask.
        if found is None or engine_seconds(str(found.get("Created", ""))) < self._mark.started - 1.5:
            return ""
        full = str(found["Id"])
        await self.note_image(full)
        return full

    async def note_image(self, image_id: str) -> None:
        """This image is a result of the build; write it down."""
        self._used.add(image_id)
        if image_id not in self._created and image_id not in self._former.values():
            self._created[image_id] = None
            await self._ledger.record(
                self._ledger.entry(IMAGE, image_id, self._run_id, replace(self._mark, started=0, seen=0))
            )

    async def settle(self, *, succeeded: bool) -> None:
        """After the end: write down the cache, remove what the new images replaced."""
        await self._stop_watching()
        if self._watch is not None:
            await self._record_cache_ids(await self._watch.new_records())
            await self._watch.close()
        await self._drop_guards()
        if succeeded:
            await self._remove_replaced()
        await self._ledger.forget([self._entry])

    async def abandon(self) -> None:
        """The engine is gone in the middle: the journal keeps what is to be tidied when it is back."""
        await self._stop_watching()
        if self._watch is not None:
            await self._watch.close()

    async def undo(self) -> None:
        """The build was cancelled: nothing of it stays, and tags point to what they pointed to."""
        await self._stop_watching()
        for container in self.containers:
            await remove_container(self._connection, container)
        for reference in self.references:
            await self._put_back(reference)
        await self._drop_guards()
        created = list(self._created)
        if self._mark.builder == "classic":
            created += await descendants(self._connection, created)
        left = await remove_images(self._connection, created, self.references)
        await self._ledger.forget(
            self._ledger.entry(IMAGE, image_id, self._run_id) for image_id in created if image_id not in left
        )
        if self._watch is not None:
            kept, _, found = await prune_until_quiet(
                self._connection, self._watch.new_records, quiet_seconds=0.15, patience_seconds=2.0
            )
            await self._record_cache_ids(set(kept))
            await self._ledger.forget(
                self._ledger.entry(CACHE, each, self._run_id)
                for each in self._recorded_cache | found
                if each not in kept
            )
            await self._watch.close()
        await self._ledger.forget([self._entry])

    async def _put_back(self, reference: str) -> None:
        found = await inspect_image(self._connection, reference)
        now, former = (str(found["Id"]) if found else ""), self._former.get(reference, "")
        if now == former:
            return
        labels = ((found or {}).get("Config") or {}).get("Labels")
        if found and (self._mark.owns_tags or is_ours(labels, self._ledger.home)):
            self._created.setdefault(now)
        if former:
            repository, tag = split_reference(reference)
            with contextlib.suppress(docker.errors.APIError):
                await self._connection.attempt(
                    "giving a tag back", self._connection.api.tag, former, repository, tag=tag
                )

    async def _remove_replaced(self) -> None:
        """Former images under our tags, and their steps, unless the new ones use them.

        Docker refuses to remove what another image is built on, so a step that is shared stays.
        """
        mine = set(self.references)
        written = {
            entry.object_id: decode_mark(entry.detail).references
            for entry in await self._ledger.entries()
            if entry.kind == IMAGE
        }
        candidates = [each for each, references in written.items() if mine.intersection(references)]
        candidates += [former for former in self._former.values() if former not in candidates]
        replaced: list[str] = []
        for image_id in candidates:
            short = image_id.removeprefix("sha256:")
            if image_id in self._used or any(short.startswith(each) for each in self.reused):
                continue
            found = await inspect_image(self._connection, image_id)
            ours = image_id in written or is_ours(
                ((found or {}).get("Config") or {}).get("Labels"), self._ledger.home
            )
            if ours and not (found or {}).get("RepoTags"):
                replaced.append(image_id)
        left = await remove_images(self._connection, replaced, ())
        await self._ledger.forget(
            self._ledger.entry(IMAGE, each, self._run_id) for each in replaced if each not in left
        )

    async def _guard_former(self, images: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Give the former images another tag: one store drops an image as soon as its last tag moves on."""
        for reference, image in images.items():
            if image and is_ours((image.get("Config") or {}).get("Labels"), self._ledger.home):
                name = re.sub(r"[^a-z0-9]", "", self._run_id.lower())[:24]
                tag = f"{name}-{len(self._guards)}"
                await self._connection.call(
                    "tagging", self._connection.api.tag, self._former[reference], GUARD_REPOSITORY, tag
                )
                self._guards.append(f"{GUARD_REPOSITORY}:{tag}")

    async def _drop_guards(self) -> None:
        for guard in self._guards:
            await untag(self._connection, guard)

    def _engine_now(self) -> float:
        return self._clock.now().timestamp() + self._connection.clock_offset

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(self._watch.period_seconds if self._watch else _HEARTBEAT_SECONDS)
            if self._watch is not None:
                with contextlib.suppress(EngineError):
                    await self._record_cache_ids(await self._watch.new_records())
            newer = self._ledger.entry(
                BUILD, self._run_id, self._run_id, replace(self._mark, seen=self._engine_now())
            )
            await self._ledger.replace(self._entry, newer)

    async def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError, EngineError):
                await self._watcher

    async def _record_cache_ids(self, record_ids: set[str]) -> None:
        new = record_ids - self._recorded_cache
        await self._ledger.record(*(self._ledger.entry(CACHE, each, self._run_id) for each in sorted(new)))
        self._recorded_cache |= new
