"""Facts, answers and reviews in SQLite. Fills :class:`tutor.core.store.LearningStore`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from tutor.core.progress import ExerciseAnswer, ReviewItem
from tutor.storage.connection import Connection


class SqliteLearningStore:
    """What a learner measured and answered. Shares the file of the progress; raises StorageError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self, lesson: str) -> dict[str, str | int | float | bool]:
        """What was measured last in a lesson, by dotted names."""
        rows = self._all("SELECT name, value FROM fact WHERE lesson = ?", lesson)
        return {name: msgspec.json.decode(value) for name, value in rows}

    def save_facts(self, lesson: str, facts: Mapping[str, str | int | float | bool]) -> None:
        """Store facts; those of other names stay."""
        rows = [(lesson, name, msgspec.json.encode(value).decode()) for name, value in facts.items()]

        def write(database: sqlite3.Connection) -> None:
            database.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", rows)

        if rows:
            self._connection.run(write)

    def add_answer(self, answer: ExerciseAnswer) -> None:
        """Store one answer to an exercise."""
        insert = (
            "INSERT INTO answer (lesson, exercise_id, given, is_right, answered_at) VALUES (?, ?, ?, ?, ?)"
        )
        values = (answer.lesson, answer.exercise_id, answer.given, answer.is_right, answer.answered_at)
        self._connection.run(lambda database: database.execute(insert, values))

    def answers(self, lesson: str) -> tuple[ExerciseAnswer, ...]:
        """All answers given in a lesson, oldest first."""
        rows = self._all(
            "SELECT lesson, exercise_id, given, is_right, answered_at FROM answer "
            "WHERE lesson = ? ORDER BY number",
            lesson,
        )
        return tuple(ExerciseAnswer(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows)

    def reviews(self) -> tuple[ReviewItem, ...]:
        """Everything that comes back some day, soonest first."""
        rows = self._all("SELECT lesson, item_id, rung, due_at FROM review ORDER BY due_at, lesson, item_id")
        return tuple(ReviewItem(*row) for row in rows)

    def save_review(self, item: ReviewItem) -> None:
        """Store or update when a question comes back."""
        values = (item.lesson, item.item_id, item.rung, item.due_at)
        self._connection.run(
            lambda database: database.execute("INSERT OR REPLACE INTO review VALUES (?, ?, ?, ?)", values)
        )

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.run(lambda database: database.execute(query, values).fetchall(), writes=False)
