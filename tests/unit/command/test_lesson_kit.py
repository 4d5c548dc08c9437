from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tutor.catalog.answer import load_answers
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.cli import cli
from tutor.grading.check import known_checks


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(words))
    return result.exit_code, result.output


def test_new_lesson_is_complete_and_has_nothing_to_mend(tmp_path: Path) -> None:
    code, said = run("lesson", "new", "signed-images", "--lessons", str(tmp_path))
    assert code == 0
    assert "fromscratch lesson check 01-signed-images" in said
    course = load_course(tmp_path, shipped_folders()[1], known_checks())
    assert [str(problem) for problem in course.problems] == []
    answers = load_answers(course.lessons[0])
    assert (len(answers.right), len(answers.wrong)) == (2, 4)
    code, said = run("lesson", "check", "--all", "--static", "--lessons", str(tmp_path))
    assert (code, said[:2]) == (0, "✓ ")


def test_new_lesson_takes_the_next_number_and_never_overwrites(tmp_path: Path) -> None:
    run("lesson", "new", "13-one", "--lessons", str(tmp_path))
    run("lesson", "new", "two", "--lessons", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["13-one", "14-two"]
    code, said = run("lesson", "new", "14-two", "--lessons", str(tmp_path))
    assert code == 2
    assert "such a folder already" in said


@pytest.mark.parametrize("name", ["Two", "a b", "../x", "-x"])
def test_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    code, said = run("lesson", "new", "--lessons", str(tmp_path), "--", name)
    assert code == 2
    assert "no name for a lesson" in said
    assert list(tmp_path.iterdir()) == []


def test_broken_lesson_is_told_with_file_and_line_and_the_others_are_checked(tmp_path: Path) -> None:
    run("lesson", "new", "good", "--lessons", str(tmp_path))
    run("lesson", "new", "broken", "--lessons", str(tmp_path))
    page = tmp_path / "02-broken" / "lesson.md"
    page.write_text(page.read_text().replace("minutes: 10", "minutes: soon"))
    code, said = run("lesson", "check", "--all", "--static", "--json", "--lessons", str(tmp_path))
    assert code == 1
    told = {each["lesson"]: each for each in json.loads(said)["lessons"]}
    assert told["01-good"]["good"] is True
    assert "02-broken/lesson.md:4" in told["02-broken"]["problems"][0]


def test_lessons_to_check_have_to_be_named_or_all(tmp_path: Path) -> None:
    assert run("lesson", "check")[0] == 2
    assert run("lesson", "check", "one", "--all")[0] == 2


def test_lessons_of_another_folder_are_listed(tmp_path: Path) -> None:
    run("lesson", "new", "signed-images", "--lessons", str(tmp_path))
    code, said = run("lessons", "--json", "--lessons", str(tmp_path))
    assert code == 0
    assert [each["slug"] for each in json.loads(said)["lessons"]] == ["signed-images"]
