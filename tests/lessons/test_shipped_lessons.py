from __future__ import annotations

import re
import textwrap
from functools import cache
from pathlib import Path

import pytest

from tutor.catalog.answer import load_answers
from tutor.catalog.course import Course, load_course
from tutor.catalog.location import shipped_folders
from tutor.core.dockerfile import parse_dockerfile
from tutor.core.lesson import Build, Expectation, Hint, Lay, Lesson, Note, Predict
from tutor.grading.check import known_checks

EMBEDDED_INSTRUCTIONS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM",
    "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER", "WORKDIR",
}  # fmt: skip
EMBEDDED_FLAGS = {"from", "chown", "chmod", "interval", "timeout", "start-period", "retries"}
PROSE_COLUMNS = 46
PROSE_LINES = 14


@cache
def course() -> Course:
    return load_course(*shipped_folders(), known_checks())


def lesson_id(lesson: Lesson) -> str:
    return lesson.name


every_lesson = pytest.mark.parametrize("lesson", course().lessons, ids=lesson_id)


def dockerfiles(lesson: Lesson) -> list[Path]:
    """Of start, labs and answers; the last lesson begins with an empty one."""
    return sorted(path for path in lesson.folder.rglob("Dockerfile*") if path.read_text())


def test_every_lesson_loads_clean() -> None:
    assert [str(problem) for problem in course().problems] == []
    assert [lesson.name for lesson in course().lessons][:2] == ["01-one-big-image", "02-two-stages"]


@every_lesson
def test_answers_are_listed_and_there_are_enough_of_them(lesson: Lesson) -> None:
    answers = load_answers(lesson)
    assert len(answers.right) >= 2
    assert len(answers.wrong) >= 4


@every_lesson
def test_every_dockerfile_can_be_built_by_every_engine(lesson: Lesson) -> None:
    for path in dockerfiles(lesson):
        text = path.read_text()
        assert not re.search(r"^#\s*syntax=", text, re.MULTILINE), path
        dockerfile = parse_dockerfile(text)
        for stage in dockerfile.stages:
            for instruction in (stage.from_instruction, *stage.instructions):
                assert instruction.keyword in EMBEDDED_INSTRUCTIONS, f"{path}: {instruction.text}"
                assert {name for name, _ in instruction.flags} <= EMBEDDED_FLAGS, (
                    f"{path}: {instruction.text}"
                )


@every_lesson
def test_base_image_is_pinned_to_the_course_s_go(lesson: Lesson) -> None:
    for path in dockerfiles(lesson):
        bases = [base for base in parse_dockerfile(path.read_text()).base_images if base != "biulder"]
        assert bases == ["golang:1.21-alpine"], path


@every_lesson
def test_prose_of_a_step_fits_a_screen(lesson: Lesson) -> None:
    for step in lesson.steps:
        lines = [textwrap.wrap(line, PROSE_COLUMNS) or [""] for line in step.prose.split("\n")]
        assert sum(map(len, lines)) <= PROSE_LINES, step.id


@every_lesson
def test_hint_ladders_climb_to_the_change(lesson: Lesson) -> None:
    assert lesson.hints
    for hint in lesson.hints:
        *earlier, change = hint.say
        assert earlier, hint.id
        assert len(set(hint.say)) == len(hint.say), hint.id
        assert not _shared_code(change, earlier), hint.id


def _shared_code(change: str, earlier: list[str]) -> set[str]:
    """Dockerfile lines that the last rung gives and one before it gave away."""
    lines = set(re.findall(r"(?:COPY|ENTRYPOINT|FROM|ENV|RUN) [^,.;]*[^,.; ]", change))
    return {line for line in lines if any(line in rung for rung in earlier)}


@every_lesson
def test_ladder_that_always_fits_hides_no_other(lesson: Lesson) -> None:
    for step in lesson.steps:
        conditions = [hint.when for hint in step.hints]
        assert "always" not in conditions[:-1], step.id


@every_lesson
def test_every_check_says_why_and_where_to_look(lesson: Lesson) -> None:
    for check in lesson.checks:
        assert check.why and check.next_step and check.title, check.id
    assert lesson.steps[-1].checks == lesson.checks


@every_lesson
def test_every_lab_is_broken_on_purpose_and_mended_later(lesson: Lesson) -> None:
    expected = [
        device.expect
        for step in lesson.steps
        for device in step.devices
        if isinstance(device, Build) and device.tag == lesson.tag
    ]
    assert expected[-1] is Expectation.SUCCESS
    labs = {device.source for step in lesson.steps for device in step.devices if isinstance(device, Lay)}
    there = {f"labs/{path.name}" for path in (lesson.folder / "labs").glob("*")}
    assert labs == there


@every_lesson
def test_predictions_come_before_their_fact(lesson: Lesson) -> None:
    for step in lesson.steps:
        for index, device in enumerate(step.devices):
            if not isinstance(device, Predict):
                continue
            later = step.devices[index + 1 :]
            assert any(not isinstance(other, Predict | Hint) for other in later), device.id


def start(lesson: Lesson) -> str:
    return (lesson.folder / "start" / "Dockerfile").read_text()


def test_untouched_start_of_lesson_1_listens_where_nobody_asks() -> None:
    lesson = course().find("1")
    environment = re.search(r"^ENV PORT=(\d+)$", start(lesson), re.MULTILINE)
    assert environment is not None
    assert int(environment[1]) != lesson.port
    assert {"root-answers", "health-answers"} <= {check.id for check in lesson.checks}


def test_untouched_start_of_lesson_2_has_fewer_stages_than_its_check_wants() -> None:
    lesson = course().find("2")
    wanted = next(check for check in lesson.checks if check.check == "dockerfile_has_stages").params["min"]
    assert isinstance(wanted, int)
    assert len(parse_dockerfile(start(lesson)).stages) < wanted


def test_lesson_1_says_that_its_go_is_out_of_support() -> None:
    assert "out of support" in (course().find("1").folder / "lesson.md").read_text()


def test_labs_of_lesson_2_are_one_change_away_from_a_right_answer() -> None:
    lesson = course().find("2")
    right = parse_dockerfile((lesson.folder / "right" / "named-stage" / "Dockerfile").read_text())
    wanted = [(i.keyword, i.value, i.flags) for stage in right.stages for i in stage.instructions]
    for lab in ("misspelt-stage", "missing-path"):
        dockerfile = parse_dockerfile((lesson.folder / "labs" / lab / "Dockerfile").read_text())
        found = [(i.keyword, i.value, i.flags) for stage in dockerfile.stages for i in stage.instructions]
        assert sum(a != b for a, b in zip(wanted, found, strict=True)) == 1, lab


def told_claims(lesson: Lesson) -> set[int]:
    notes = (device for step in lesson.steps for device in step.devices if isinstance(device, Note))
    return {note.claim for note in notes if note.claim is not None and note.kind == "finer-truth"}


def test_every_claim_of_the_report_is_told_finer_somewhere() -> None:
    assert set().union(*map(told_claims, course().lessons)) == set(range(1, 15))


@every_lesson
def test_a_lesson_tells_the_claims_that_it_says_it_tests(lesson: Lesson) -> None:
    assert told_claims(lesson) == set(lesson.claims)
