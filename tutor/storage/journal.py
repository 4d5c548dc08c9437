"""What is ours on engines, in SQLite. Fills :class:`tutor.core.store.Journal`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tutor.core.progress import JournalEntry
from tutor.storage.connection import Connection
from tutor.storage.schema import JOURNAL

_COLUMNS = "kind, object_id, endpoint, run_id, detail, recorded_at"


class SqliteJournal:
    """A journal shared by all processes of one learner. Blocking, and safe from any thread.

    An object is one row, whichever run wrote it down: kind, id and engine name it.
    All methods raise StorageError in words.
    """

    def __init__(self, path: Path) -> None:
        self._connection = Connection(path, JOURNAL)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the learner, for instance that a damaged file was set aside."""
        return self._connection.notices

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def record(self, entry: JournalEntry) -> None:
        """Write down, durable when this returns. Writing the same again changes nothing."""
        values = (
            entry.kind,
            entry.object_id,
            entry.endpoint,
            entry.run_id,
            entry.detail,
            entry.recorded_at or datetime.now(UTC).isoformat(timespec="seconds"),
        )
        statement = f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 (constant)
        self._connection.run(lambda database: database.execute(statement, values))

    def forget(self, entry: JournalEntry) -> None:
        """Strike out; nothing happens when it is not there."""
        values = (entry.kind, entry.object_id, entry.endpoint)
        statement = "DELETE FROM entry WHERE kind = ? AND object_id = ? AND endpoint = ?"
        self._connection.run(lambda database: database.execute(statement, values))

    def entries(self, endpoint: str | None = None) -> tuple[JournalEntry, ...]:
        """All entries, or those of one engine, oldest first."""
        query = f"SELECT {_COLUMNS} FROM entry WHERE ? IS NULL OR endpoint = ? ORDER BY number"  # noqa: S608 (constant)
        values = (endpoint, endpoint)
        rows = self._connection.run(lambda base: base.execute(query, values).fetchall(), writes=False)
        return tuple(JournalEntry(*row) for row in rows)
