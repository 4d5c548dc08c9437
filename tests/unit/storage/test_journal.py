from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tutor.core.progress import JournalEntry
from tutor.core.store import Journal
from tutor.storage.journal import SqliteJournal

IMAGE = JournalEntry("image", "sha256:1", "engine-a", "run-1", "two-stages", "2026-01-02T03:04:05+00:00")


def test_it_fills_the_port(journal: SqliteJournal) -> None:
    port: Journal = journal
    assert port.entries() == ()


def test_entries_come_back_oldest_first(journal: SqliteJournal) -> None:
    entries = tuple(replace(IMAGE, object_id=f"sha256:{number}") for number in (3, 1, 2))
    for entry in entries:
        journal.record(entry)
    assert journal.entries() == entries


def test_writing_the_same_again_changes_nothing(journal: SqliteJournal) -> None:
    journal.record(IMAGE)
    journal.record(replace(IMAGE, run_id="run-2", detail="again"))
    assert journal.entries() == (IMAGE,)


def test_engines_are_told_apart(journal: SqliteJournal) -> None:
    elsewhere = replace(IMAGE, endpoint="engine-b")
    journal.record(IMAGE)
    journal.record(elsewhere)
    assert journal.entries("engine-b") == (elsewhere,)


def test_forgetting_strikes_out_one_object_of_one_engine(journal: SqliteJournal) -> None:
    kept = (replace(IMAGE, endpoint="engine-b"), replace(IMAGE, kind="cache"), replace(IMAGE, object_id="x"))
    for entry in (IMAGE, *kept):
        journal.record(entry)
    journal.forget(replace(IMAGE, run_id="another", detail=""))
    assert journal.entries() == kept


def test_forgetting_what_is_not_there_does_nothing(journal: SqliteJournal) -> None:
    journal.forget(IMAGE)
    assert journal.entries() == ()


def test_an_entry_without_a_time_gets_one(journal: SqliteJournal) -> None:
    journal.record(replace(IMAGE, recorded_at=""))
    assert journal.entries()[0].recorded_at.endswith("+00:00")


def test_what_was_recorded_survives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    program = f"""
import os, signal
from pathlib import Path
from tutor.core.progress import JournalEntry
from tutor.storage.journal import SqliteJournal
journal = SqliteJournal(Path({str(path)!r}))
journal.record(JournalEntry("container", "c1", "engine", "run"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    journal = SqliteJournal(path)
    assert [entry.object_id for entry in journal.entries()] == ["c1"]
    journal.close()


def test_two_open_journals_see_each_others_entries(tmp_path: Path) -> None:
    one, two = SqliteJournal(tmp_path / "j"), SqliteJournal(tmp_path / "j")
    one.record(IMAGE)
    assert two.entries() == (IMAGE,)
    two.forget(IMAGE)
    assert one.entries() == ()
    one.close()
    two.close()
