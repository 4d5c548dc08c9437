"""A journal in memory."""

from __future__ import annotations

from tutor.core.progress import JournalEntry


class MemoryJournal:
    """Fills :class:`tutor.core.store.Journal`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], JournalEntry] = {}

    def record(self, entry: JournalEntry) -> None:
        self._rows.setdefault((entry.kind, entry.object_id, entry.endpoint), entry)

    def forget(self, entry: JournalEntry) -> None:
        self._rows.pop((entry.kind, entry.object_id, entry.endpoint), None)

    def entries(self, endpoint: str | None = None) -> tuple[JournalEntry, ...]:
        return tuple(row for row in self._rows.values() if endpoint in (None, row.endpoint))
