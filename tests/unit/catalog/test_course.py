from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.catalog.conftest import WriteLesson
from tutor.catalog.course import Course, load_course
from tutor.core.errors import LessonError, UsageError

Load = Callable[[], Course]


def test_lessons_come_in_the_order_of_their_numbers(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(name="10-ten")
    write_lesson(name="02-two")
    assert [lesson.slug for lesson in load().lessons] == ["two", "ten"]


@pytest.mark.parametrize("name", ["two-stages", "02-two-stages", "2", "02", "Two-Stages", "02-two-stages/"])
def test_lesson_is_found_by_slug_folder_or_number(write_lesson: WriteLesson, load: Load, name: str) -> None:
    write_lesson(name="02-two-stages")
    assert load().find(name).slug == "two-stages"


def test_unknown_lesson_is_answered_with_the_nearest(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(name="02-two-stages")
    write_lesson(name="03-static-linking")
    with pytest.raises(UsageError) as caught:
        load().find("two-stagse")
    assert caught.value.what == 'There is no lesson "two-stagse".'
    assert caught.value.next_step == 'Did you mean "two-stages"?'
    with pytest.raises(UsageError) as caught:
        load().find("99")
    assert "two-stages, static-linking" in caught.value.next_step


def test_broken_lesson_leaves_the_others_alone_and_says_why_when_asked_for(
    write_lesson: WriteLesson, load: Load
) -> None:
    write_lesson(name="01-good")
    write_lesson(("ask:", "aks:"), name="02-broken")
    course = load()
    assert [lesson.slug for lesson in course.lessons] == ["good"]
    for name in ("broken", "2", "02-broken"):
        with pytest.raises(LessonError, match="aks"):
            course.find(name)


def test_problem_reads_as_file_line_sentence_and_next_step(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(("minutes: 5\n", ""))
    assert str(load().problems[0]) == (
        'lessons/01-first-steps/lesson.md:2: The front matter lacks the key "minutes".\nAdd a line minutes: …'
    )


@pytest.mark.parametrize("twin", ["01-uno", "02-one"])
def test_two_lessons_with_one_number_or_one_name_are_told_and_the_others_stay(
    write_lesson: WriteLesson, load: Load, twin: str
) -> None:
    write_lesson(name="01-one")
    write_lesson(name=twin)
    write_lesson(name="03-other")
    course = load()
    assert [lesson.slug for lesson in course.lessons] == ["one", "other"]
    (problem,) = course.problems
    assert f"{twin} and 01-one share a number or a name" in problem.what
    assert "give it one of its own" in str(problem)


BAD_PARTS = {
    "an unknown device": ("```yaml predict", "```yaml pedict", "names no device"),
    "a missing field": ("title: ", "heading: ", "title"),
    "a wrong indent": ("minutes: 5", "   minutes: 5", ""),
    "a file that leaves its folder": ("from: labs/broken", "from: ../other", "leaves its folder"),
}


@pytest.mark.parametrize(("old", "new", "told"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_lesson_with_a_bad_part_is_told_with_file_and_line_and_the_others_stay(
    write_lesson: WriteLesson, load: Load, old: str, new: str, told: str
) -> None:
    write_lesson(name="01-one")
    write_lesson((old, new), name="02-bad")
    write_lesson(name="03-other")
    course = load()
    assert [lesson.slug for lesson in course.lessons] == ["one", "other"]
    assert any(told in str(problem) for problem in course.problems)
    for problem in course.problems:
        assert re.search(r"02-bad/lesson\.md:\d+", str(problem))


def test_lesson_may_need_only_one_before_it(write_lesson: WriteLesson, load: Load) -> None:
    need = ("minutes: 5", "minutes: 5\nneeds: [two]")
    write_lesson(need, name="01-one")
    write_lesson(name="02-two")
    write_lesson(need, name="03-three")
    course = load()
    assert [lesson.slug for lesson in course.lessons] == ["two", "three"]
    assert course.problems[0].what == 'No lesson before this one is called "two".'


def test_lesson_that_needs_a_broken_one_stays(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(("ask:", "aks:"), name="01-one")
    write_lesson(("minutes: 5", "minutes: 5\nneeds: [one]"), name="02-two")
    course = load()
    assert [lesson.slug for lesson in course.lessons] == ["two"]
    assert {problem.lesson for problem in course.problems} == {"01-one"}


def test_files_and_hidden_folders_are_no_lessons(write_lesson: WriteLesson, load: Load) -> None:
    lessons = write_lesson().parent
    (lessons / "README.md").write_text("How to write a lesson.\n")
    (lessons / ".cache").mkdir()
    (lessons / "pictures").mkdir()
    assert len(load().lessons) == 1
    assert load().problems == ()


def test_badly_named_folder_of_a_lesson_is_told(write_lesson: WriteLesson, load: Load) -> None:
    write_lesson(name="1-one")
    write_lesson(name="Two")
    assert [problem.where for problem in load().problems] == ["lessons/1-one", "lessons/Two"]
    assert "02-two-stages" in load().problems[0].next_step


def test_missing_folders_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="no such folder"):
        load_course(tmp_path / "lessons", tmp_path)
    with pytest.raises(LessonError, match="no such folder"):
        load_course(tmp_path, tmp_path / "service")
