"""A damaged SQLite file: told from a busy one, set aside, and read as far as it can be read."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

# The low byte of SQLite's extended codes: https://www.sqlite.org/rescode.html
_SQLITE_CORRUPT = 11
_SQLITE_NOTADB = 26


def is_damage(error: sqlite3.Error) -> bool:
    """True when the file itself is broken: not locked, not full, not read-only."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {_SQLITE_CORRUPT, _SQLITE_NOTADB}


def set_aside(path: Path) -> Path | None:
    """Rename the file and its log to ``NAME.damaged-TIME``; None when it is gone already.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    try:
        return path.replace(aside)
    except FileNotFoundError:
        return None


def salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy what can still be read into ``fresh``, table by table; returns the number of rows."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(damaged)) as source:
        tables = [row[0] for row in fresh.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return sum(_copy(source, fresh, table) for table in tables if not table.startswith("sqlite_"))
    return 0


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _copy(source: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> int:
    copied = 0
    columns = [row[1] for row in fresh.execute(f'PRAGMA table_info("{table}")')]
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" for _ in columns)
    insert = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 (our own names)
    fresh.execute("BEGIN IMMEDIATE")
    # Rows come until the damaged page is reached; those before it are good.
    with contextlib.suppress(sqlite3.Error, OverflowError):
        for row in source.execute(f'SELECT {names} FROM "{table}"'):  # noqa: S608 (our own names)
            copied += fresh.execute(insert, row).rowcount
    fresh.execute("COMMIT")
    return copied
