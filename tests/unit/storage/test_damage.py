from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tutor.core.errors import StorageError
from tutor.core.progress import LessonProgress
from tutor.storage.database import SqliteProgressStore
from tutor.storage.schema import PROGRESS


def test_a_file_that_is_no_database_is_kept_aside_and_a_fresh_one_begun(database: Path) -> None:
    database.parent.mkdir()
    database.write_bytes(b"this is no database at all\n" * 400)
    store = SqliteProgressStore(database)
    store.save_setting("theme", "dark")
    assert store.setting("theme") == "dark"
    (notice,) = store.notices
    (aside,) = database.parent.glob("progress.sqlite3.damaged-*")
    assert str(aside) in notice
    assert aside.read_bytes().startswith(b"this is no database")
    store.close()


def fill(database: Path) -> None:
    store = SqliteProgressStore(database)
    store.save_lesson_progress(LessonProgress("two-stages", 5, ("a/0",)))
    for number in range(400):
        store.save_setting(f"setting-{number:03d}", "x" * 200)
    store.close()


def test_what_can_still_be_read_of_a_damaged_file_is_saved(database: Path) -> None:
    fill(database)
    page = 4096
    content = bytearray(database.read_bytes())
    assert len(content) > 12 * page
    content[-6 * page :] = b"\xff" * (6 * page)
    database.write_bytes(bytes(content))
    store = SqliteProgressStore(database)
    store.save_setting("trigger", "1")
    for number in range(400):
        store.setting(f"setting-{number:03d}")
    assert store.lesson_progress("two-stages").step == 5
    assert any("records were saved" in notice for notice in store.notices)
    store.close()


def test_damage_met_by_an_open_store_is_survived(database: Path) -> None:
    fill(database)
    store = SqliteProgressStore(database)
    database.write_bytes(b"\xff" * 8192)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    store.save_lesson_progress(LessonProgress("one", 2))
    assert store.lesson_progress("one").step == 2
    assert len(store.notices) == 1
    store.close()


def test_two_stores_that_meet_the_same_damage_share_the_fresh_file(database: Path) -> None:
    fill(database)
    one, two = SqliteProgressStore(database), SqliteProgressStore(database)
    database.write_bytes(b"\xff" * 8192)
    one.save_setting("theme", "dark")
    two.save_setting("tour", "seen")
    assert (one.setting("tour"), two.setting("theme")) == ("seen", "dark")
    assert len(one.notices) + len(two.notices) == 1
    one.close()
    two.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(database: Path) -> None:
    fill(database)
    with closing(sqlite3.connect(database)) as raw:
        raw.execute(f"PRAGMA user_version={len(PROGRESS) + 1}")
    before = database.read_bytes()
    with pytest.raises(StorageError) as told:
        SqliteProgressStore(database)
    assert "newer" in told.value.what
    assert "FROMSCRATCH_HOME" in told.value.next_step
    assert database.read_bytes() == before


def test_an_older_file_is_migrated_forward(tmp_path: Path) -> None:
    from tutor.storage.connection import Connection

    first = Connection(tmp_path / "f", ("CREATE TABLE a (x)",))
    first.run(lambda database: database.execute("INSERT INTO a VALUES (1)"))
    first.close()
    second = Connection(tmp_path / "f", ("CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7"))
    assert second.run(lambda database: database.execute("SELECT x, y FROM a").fetchall()) == [(1, 7)]
    second.close()


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    from tutor.storage.connection import Connection

    Connection(tmp_path / "f", ("CREATE TABLE a (x)",)).close()
    with pytest.raises(StorageError):
        Connection(tmp_path / "f", ("CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"))
    again = Connection(tmp_path / "f", ("CREATE TABLE a (x)", "CREATE TABLE b (x)"))
    again.close()


def test_work_that_raises_is_undone(store: SqliteProgressStore) -> None:
    def half(database: sqlite3.Connection) -> None:
        database.execute("INSERT INTO setting VALUES ('half', 'done')")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        store._connection.run(half)
    assert store.setting("half") == ""


def test_a_folder_in_the_way_is_said_in_words(database: Path) -> None:
    database.mkdir(parents=True)
    with pytest.raises(StorageError) as told:
        SqliteProgressStore(database)
    assert told.value.where == str(database)
    assert told.value.next_step


def test_a_file_where_its_folder_should_be_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match="folder"):
        SqliteProgressStore(tmp_path / "data" / "progress.sqlite3")


def test_a_database_held_by_another_program_is_said_in_words(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutor.storage.connection.BUSY_SECONDS", 0.05)
    store = SqliteProgressStore(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            store.save_setting("theme", "dark")
        assert store.setting("theme", "none yet") == "none yet"
    store.save_setting("theme", "dark")
    assert store.notices == ()
    store.close()
