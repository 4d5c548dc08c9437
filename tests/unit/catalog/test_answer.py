from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.catalog.conftest import WriteLesson
from tutor.catalog.answer import FetchedFile, load_answers
from tutor.catalog.course import Course
from tutor.core.errors import LessonError
from tutor.core.lesson import Lesson

ANSWERS = """\
right:
  plain: As it is meant.
wrong:
  fat: {caught_by: is-small, why: Bigger is believed to be better.}
"""


@pytest.fixture
def lesson(write_lesson: WriteLesson, load: Callable[[], Course]) -> Lesson:
    folder = write_lesson()
    for name in ("right/plain", "wrong/fat"):
        (folder / name).mkdir(parents=True)
        (folder / name / "Dockerfile").write_text(f"# {name}\n")
    (folder / "answers.yaml").write_text(ANSWERS)
    return load().lessons[0]


def mistake(lesson: Lesson) -> LessonError:
    with pytest.raises(LessonError) as caught:
        load_answers(lesson)
    return caught.value


def test_answers_are_read_with_their_folders(lesson: Lesson) -> None:
    answers = load_answers(lesson)
    assert [(a.name, a.route, a.folder) for a in answers.right] == [
        ("plain", "As it is meant.", lesson.folder / "right" / "plain")
    ]
    assert [(a.name, a.caught_by, a.why, a.folder) for a in answers.wrong] == [
        ("fat", "is-small", "Bigger is believed to be better.", lesson.folder / "wrong" / "fat")
    ]


def test_missing_list_is_told(lesson: Lesson) -> None:
    (lesson.folder / "answers.yaml").unlink()
    assert mistake(lesson).where == "lessons/01-first-steps/answers.yaml"


def test_folder_that_is_not_listed_is_told(lesson: Lesson) -> None:
    (lesson.folder / "wrong" / "slim").mkdir()
    error = mistake(lesson)
    assert error.what == "wrong/slim is not listed."
    assert error.where.endswith("answers.yaml:3")


def test_name_without_a_folder_is_told_with_the_nearest(lesson: Lesson) -> None:
    (lesson.folder / "right" / "plain").rename(lesson.folder / "right" / "plane")
    assert "There is no folder right/plain." in str(mistake(lesson))
    assert 'Did you mean "plane"?' in str(mistake(lesson))


def test_unknown_check_is_told_with_the_nearest(lesson: Lesson) -> None:
    (lesson.folder / "answers.yaml").write_text(ANSWERS.replace("is-small", "is-smal"))
    error = mistake(lesson)
    assert error.what == 'The checkpoint has no check "is-smal".'
    assert error.where.endswith("answers.yaml:4")
    assert "is-small" in error.next_step


def test_answer_without_files_is_told(lesson: Lesson) -> None:
    (lesson.folder / "right" / "plain" / "Dockerfile").unlink()
    assert mistake(lesson).what == "right/plain holds no file."


def test_file_that_is_the_same_as_in_the_start_is_told(lesson: Lesson, tmp_path: Path) -> None:
    (lesson.folder / "right" / "plain" / "Dockerfile").write_text("FROM scratch\n")
    assert mistake(lesson).what == "right/plain/Dockerfile is the same as in the start."


def test_file_that_is_the_same_as_in_the_service_is_told(lesson: Lesson) -> None:
    (lesson.context / "main.go").write_text("package main\n")
    (lesson.folder / "right" / "plain" / "main.go").write_text("package main\n")
    assert mistake(lesson).what == "right/plain/main.go is the same as in the start."


def test_all_mistakes_are_told_at_once(lesson: Lesson) -> None:
    (lesson.folder / "wrong" / "slim").mkdir()
    (lesson.folder / "right" / "plain" / "Dockerfile").unlink()
    assert "right/plain holds no file." in mistake(lesson).what
    assert "wrong/slim is not listed." in mistake(lesson).next_step


def test_answer_may_name_its_engines_and_its_nearest_right_neighbour(lesson: Lesson) -> None:
    (lesson.folder / "answers.yaml").write_text(
        "right:\n  plain: {route: As it is meant., engines: [docker]}\n"
        "wrong:\n  fat: {caught_by: is-small, why: Big., nearest: plain, engines: [embedded]}\n"
    )
    answers = load_answers(lesson)
    assert (answers.right[0].route, answers.right[0].engines) == ("As it is meant.", ("docker",))
    assert (answers.wrong[0].nearest, answers.wrong[0].engines) == ("plain", ("embedded",))


def test_answer_that_names_no_engine_is_for_all(lesson: Lesson) -> None:
    assert load_answers(lesson).right[0].engines == ("docker", "embedded")
    assert load_answers(lesson).wrong[0].nearest == ""


@pytest.mark.parametrize(
    ("key", "said", "instead"),
    [
        ("nearest: plane", 'no right answer "plane"', 'Did you mean "plain"?'),
        ("engines: [doker]", 'no engine "doker"', 'Did you mean "docker"?'),
        ("near: plain", 'no key "near"', "nearest"),
    ],
)
def test_unknown_neighbour_or_engine_is_told(lesson: Lesson, key: str, said: str, instead: str) -> None:
    (lesson.folder / "answers.yaml").write_text(
        f"right:\n  plain: Plain.\nwrong:\n  fat:\n    caught_by: is-small\n    why: Big.\n    {key}\n"
    )
    error = mistake(lesson)
    assert said in error.what
    assert instead in error.next_step
    assert error.where.endswith("answers.yaml:7")


def test_answer_may_tell_what_its_author_fetched_from_its_container(lesson: Lesson) -> None:
    (lesson.folder / "answers.yaml").write_text(
        "right:\n  plain: {route: As it is meant., fetch: {path: /app, to: fetched-app}}\n"
        "wrong:\n  fat: {caught_by: is-small, why: Bigger is believed to be better.}\n"
    )
    answers = load_answers(lesson)
    assert answers.fetch_of(lesson.folder / "right" / "plain") == FetchedFile("/app", "fetched-app")
    assert answers.fetch_of(lesson.folder / "wrong" / "fat") is None
    assert answers.fetch_of(lesson.folder) is None


@pytest.mark.parametrize(
    ("fetch", "said"),
    [
        ("{path: app, to: fetched-app}", '"app" is not a path in a container.'),
        ("{path: /app, to: ../fetched-app}", '"../fetched-app" leaves its folder.'),
    ],
)
def test_fetched_file_has_a_place_in_the_container_and_one_in_the_workspace(
    lesson: Lesson, fetch: str, said: str
) -> None:
    (lesson.folder / "answers.yaml").write_text(
        f"right:\n  plain: {{route: As it is meant., fetch: {fetch}}}\n"
        "wrong:\n  fat: {caught_by: is-small, why: Bigger is believed to be better.}\n"
    )
    assert mistake(lesson).what == said
