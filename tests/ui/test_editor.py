from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.ui.conftest import Stage
from tutor.core.errors import StorageError
from tutor.ui.workspace_file import find_editor


async def test_letters_are_text_in_the_editor_and_escape_saves_and_leaves(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("e")
        await hand.type("# brq\n")
        await hand.see("1  # brq", "not saved yet", "esc Leave editor")
        assert stage.engine.asked.count("ping") == 0
        await hand.press("escape")
        assert hand.dockerfile.startswith("# brq\n")
        assert "not saved yet" not in hand.text
        await hand.press("b")
        await hand.see("built in")


async def test_a_click_elsewhere_saves_too(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.click("#editor", offset=(10, 3))
        await hand.type("X")
        await hand.click("#lesson")
        await hand.until(lambda: "X" in hand.dockerfile)


async def test_undo_and_redo(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("e")
        await hand.type("#mine")
        await hand.press("ctrl+z")
        assert "#mine" not in hand.text
        await hand.press("ctrl+y")
        await hand.see("#mine")


async def test_a_build_from_within_the_editor_saves_first(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("e")
        await hand.type("# typed\n")
        await hand.press("f5")
        await hand.see("built in")
        assert hand.dockerfile.startswith("# typed\n")


async def test_the_lesson_stays_visible_while_editing_on_a_small_screen(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        await hand.press("e")
        await hand.see("Some prose with code.", "1  FROM golang:1.21-alpine AS builder", "NEXT ▸")


async def test_a_file_changed_outside_is_taken_over(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        (hand.workspace / "Dockerfile").write_text("FROM scratch\n# from another editor\n")
        await hand.see("# from another editor", "changed outside")
        await hand.press("e", "ctrl+z")
        await hand.see("FROM golang:1.21-alpine AS builder")


async def test_unsaved_text_survives_a_change_outside_and_both_versions_can_be_had(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("e")
        await hand.type("# mine\n")
        (hand.workspace / "Dockerfile").write_text("FROM scratch\n# theirs\n")
        await hand.see("# mine", "changed outside too")
        await hand.press("escape")
        await hand.until(lambda: hand.dockerfile.startswith("# mine\n"))
        await hand.press("e", "ctrl+z")
        await hand.see("# theirs")
        assert "# mine" not in hand.text


async def test_the_other_version_is_taken_by_its_key_and_undo_brings_mine_back(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("e")
        await hand.type("# mine\n")
        (hand.workspace / "Dockerfile").write_text("FROM scratch\n# theirs\n")
        await hand.see("changed outside too")
        await hand.press("ctrl+r")
        await hand.see("# theirs")
        assert hand.dockerfile == "FROM scratch\n# theirs\n"
        await hand.press("ctrl+z")
        await hand.see("# mine")


async def test_a_file_that_cannot_be_written_keeps_the_text_and_the_tutor_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.play() as hand:
        await hand.idle()

        def full(text: str, name: str) -> None:
            raise StorageError("No space left.", where="Dockerfile", next_step="Free some.")

        with monkeypatch.context() as patch:
            patch.setattr(hand.lesson.session, "save_file", full)
            await hand.press("e")
            await hand.type("# kept")
            await hand.press("f5")
            await hand.see("No space left.", "→ Free some.")
            assert not any(asked.startswith("build") for asked in stage.engine.asked)
            await hand.press("escape")
            await hand.see("# kept")
            await hand.app.action_quit()
            await hand.see("No space left.")
            assert hand.app.is_running
            await hand.press("escape")
        await hand.press("escape")
        await hand.until(lambda: "# kept" in hand.dockerfile)


async def test_an_empty_file_and_a_missing_one_open_empty(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        (hand.workspace / "Dockerfile").unlink()
        await hand.until(lambda: hand.lesson.bench.editor.text == "")
        await hand.press("b")
        await hand.see("There is no file named Dockerfile")
        await hand.press("e")
        await hand.type("FROM scratch")
        await hand.press("escape")
        assert hand.dockerfile == "FROM scratch"


def test_the_learners_own_editor_is_found_with_its_options() -> None:
    assert find_editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert find_editor({"EDITOR": "vi"}) == ["vi"]


def test_without_a_setting_a_known_editor_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_editor({}) == []
    nano = tmp_path / "nano"
    nano.write_text("#!/bin/sh\n")
    nano.chmod(nano.stat().st_mode | stat.S_IXUSR)
    assert find_editor({}) == ["nano"]


async def test_no_editor_at_all_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("E")
        await hand.see("Set EDITOR to one, or press e")


async def test_every_line_keeps_its_text_when_it_is_coloured(stage: Stage) -> None:
    # get_line is the hook that TextArea documents; this holds it to what the editor needs of it.
    async with stage.play() as hand:
        await hand.idle()
        editor = hand.lesson.bench.editor
        for index, line in enumerate(editor.text.split("\n")):
            shown = editor.get_line(index)
            assert shown.plain == line
        keyword = editor.get_line(0).get_style_at_offset(hand.app.console, 0)
        argument = editor.get_line(0).get_style_at_offset(hand.app.console, 26)
        assert keyword.color != argument.color
