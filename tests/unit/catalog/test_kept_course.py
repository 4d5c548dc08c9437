from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.catalog.conftest import WriteLesson
from tutor.catalog.course import Course
from tutor.catalog.kept_course import load_kept_course

Load = Callable[[], Course]


class Reading:
    """Loads the lessons, and counts how often."""

    def __init__(self, tmp_path: Path, load: Load) -> None:
        self.kept = tmp_path / "cache" / "course"
        self.lessons = tmp_path / "lessons"
        self.context = tmp_path / "service"
        self.times = 0
        self._load = load

    def __call__(self) -> Course:
        return load_kept_course(self.lessons, self.context, self.kept, self._read)

    def _read(self) -> Course:
        self.times += 1
        return self._load()


@pytest.fixture
def reading(tmp_path: Path, load: Load, write_lesson: WriteLesson) -> Reading:
    write_lesson(name="01-one")
    return Reading(tmp_path, load)


def test_lessons_that_did_not_change_are_read_once(reading: Reading) -> None:
    first = reading()
    assert reading() == first
    assert reading.times == 1


def test_a_changed_lesson_is_read_again(reading: Reading) -> None:
    reading()
    file = reading.lessons / "01-one" / "lesson.md"
    file.write_text(file.read_text().replace("minutes: 5", "minutes: 55"))
    assert reading().lessons[0].minutes == 55


def test_a_lesson_that_came_or_went_is_noticed(reading: Reading, write_lesson: WriteLesson) -> None:
    reading()
    write_lesson(name="02-two")
    assert len(reading().lessons) == 2


def test_a_file_that_a_step_needs_and_that_went_is_noticed(reading: Reading) -> None:
    (reading.lessons / "01-one" / "start" / "extra").write_text("")
    reading()
    (reading.lessons / "01-one" / "start" / "extra").unlink()
    reading()
    assert reading.times == 2


def test_mistakes_are_kept_too(reading: Reading, write_lesson: WriteLesson) -> None:
    write_lesson(("ask:", "aks:"), name="02-broken")
    first = reading()
    assert first.problems
    assert reading().problems == first.problems


@pytest.mark.parametrize("damage", [b"", b"no pickle", b"\x80\x05"])
def test_a_damaged_file_is_read_over(reading: Reading, damage: bytes) -> None:
    first = reading()
    reading.kept.write_bytes(damage)
    assert reading() == first


class Hostile:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("made-by-a-pickle",)


def test_a_file_made_by_somebody_else_runs_nothing(reading: Reading) -> None:
    first = reading()
    reading.kept.write_bytes(pickle.dumps(("state", Hostile())))
    assert reading() == first
    assert not Path("made-by-a-pickle").exists()


def test_a_folder_that_cannot_be_written_is_no_fault(reading: Reading) -> None:
    reading.kept.parent.write_text("a file where a folder should be")
    assert len(reading().lessons) == 1
