"""The learner's folder in a bad way: the message has place and mend, and the rest of the course goes on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.conftest import Stage
from tests.ui.hand import Hand


@pytest.fixture
def disk(tmp_path: Path, stage: Stage) -> Iterator[Path]:
    """The folder of all workspaces on a file system of its own, a quarter of a megabyte large."""
    folder = tmp_path / "workspaces"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


async def go_on_elsewhere(hand: Hand) -> None:
    """The other lesson opens, and its checkpoint can be passed."""
    await hand.press("escape", "m")
    await hand.see("Course map")
    await hand.press("down", "enter")
    await hand.see("The second lesson.")
    await hand.press("c")
    await hand.see("Passed: all 1 checks")


async def type_and_leave(hand: Hand, text: str) -> None:
    await hand.press("e")
    await hand.type(text)
    await hand.press("escape")


async def test_a_file_that_is_no_text_is_told_with_its_line_and_the_course_goes_on(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        (hand.workspace / "Dockerfile").write_bytes(b"FROM scratch\n\xff\xfe\x00 nonsense\n")
        await hand.see("✗ Your files", "is not UTF-8 text", "in line 2", "Dockerfile:2", "→ Save it as UTF-8")
        await go_on_elsewhere(hand)


async def test_nonsense_in_the_dockerfile_is_shown_and_breaks_nothing(stage: Stage) -> None:
    stage.engine.script.build_error = "unknown instruction: WIBBLE"
    stage.engine.script.build_error_line = 1
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        (hand.workspace / "Dockerfile").write_text("WIBBLE\x1b[31m [/bold] {{}}\n")
        await hand.see("changed outside")
        await hand.press("1")
        await hand.see("WIBBLE␛[31m [/bold] {{}}")
        await hand.press("escape", "b")
        await hand.see("Dockerfile:1", "unknown instruction")
        stage.engine.script.build_error = ""
        await go_on_elsewhere(hand)


async def test_a_folder_deleted_while_open_is_told_and_a_reset_brings_it_back(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        shutil.rmtree(hand.workspace)
        await type_and_leave(hand, "# mine\n")
        await hand.see(
            "✗ Your files", "folder is gone", "02-two-stages", "→ Put it back, or reset the lesson"
        )
        await hand.press("escape", "escape")
        await hand.app.run_action("screen.reset")
        await hand.see("Reset this lesson?")
        await hand.press("tab", "enter")
        await hand.until(lambda: (hand.workspace / "Dockerfile").is_file())
        await go_on_elsewhere(hand)


async def test_a_full_disk_keeps_the_text_and_is_told_with_its_mend(disk: Path, stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        filler = fill(disk)
        await type_and_leave(hand, "# kept\n")
        await hand.see("the disk is full", "02-two-stages/Dockerfile", "→ Free some space")
        await hand.press("escape")
        await hand.see("# kept")
        filler.unlink()
        await hand.press("e", "escape")
        await hand.until(lambda: hand.dockerfile.startswith("# kept\n"))
        await go_on_elsewhere(hand)


async def test_a_lesson_that_finds_the_disk_full_leaves_the_open_one_as_it_is(
    disk: Path, stage: Stage
) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        filler = fill(disk)
        await hand.press("m", "down", "enter")
        await hand.see("The lesson cannot be opened", "the disk is full", "→ Free some space")
        await hand.press("escape")
        await hand.see("Read this first")
        filler.unlink()
        await go_on_elsewhere(hand)


async def test_a_folder_that_may_only_be_read_is_told_with_its_mend(disk: Path, stage: Stage) -> None:
    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)

    async with stage.play((80, 24)) as hand:
        await hand.idle()
        remount("ro")
        await type_and_leave(hand, "# kept\n")
        await hand.see("read-only file system", "02-two-stages/Dockerfile", "→ Give yourself the right")
        await hand.press("escape")
        await hand.see("# kept")
        remount("rw")
        await hand.press("e", "escape")
        await hand.until(lambda: hand.dockerfile.startswith("# kept\n"))
        await go_on_elsewhere(hand)
