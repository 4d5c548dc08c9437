from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutor.command.console import console_plan
from tutor.command.demo import demo_folder, keep_recording, last_recording, only_demo, open_replay
from tutor.command.demo_export import export
from tutor.core.errors import StorageError, UsageError
from tutor.session.demo_moment import Moment
from tutor.session.demo_recording import Recording, read_recording, steps_sha256, write_recording
from tutor.session.demo_replay import ReplaySession
from tutor.session.demo_step import demo_lesson, demo_steps
from tutor.wiring import Wiring


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutor", "demo", *words],
        env=os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_second_demo_is_refused_in_words_while_one_runs() -> None:
    wiring = Wiring()
    with only_demo(wiring):
        with pytest.raises(UsageError, match="Another demo runs already"), only_demo(Wiring()):
            pass
        refused(run("two-stages", "--rehearse"), "Another demo runs already", "FROMSCRATCH_HOME")
    with only_demo(wiring):
        pass


def test_a_place_for_a_demo_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StorageError, match="cannot be made"), only_demo(Wiring()):
        pass


def test_a_demo_without_a_terminal_says_what_works_without_one() -> None:
    refused(run("two-stages"), "needs a terminal", "--rehearse")


def test_a_console_without_a_terminal_says_where_to_open_it() -> None:
    refused(run("--console"), "needs a terminal", "fromscratch demo --console")


@pytest.mark.parametrize("words", [["two-stages"], ["--replay"], ["--rehearse"]])
def test_a_console_beside_something_else_is_refused(words: list[str]) -> None:
    refused(run("--console", *words), "--console goes alone")


def test_the_plan_of_a_console_knows_what_each_step_took_in_the_last_recording() -> None:
    wiring = Wiring()
    lesson = wiring.course.find("two-stages")
    assert console_plan(wiring, lesson).machine_seconds == ()
    steps = demo_steps(demo_lesson(lesson))
    moments = tuple(Moment(n, "Dockerfile", "", "", seconds=n / 2) for n in range(1, 6))
    made = Recording("demo-two-stages", "docker", "2026-01-02T03:04:05", steps_sha256(steps), moments)
    write_recording(demo_folder(wiring) / "recordings" / "two-stages.jsonl", made)
    plan = console_plan(wiring, lesson)
    assert plan.machine_seconds == (0.5, 1.0, 1.5, 2.0, 2.5)
    assert plan.pointer.parent == demo_folder(wiring)
    replay = open_replay(lesson, demo_folder(wiring) / "recordings" / "two-stages.jsonl", speed=0)
    assert console_plan(wiring, lesson, replay) == plan


def test_a_demo_of_somebodys_own_lessons_takes_them_from_their_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tutor", "lesson", "new", "01-mine", "--lessons", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused(run("mine"), 'There is no lesson "mine"')
    refused(run("mine", "--lessons", str(tmp_path)), "needs a terminal")


# Steps that went as they should (None: nothing ran), in the recording that is there and in a new one.
@pytest.mark.parametrize(
    ("former", "made", "stays"),
    [
        ([None, True, True], [None, True], True),
        ([None, True], [None, True, True], False),
        ([None, True, True], [None, False, True], True),
        ([None, False, True], [None, True, True], False),
        ([None, True], [None, True], False),
    ],
)
def test_a_recording_is_kept_until_there_is_one_of_no_less_worth(
    former: list[bool | None], made: list[bool | None], stays: bool
) -> None:
    wiring = Wiring()
    lesson = wiring.course.find("two-stages")
    own = demo_lesson(lesson)

    def demo_of(ended: list[bool | None], engine: str) -> ReplaySession:
        moments = [Moment(n, "Dockerfile", "", "", went_well=well) for n, well in enumerate(ended, 1)]
        sha256 = steps_sha256(demo_steps(own))
        return ReplaySession(own, Recording(own.slug, engine, "2026-01-02T03:04", sha256, tuple(moments)))

    for ended, engine in ((former, "first"), (made, "second")):
        keep_recording(wiring, lesson, demo_of(ended, engine), None)  # type: ignore[arg-type]  # shows as a demo does
    kept = read_recording(last_recording(wiring, lesson))
    assert ("first" in kept.engine) is stays
    assert [moment.went_well for moment in kept.moments] == (former if stays else made)


def test_a_recording_that_is_none_says_how_to_make_one_of_this_lesson(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("nothing\n")
    with contextlib.closing(Wiring()) as wiring:
        lesson = wiring.course.find("two-stages")
    for name in ("bad.jsonl", "none.jsonl"):
        with pytest.raises(StorageError) as refusal:
            open_replay(lesson, tmp_path / name, speed=0)
        assert refusal.value.next_step.endswith("fromscratch demo two-stages --rehearse")


def test_an_export_of_another_kind_or_into_no_folder_is_refused_and_makes_nothing(
    tmp_path: Path,
) -> None:
    def unread(**_: object) -> ReplaySession:
        raise AssertionError("it is refused before anything is read")

    with pytest.raises(UsageError, match=r"cannot be written as \.gif") as kind:
        asyncio.run(export(unread, tmp_path / "x.gif", 1))
    assert all(known in kind.value.next_step for known in (".cast", ".svg", "FOLDER"))
    with pytest.raises(StorageError, match="does not exist") as folder:
        asyncio.run(export(unread, tmp_path / "none" / "x.svg", 1))
    assert "Make it first" in folder.value.next_step
    assert list(tmp_path.iterdir()) == []
