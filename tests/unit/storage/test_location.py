from __future__ import annotations

from pathlib import Path

import pytest

from tutor.storage.location import Location


def test_one_variable_puts_everything_below_one_folder(tmp_path: Path) -> None:
    location = Location.discover({"FROMSCRATCH_HOME": str(tmp_path / "all")}, Path("/home/learner"))
    for path in (
        location.data_folder,
        location.cache_folder,
        location.log_folder,
        location.workspace_folder,
        location.database,
        location.journal,
        location.build_lock,
        location.embedded_folder,
        location.kept_folder,
    ):
        assert path.is_relative_to(tmp_path / "all")


def test_without_it_the_workspace_is_a_visible_folder_at_home() -> None:
    location = Location.discover({}, Path("/home/learner"))
    assert location.workspace_folder == Path("/home/learner/fromscratch")


def test_without_it_data_and_cache_lie_where_the_system_keeps_such(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    location = Location.discover({}, tmp_path)
    assert location.database.is_relative_to(tmp_path / "data" / "fromscratch")
    assert location.embedded_folder.is_relative_to(tmp_path / "cache" / "fromscratch")


def test_a_relative_folder_counts_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Location.discover({"FROMSCRATCH_HOME": "class"}, Path("/h")).data_folder == tmp_path / "class/data"


def test_a_tilde_counts_from_home() -> None:
    location = Location.discover({"FROMSCRATCH_HOME": "~/class"}, Path("/home/learner"))
    assert location.log_folder == Path("/home/learner/class/log")


def test_an_empty_variable_is_as_none() -> None:
    assert Location.discover({"FROMSCRATCH_HOME": " "}, Path("/h")) == Location.discover({}, Path("/h"))


def test_looking_makes_no_folder(tmp_path: Path) -> None:
    Location.discover({"FROMSCRATCH_HOME": str(tmp_path / "all")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_aside_lies_outside_of_every_workspace(tmp_path: Path) -> None:
    location = Location.discover({"FROMSCRATCH_HOME": str(tmp_path)}, tmp_path)
    assert not location.kept_folder.is_relative_to(location.workspace_folder / "02-two-stages")
