"""One SQLite file: opened, migrated forward, shared by threads, survived when damaged."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tutor.core.errors import StorageError
from tutor.storage.damage import is_damage, salvage, set_aside
from tutor.storage.failure import database_failure, failure

Result = TypeVar("Result")

BUSY_SECONDS = 10.0
"""How long to wait for another process that writes."""


class Connection:
    """Runs functions on one database, one at a time, whichever thread they come from.

    ``migrations`` are scripts; script *n* brings ``PRAGMA user_version`` from *n* to *n* + 1.
    ``synchronous=FULL`` makes a commit durable before it returns, in WAL mode too.

    Raises:
        StorageError: the file cannot be opened, or was written by a newer version.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.path = path
        self._migrations = tuple(migrations)
        self._lock = threading.RLock()
        self._closed = False
        self._notices: list[str] = []
        self._inode: int | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failure("make the folder for it", error, path) from error
        try:
            self._database = self._open_or_begin_again()
        except sqlite3.Error as error:
            raise database_failure(error, path) from error
        except OSError as error:
            raise failure("set the damaged file aside", error, path) from error

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the learner about what happened to the file."""
        return tuple(self._notices)

    def run(self, work: Callable[[sqlite3.Connection], Result], *, writes: bool = True) -> Result:
        """Do ``work`` in one transaction. It may run twice when the file proves damaged.

        With ``writes=False`` it does not wait for another process that writes.

        Raises:
            StorageError: in words.
        """
        with self._lock:
            if self._closed:
                raise StorageError("The file is closed already.", where=str(self.path))
            try:
                return self._transact(work, writes)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise database_failure(error, self.path) from error
            try:
                self._database.close()
                self._database = self._begin_again()
                return self._transact(work, writes)
            except sqlite3.Error as error:
                raise database_failure(error, self.path) from error
            except OSError as error:
                raise failure("set the damaged file aside", error, self.path) from error

    def close(self) -> None:
        """Let go of the file. A second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._database.close()

    def _transact(self, work: Callable[[sqlite3.Connection], Result], writes: bool) -> Result:
        database = self._database
        # Taking the lock at once: a reader that turns writer halfway cannot wait for its turn.
        database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            result = work(database)
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        return result

    def _open_or_begin_again(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return self._begin_again()

    def _begin_again(self) -> sqlite3.Connection:
        import filelock  # rarely needed, and start-up time counts

        with filelock.FileLock(f"{self.path}.lock"):
            if _inode(self.path) != self._inode:
                # Another process met the same damage first and has begun the fresh file.
                return self._open()
            damaged = set_aside(self.path)
            database = self._open()
            if damaged is not None:
                rows = salvage(damaged, database)
                saved = f"{rows} records were saved from it" if rows else "nothing could be read from it"
                self._notices.append(
                    f"The file {self.path.name} was damaged and a fresh one was begun; {saved}. "
                    f"The damaged file is kept as {damaged}."
                )
            return database

    def _open(self) -> sqlite3.Connection:
        self._inode = _inode(self.path)
        database = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _set_write_ahead_log(database)
            database.execute("PRAGMA synchronous=FULL")
            self._migrate(database)
            self._inode = _inode(self.path)
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self, database: sqlite3.Connection) -> None:
        newest = len(self._migrations)
        if _version(database) == newest:
            # Reads the schema: a file that is no database, or a torn one, shows itself here.
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            version = _version(database)
            if version > newest:
                raise StorageError(
                    f"A newer FROM scratch wrote this file (schema {version}; this one knows {newest}).",
                    where=str(self.path),
                    next_step="Update with `pip install --upgrade fromscratch`, "
                    "or set FROMSCRATCH_HOME to another folder to begin apart from it.",
                )
            for script in self._migrations[version:]:
                for statement in script.split(";"):
                    if statement.strip():
                        database.execute(statement)
            database.execute(f"PRAGMA user_version={newest:d}")
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise


def _set_write_ahead_log(database: sqlite3.Connection) -> None:
    try:
        # A network file system may refuse; SQLite then goes on with its rollback journal.
        database.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError:
        # Here SQLite does not wait for another process that is setting the same: it need not be
        # set twice, and any other fault shows itself at the next statement.
        return


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])
