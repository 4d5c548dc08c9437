"""Who builds on an engine now, as every process of this machine sees it."""

import os
from pathlib import Path

import pytest

from tutor.engine.docker.build_roll import BuildRoll


def rolls(folder: Path) -> tuple[BuildRoll, BuildRoll]:
    return BuildRoll("engine", "mine", folder), BuildRoll("engine", "theirs", folder)


def test_a_neighbour_that_began_before_the_moment_is_seen(tmp_path: Path) -> None:
    mine, theirs = rolls(tmp_path / "roll")
    theirs.enter("run", 100.0)
    assert mine.neighbours_until(100.0)
    assert not mine.neighbours_until(99.9)


def test_a_build_of_ones_own_home_is_no_neighbour(tmp_path: Path) -> None:
    mine, _ = rolls(tmp_path)
    mine.enter("run", 1.0)
    assert not mine.neighbours_until(2.0)


def test_one_that_has_left_is_gone(tmp_path: Path) -> None:
    mine, theirs = rolls(tmp_path)
    theirs.enter("run", 1.0)
    theirs.leave("run")
    theirs.leave("run")
    assert not mine.neighbours_until(2.0)


def test_the_same_run_of_two_homes_is_two_builds(tmp_path: Path) -> None:
    mine, theirs = rolls(tmp_path)
    mine.enter("run", 1.0)
    theirs.enter("run", 1.0)
    mine.leave("run")
    assert mine.neighbours_until(2.0)


def test_another_engine_has_another_roll(tmp_path: Path) -> None:
    mine, _ = rolls(tmp_path)
    BuildRoll("another", "theirs", tmp_path).enter("run", 1.0)
    assert not mine.neighbours_until(2.0)


def test_a_dead_owner_is_struck_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = rolls(tmp_path)
    theirs.enter("run", 1.0)
    monkeypatch.setattr("tutor.engine.docker.build_roll.owner_lives", lambda owner: False)
    assert not mine.neighbours_until(2.0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"owner": "x"}', b"\xff\xfe", b"0" * 100_000])
def test_what_is_no_entry_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    mine, theirs = rolls(tmp_path)
    theirs.enter("run", 1.0)
    (entry,) = (path for path in tmp_path.rglob("*") if path.is_file())
    entry.write_bytes(content)
    assert not mine.neighbours_until(2.0)


def test_nothing_in_the_folder_can_be_waited_for_or_lead_away(tmp_path: Path) -> None:
    mine, theirs = rolls(tmp_path)
    theirs.enter("run", 1.0)
    (entry,) = (path for path in tmp_path.rglob("*") if path.is_file())
    os.mkfifo(entry.parent / "pipe")
    (entry.parent / "link").symlink_to(entry)
    theirs.leave("run")
    assert not mine.neighbours_until(2.0)


def test_everybody_may_enter_and_nobody_may_strike_out_another(tmp_path: Path) -> None:
    mine, _ = rolls(tmp_path / "roll")
    mine.enter("run", 1.0)
    (folder,) = (path for path in (tmp_path / "roll").iterdir())
    assert folder.stat().st_mode & 0o7777 == 0o1777
    assert folder.parent.stat().st_mode & 0o7777 == 0o1777


def test_without_a_folder_nobody_hears_of_it_and_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    mine = BuildRoll("engine", "mine", tmp_path / "file")
    mine.enter("run", 1.0)
    assert not mine.neighbours_until(2.0)
    mine.leave("run")
