"""Progress in SQLite. Fills :class:`tutor.core.store.ProgressStore`."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path
from typing import Any

import msgspec

from tutor.core.progress import Attempt, LessonProgress
from tutor.core.verdict import CheckpointReport, Outcome, Prediction
from tutor.storage.connection import Connection
from tutor.storage.learning import SqliteLearningStore
from tutor.storage.schema import PROGRESS

CACHE_LIMIT_BYTES = 32 * 1024 * 1024
"""Evidence kept for images that may be built again, packed; what was used longest ago goes first."""

_ATTEMPT = "SELECT attempt_id, report, evidence FROM attempt WHERE lesson = ? "


class SqliteProgressStore:
    """One learner's progress in one file. Blocking, and safe to call from any thread.

    A method returns when its change is durable. All raise StorageError in words.
    """

    def __init__(self, path: Path, *, cache_limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._connection = Connection(path, PROGRESS)
        self._cache_limit_bytes = cache_limit_bytes
        self.learning = SqliteLearningStore(self._connection)
        """Facts, answers and reviews, in the same file."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the learner, for instance that a damaged file was set aside."""
        return self._connection.notices

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def lesson_progress(self, lesson: str) -> LessonProgress:
        """Where the learner is; a fresh value when the lesson was never opened."""
        row = self._first(
            "SELECT step, done, started_at, touched_at, seconds_spent FROM lesson_progress WHERE lesson = ?",
            lesson,
        )
        if row is None:
            return LessonProgress(lesson=lesson)
        done = msgspec.json.decode(row[1], type=tuple[str, ...])
        return LessonProgress(lesson, row[0], done, row[2], row[3], row[4])

    def save_lesson_progress(self, progress: LessonProgress) -> None:
        """Store it, and note that this lesson was touched last."""
        self._change(
            "INSERT OR REPLACE INTO lesson_progress VALUES "
            "(?, ?, ?, ?, ?, ?, (SELECT coalesce(max(touch), 0) + 1 FROM lesson_progress))",
            progress.lesson,
            progress.step,
            msgspec.json.encode(progress.done).decode(),
            progress.started_at,
            progress.touched_at,
            progress.seconds_spent,
        )

    def last_lesson(self) -> str | None:
        """The slug of the lesson touched last."""
        row = self._first("SELECT lesson FROM lesson_progress ORDER BY touch DESC LIMIT 1")
        return None if row is None else str(row[0])

    def reset_lesson(self, lesson: str) -> None:
        """Go back to the first step with nothing done. Attempts and predictions stay."""
        self._change(
            "UPDATE lesson_progress SET step = 0, done = '[]', started_at = '' WHERE lesson = ?", lesson
        )

    def add_attempt(self, report: CheckpointReport, evidence_json: str) -> Attempt:
        """Store one graded attempt."""
        passed = sum(verdict.outcome is Outcome.PASSED for verdict in report.verdicts)
        values = (
            report.lesson,
            report.outcome.value,
            passed,
            report.taken_at,
            msgspec.json.encode(report).decode(),
            _pack(evidence_json),
        )
        insert = (
            "INSERT INTO attempt (lesson, outcome, checks_passed, taken_at, report, evidence) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        )
        number = self._connection.run(lambda database: database.execute(insert, values).lastrowid)
        return Attempt(number or 0, report, evidence_json)

    def attempts(self, lesson: str) -> tuple[Attempt, ...]:
        """All attempts at a lesson, oldest first."""
        rows = self._all(_ATTEMPT + "ORDER BY attempt_id", lesson)
        return tuple(_attempt(row) for row in rows)

    def best_attempt(self, lesson: str) -> Attempt | None:
        """The first that passed, else the first of those with most passed checks."""
        order = "ORDER BY outcome = 'passed' DESC, "
        order += "CASE WHEN outcome = 'passed' THEN 0 ELSE checks_passed END DESC, attempt_id LIMIT 1"
        row = self._first(_ATTEMPT + order, lesson)
        return None if row is None else _attempt(row)

    def save_prediction(self, prediction: Prediction) -> None:
        """Store or update the prediction of this lesson and id; it keeps its place in the order."""
        self._change(
            "INSERT INTO prediction VALUES "
            "(?, ?, (SELECT coalesce(max(number), 0) + 1 FROM prediction), ?) "
            "ON CONFLICT DO UPDATE SET prediction = excluded.prediction",
            prediction.lesson,
            prediction.predict_id,
            msgspec.json.encode(prediction).decode(),
        )

    def predictions(self, lesson: str) -> tuple[Prediction, ...]:
        """All predictions of a lesson, in the order they were first made."""
        rows = self._all("SELECT prediction FROM prediction WHERE lesson = ? ORDER BY number", lesson)
        return tuple(msgspec.json.decode(row[0], type=Prediction) for row in rows)

    def cached_evidence(self, key: str) -> str | None:
        """Evidence stored under this key, if it is still kept."""

        def read(database: sqlite3.Connection) -> bytes | None:
            row = database.execute("SELECT evidence FROM evidence_cache WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            database.execute(
                "UPDATE evidence_cache SET used = (SELECT max(used) + 1 FROM evidence_cache) WHERE key = ?",
                (key,),
            )
            return bytes(row[0])

        packed = self._connection.run(read)
        return None if packed is None else _unpack(packed)

    def cache_evidence(self, key: str, evidence_json: str) -> None:
        """Store evidence under a key; the least recently used goes when the cache is full."""
        packed = _pack(evidence_json)
        limit = self._cache_limit_bytes

        def write(database: sqlite3.Connection) -> None:
            database.execute(
                "INSERT OR REPLACE INTO evidence_cache VALUES "
                "(?, ?, ?, (SELECT coalesce(max(used), 0) + 1 FROM evidence_cache))",
                (key, packed, len(packed)),
            )
            # Keeps the newest whose sizes together stay within the limit.
            database.execute(
                "DELETE FROM evidence_cache WHERE key IN (SELECT key FROM "
                "(SELECT key, sum(size_bytes) OVER (ORDER BY used DESC) AS upto FROM evidence_cache) "
                "WHERE upto > ?)",
                (limit,),
            )

        self._connection.run(write)

    def setting(self, name: str, default: str = "") -> str:
        """A stored setting of this learner."""
        row = self._first("SELECT value FROM setting WHERE name = ?", name)
        return default if row is None else str(row[0])

    def save_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self._change("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value)

    def _change(self, statement: str, *values: object) -> None:
        self._connection.run(lambda database: database.execute(statement, values))

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.run(lambda database: database.execute(query, values).fetchall(), writes=False)

    def _first(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None


def _attempt(row: tuple[Any, ...]) -> Attempt:
    return Attempt(row[0], msgspec.json.decode(row[1], type=CheckpointReport), _unpack(row[2]))


def _pack(text: str) -> bytes:
    # A list of ten thousand files shrinks to a tenth.
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def _unpack(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")
