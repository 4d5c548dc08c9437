from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor.storage.database import SqliteProgressStore
from tutor.storage.journal import SqliteJournal


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.sqlite3"


@pytest.fixture
def store(database: Path) -> Iterator[SqliteProgressStore]:
    store = SqliteProgressStore(database)
    yield store
    store.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(tmp_path / "data" / "journal.sqlite3")
    yield journal
    journal.close()
