"""The tables, as scripts that bring a file from one version to the next. Never edit one that was released."""

from __future__ import annotations

PROGRESS: tuple[str, ...] = (
    """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE lesson_progress (
        lesson TEXT PRIMARY KEY, step INTEGER NOT NULL, done TEXT NOT NULL, started_at TEXT NOT NULL,
        touched_at TEXT NOT NULL, seconds_spent REAL NOT NULL, touch INTEGER NOT NULL
    );
    CREATE TABLE attempt (
        attempt_id INTEGER PRIMARY KEY AUTOINCREMENT, lesson TEXT NOT NULL, outcome TEXT NOT NULL,
        checks_passed INTEGER NOT NULL, taken_at TEXT NOT NULL, report TEXT NOT NULL, evidence BLOB NOT NULL
    );
    CREATE INDEX attempt_by_lesson ON attempt (lesson, attempt_id);
    CREATE TABLE prediction (
        lesson TEXT NOT NULL, predict_id TEXT NOT NULL, number INTEGER NOT NULL, prediction TEXT NOT NULL,
        PRIMARY KEY (lesson, predict_id)
    );
    CREATE TABLE evidence_cache (
        key TEXT PRIMARY KEY, evidence BLOB NOT NULL, size_bytes INTEGER NOT NULL, used INTEGER NOT NULL
    );
    """,
    """
    CREATE TABLE fact (lesson TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (lesson, name)) WITHOUT ROWID;
    CREATE TABLE answer (
        number INTEGER PRIMARY KEY AUTOINCREMENT, lesson TEXT NOT NULL, exercise_id TEXT NOT NULL,
        given TEXT NOT NULL, is_right INTEGER NOT NULL, answered_at TEXT NOT NULL
    );
    CREATE TABLE review (
        lesson TEXT NOT NULL, item_id TEXT NOT NULL, rung INTEGER NOT NULL, due_at TEXT NOT NULL,
        PRIMARY KEY (lesson, item_id)
    ) WITHOUT ROWID;
    """,
)
"""Progress, attempts, predictions, settings. Evidence is JSON packed by zlib."""

JOURNAL: tuple[str, ...] = (
    """
    CREATE TABLE entry (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, object_id TEXT NOT NULL,
        endpoint TEXT NOT NULL, run_id TEXT NOT NULL, detail TEXT NOT NULL, recorded_at TEXT NOT NULL,
        UNIQUE (kind, object_id, endpoint)
    );
    """,
)
"""What is ours on engines."""
