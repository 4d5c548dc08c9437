"""Leaving the engine as it was: what is ours goes, what is not stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Any

from tutor.core.ports import CleanReport, Clock
from tutor.core.progress import JournalEntry
from tutor.engine.docker.build_cache import (
    WINDOW_SECONDS,
    cache_records,
    made_between,
    prune_records,
    prune_until_quiet,
)
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.ledger import BUILD, CACHE, CONTAINER, IMAGE, Ledger
from tutor.engine.docker.ownership import (
    LABEL_HOME,
    LABEL_OWNER,
    LABEL_PROCESS,
    LABEL_RUN,
    Mark,
    decode_mark,
    owner_lives,
    this_process,
)
from tutor.engine.docker.removal import descendants, inspect_image, remove_container, remove_images

Left = tuple[JournalEntry, str]

_FRESH_SECONDS = 15.0
_QUIET_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0


class Cleaning:
    """Removes by label and by journal. ``active_runs`` tells which runs of this process still go on."""

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        clock: Clock,
        active_runs: Callable[[], Collection[str]],
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._clock = clock
        self._active_runs = active_runs

    async def sweep(self) -> CleanReport:
        """What dead runs left: their containers, and all of the builds they did not finish."""
        entries = await self._ledger.entries()
        containers = [entry for entry in await self._containers(entries) if not self._lives(entry)]
        builds = [entry for entry in entries if entry.kind == BUILD and not self._goes_on(entry)]
        runs = {entry.run_id for entry in builds}
        parts = [entry for entry in entries if entry.run_id in runs and entry.kind in (IMAGE, CACHE)]
        # Children before parents: what was not written down stands on what was.
        unwritten, finished = await self._finish_off(builds, parts)
        report = _added(unwritten, await self._remove(containers, parts, builds))
        # A slow engine may still be at a step of one that died just now: it is looked for once more later.
        old = [build for build in finished if not self._is_fresh(decode_mark(build.detail))]
        await self._ledger.forget(old)
        return report

    async def clean(self) -> CleanReport:
        """Everything that is ours, but for what another process is working with right now."""
        entries = await self._ledger.entries()
        builds = [entry for entry in entries if entry.kind == BUILD and not self._goes_on(entry)]
        busy = {entry.run_id for entry in entries if entry.kind == BUILD and self._goes_on(entry)}
        others: list[Left] = []
        containers: list[JournalEntry] = []
        for entry in await self._containers(entries):
            owner = decode_mark(entry.detail).owner
            if owner != this_process() and owner_lives(owner):
                others.append((entry, "another fromscratch is using it"))
            else:
                containers.append(entry)
        parts = [entry for entry in entries if entry.kind in (IMAGE, CACHE)]
        known = {entry.object_id for entry in parts}
        parts += [entry for entry in await self._labelled_images() if entry.object_id not in known]
        others += [(entry, "a build is under way") for entry in parts if entry.run_id in busy]
        unwritten, finished = await self._finish_off(builds, parts)
        parts = [entry for entry in parts if entry.run_id not in busy]
        report = _added(unwritten, await self._remove(containers, parts, builds))
        await self._ledger.forget(finished)
        return _added(report, CleanReport(left=tuple(others)))

    async def _remove(
        self,
        containers: Iterable[JournalEntry],
        parts: Collection[JournalEntry],
        builds: Collection[JournalEntry],
    ) -> CleanReport:
        removed: list[JournalEntry] = []
        left: list[Left] = []

        def note(entry: JournalEntry, reason: str) -> None:
            if reason:
                left.append((entry, reason))
            else:
                removed.append(entry)

        for entry in containers:
            note(entry, await remove_container(self._connection, entry.object_id))
        images = {entry.object_id: entry for entry in parts if entry.kind == IMAGE}
        references = {
            name for entry in (*images.values(), *builds) for name in decode_mark(entry.detail).references
        }
        reclaimed = await self._bytes_of(images)
        kept = await remove_images(self._connection, images, references)
        for image_id, entry in images.items():
            note(entry, kept.get(image_id, ""))
        caches = {entry.object_id: entry for entry in parts if entry.kind == CACHE}
        if caches:
            held, freed = await prune_records(
                self._connection, set(caches), patience_seconds=_PATIENCE_SECONDS
            )
            reclaimed += freed
            for record_id, entry in caches.items():
                note(entry, held.get(record_id, ""))
        await self._ledger.forget(removed)
        return CleanReport(tuple(removed), tuple(left), reclaimed if not kept else 0)

    async def _bytes_of(self, images: Collection[str]) -> int:
        """About what they take: layers that several share count once where the engine says so."""
        if not images:
            return 0
        rows: list[dict[str, Any]] = await self._connection.call(
            "listing images", self._connection.api.images, all=True
        )
        by_id = {row["Id"]: row for row in rows}
        leaves = set(images) - {row.get("ParentId") for row in rows}
        return sum(int(by_id[each].get("Size") or 0) for each in leaves if each in by_id)

    async def _containers(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        """All containers of ours: by journal, and by label when we were killed before writing them down."""
        found = {entry.object_id: entry for entry in entries if entry.kind == CONTAINER}
        rows: list[dict[str, Any]] = await self._connection.call(
            "listing containers",
            self._connection.api.containers,
            all=True,
            filters={"label": [f"{LABEL_OWNER}=1", f"{LABEL_HOME}={self._ledger.home}"]},
        )
        for row in rows:
            labels: dict[str, str] = row.get("Labels") or {}
            if LABEL_PROCESS not in labels:
                continue  # the learner's own, of an image of ours: labels are inherited
            mark = Mark(owner=labels[LABEL_PROCESS])
            found.setdefault(
                row["Id"], self._ledger.entry(CONTAINER, row["Id"], labels.get(LABEL_RUN, ""), mark)
            )
        return list(found.values())

    async def _labelled_images(self) -> list[JournalEntry]:
        rows: list[dict[str, Any]] = await self._connection.call(
            "listing images",
            self._connection.api.images,
            all=True,
            filters={"label": [f"{LABEL_OWNER}=1", f"{LABEL_HOME}={self._ledger.home}"]},
        )
        return [self._ledger.entry(IMAGE, row["Id"], "", Mark()) for row in rows]

    async def _alone_until(self, mark: Mark) -> float | None:
        """Up to when what a dead build left can be told from what a neighbour makes; None: not now.

        What was made and not written down is known by its time alone. So nothing is guessed while a
        neighbour is at a build that began in that time; the dead one keeps its entry until later.
        """
        until = min(mark.seen + WINDOW_SECONDS, self._engine_now())
        near = await asyncio.to_thread(self._ledger.roll.neighbours_until, until)
        return None if near else until

    async def _finish_off(
        self, builds: Collection[JournalEntry], parts: Collection[JournalEntry]
    ) -> tuple[CleanReport, list[JournalEntry]]:
        """What dead builds made in the moment before they died, and what the engine still ends.

        Returns:
            What came of it, and the builds that nothing more has to be looked for.
        """
        removed: list[JournalEntry] = []
        left: list[Left] = []
        finished: list[JournalEntry] = []
        reclaimed = 0
        for build in builds:
            mark = decode_mark(build.detail)
            # The engine needs a while to notice that its client is gone, and to end what it is at.
            quiet = _QUIET_SECONDS if self._is_fresh(mark) else 0.0
            if mark.builder == "buildx":

                async def find(mark: Mark = mark) -> set[str]:
                    until = await self._alone_until(mark)
                    records = await cache_records(self._connection) if until is not None else {}
                    return made_between(records, mark.started, until or 0.0)

                held, freed, made = await prune_until_quiet(
                    self._connection, find, quiet_seconds=quiet, patience_seconds=_PATIENCE_SECONDS
                )
                reclaimed += freed
                entries = [self._ledger.entry(CACHE, each, build.run_id) for each in sorted(made)]
            else:
                written = {p.object_id for p in parts if p.kind == IMAGE and p.run_id == build.run_id}
                tagged = await self._tagged_by(mark)
                held, found = await self._remove_orphans(written | set(tagged), mark, quiet)
                held |= await remove_images(self._connection, tagged, mark.references)
                found += [each for each in tagged if each not in written]
                entries = [self._ledger.entry(IMAGE, each, build.run_id) for each in found]
            if await self._alone_until(mark) is not None:
                finished.append(build)
            removed += [entry for entry in entries if entry.object_id not in held]
            left += [(entry, held[entry.object_id]) for entry in entries if entry.object_id in held]
        await self._ledger.forget(removed)
        return CleanReport(tuple(removed), tuple(left), reclaimed), finished

    async def _tagged_by(self, mark: Mark) -> list[str]:
        """What bears a tag that this build alone gives, written down or not."""
        references = mark.references if mark.owns_tags else ()
        images = [await inspect_image(self._connection, reference) for reference in references]
        return [str(image["Id"]) for image in images if image is not None]

    async def _remove_orphans(
        self, written: Collection[str], mark: Mark, quiet_seconds: float
    ) -> tuple[dict[str, str], list[str]]:
        """Steps of a dead build of the classic builder, until none appeared for a while."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _PATIENCE_SECONDS
        found: dict[str, None] = {}
        held: dict[str, str] = {}
        busy_until = clock()
        while clock() < deadline:
            known = {*written, *found}
            until = await self._alone_until(mark)
            # The list gives whole seconds: what was made in the last one may be a neighbour's.
            window = (mark.started, until - 1) if until is not None else (0.0, -1.0)
            orphans = await descendants(self._connection, known, mark.bases, window)
            found.update(dict.fromkeys(orphans))
            held = await remove_images(self._connection, orphans, ())
            if held or await self._runs_a_step(known):
                busy_until = clock()
            elif clock() - busy_until >= quiet_seconds:
                break
            await asyncio.sleep(0.1)  # the engine tells nobody when a step is over
        return held, list(found)

    async def _runs_a_step(self, image_ids: Collection[str]) -> bool:
        """Whether the engine is still at a step that stands on one of these images."""
        rows: list[dict[str, Any]] = await self._connection.call(
            "listing containers", self._connection.api.containers, all=True
        )
        return any(
            row.get("ImageID") in image_ids and LABEL_PROCESS not in (row.get("Labels") or {}) for row in rows
        )

    def _engine_now(self) -> float:
        return self._clock.now().timestamp() + self._connection.clock_offset

    def _is_fresh(self, mark: Mark) -> bool:
        return self._engine_now() - mark.seen < _FRESH_SECONDS

    def _lives(self, entry: JournalEntry) -> bool:
        return owner_lives(decode_mark(entry.detail).owner)

    def _goes_on(self, build: JournalEntry) -> bool:
        owner = decode_mark(build.detail).owner
        if owner == this_process():
            return build.run_id in self._active_runs()
        return owner_lives(owner)


def _added(one: CleanReport, other: CleanReport) -> CleanReport:
    return CleanReport(
        one.removed + other.removed, one.left + other.left, one.reclaimed_bytes + other.reclaimed_bytes
    )
