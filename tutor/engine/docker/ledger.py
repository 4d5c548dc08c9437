"""The journal as one engine sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tutor.core.ports import Clock
from tutor.core.progress import JournalEntry
from tutor.core.store import Journal
from tutor.engine.docker.build_roll import BuildRoll
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.ownership import Mark, this_process

IMAGE = "image"
CONTAINER = "container"
CACHE = "cache"
BUILD = "build"
"""A build that has begun and was not yet tidied up after."""


class Ledger:
    """Writes down what this engine holds of ours. Writes wait for the disk, in a thread."""

    def __init__(self, journal: Journal, connection: Connection, clock: Clock, home: str) -> None:
        self._journal = journal
        self.home = home
        """Whose things these are; also the label that says so."""
        self._endpoint = connection.engine_id
        self.roll = BuildRoll(self._endpoint, home)
        """Who else builds on this engine now."""
        self._clock = clock

    def entry(self, kind: str, object_id: str, run_id: str, mark: Mark | None = None) -> JournalEntry:
        """A record as this engine's journal would hold it."""
        return JournalEntry(
            kind,
            object_id,
            self._endpoint,
            run_id,
            (mark or Mark(owner=this_process())).encode(),
            self._clock.now().isoformat(timespec="seconds"),
        )

    async def record(self, *entries: JournalEntry) -> None:
        """Write down, durable when this returns."""
        if entries:
            await asyncio.to_thread(self._record, entries)

    async def replace(self, old: JournalEntry, new: JournalEntry) -> None:
        """Write a newer detail for the same object."""
        await asyncio.to_thread(self._replace, old, new)

    async def forget(self, entries: Iterable[JournalEntry]) -> None:
        """Strike out."""
        await asyncio.to_thread(self._forget, tuple(entries))

    async def entries(self) -> tuple[JournalEntry, ...]:
        """All that is written of this engine, oldest first."""
        return await asyncio.to_thread(self._journal.entries, self._endpoint)

    def _record(self, entries: tuple[JournalEntry, ...]) -> None:
        for entry in entries:
            self._journal.record(entry)

    def _replace(self, old: JournalEntry, new: JournalEntry) -> None:
        self._journal.forget(old)
        self._journal.record(new)

    def _forget(self, entries: tuple[JournalEntry, ...]) -> None:
        for entry in entries:
            self._journal.forget(entry)
