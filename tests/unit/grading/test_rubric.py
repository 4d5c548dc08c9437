from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.grading.evidence_value import good
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.command.grade_work import RUBRICS
from tutor.core.errors import LessonError, StorageError, UsageError
from tutor.core.submission import Difference, GradedItem, SubmissionResult
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.course_file import Course, lateness, read_course, who, with_lateness
from tutor.grading.result_report import (
    decode_result,
    encode_result,
    gradebook,
    gradescope,
    junit,
    same_token,
    text_result,
)
from tutor.grading.rubric import read_rubric, score
from tutor.grading.runner import judge

SMALL = """\
title: Small
checks:
  - {id: builds, check: image_builds, points: 6}
  - {id: static, check: binary_is_static, points: 3}
  - {id: stripped, check: binary_is_stripped, points: 1, required: false}
"""


def rubric(tmp_path: Path, text: str = SMALL) -> Any:
    path = tmp_path / "rubric.yaml"
    path.write_text(text)
    return read_rubric(path)


def verdict(name: str, outcome: Outcome, actual: str = "seen") -> Verdict:
    return Verdict(name, name.capitalize(), outcome, "wanted", actual, "there", "because", "look")


def result(**changes: Any) -> SubmissionResult:
    items = (
        GradedItem(verdict("builds", Outcome.PASSED), 6, 6, True),
        GradedItem(verdict("static", Outcome.FAILED, "asks for <ld>"), 0, 3, True),
        GradedItem(verdict("stripped", Outcome.WAITING), 0, 1, False),
    )
    value = SubmissionResult(
        name="ada",
        kind="bundle",
        sha256="a" * 64,
        outcome=Outcome.FAILED,
        rubric="Small",
        rubric_sha256="b" * 64,
        engine="docker 20.10, classic",
        official=True,
        taken_at="2026-11-24T10:00:00+00:00",
        elapsed_seconds=12.5,
        points=6,
        max_points=10,
        items=items,
        learner={"name": "Ada", "id": "1815"},
        lesson="two-stages",
        submitted_at="2026-11-24T10:00:00+00:00",
        final_bytes=4_700_000,
        builder_bytes=269_000_000,
    )
    return replace(value, **changes)


def test_shipped_rubrics_are_sound() -> None:
    folder = shipped_folders()[1].parent / "rubrics"
    lessons = load_course(*shipped_folders()).lessons
    assert {path.stem for path in folder.glob("*.yaml")} == set(RUBRICS)
    for path in folder.glob("*.yaml"):
        assert round(read_rubric(path, lessons).max_points) == 100


def test_points_are_those_of_passed_checks(tmp_path: Path) -> None:
    chosen = rubric(tmp_path)
    outcome, items = score(chosen, tuple(judge(chosen.specs, with_tag(good()))))
    assert outcome is Outcome.PASSED
    assert [item.points for item in items] == [6, 3, 0]


def with_tag(evidence: Any) -> Any:
    images = {name.replace("multi", "final"): image for name, image in evidence.images.items()}
    containers = {"final": evidence.containers["multi"]}
    return replace(evidence, images=images, containers=containers)


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        (("passed", "passed", "failed"), "passed"),
        (("passed", "failed", "passed"), "failed"),
        (("failed", "waiting", "waiting"), "failed"),
        (("passed", "unknown", "passed"), "unknown"),
        (("passed", "passed", "unknown"), "unknown"),
        (("passed", "failed", "unknown"), "failed"),
    ],
)
def test_good_practice_gates_nothing_and_what_is_unknown_is_no_pass(
    outcomes: tuple[str, ...], whole: str, tmp_path: Path
) -> None:
    chosen = rubric(tmp_path)
    verdicts = tuple(
        verdict(name, Outcome(outcome))
        for name, outcome in zip(("builds", "static", "stripped"), outcomes, strict=True)
    )
    assert score(chosen, verdicts)[0] == whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: x\n", "no check"),
        ("title: x\nchecks: [{check: image_bilds}]\n", "image_builds"),
        ("title: x\nchecks: [{check: image_builds, points: -1}]\n", "points"),
        ("title: x\nchecks: [{check: endpoint_answers, params: {pth: /}}]\n", "pth"),
        ("title: x\nlesson: nowhere\n", "no lesson"),
        ("title: x\ncolour: red\nchecks: [{check: image_builds}]\n", "colour"),
        ("title: [", "cannot be read"),
        ("title: x\nlimits: {build_seconds: 0}\nchecks: [{check: image_builds}]\n", "build_seconds"),
    ],
)
def test_a_mistake_in_a_rubric_is_told(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(LessonError) as caught:
        rubric(tmp_path, text)
    assert says in str(caught.value)
    assert "rubric.yaml" in str(caught.value)


def test_a_rubric_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_rubric(tmp_path / "none.yaml")


def test_text_tells_points_sizes_and_reasons() -> None:
    told = text_result(result(differences=(Difference("static", "passed", "failed"),), limits_hit=("log",)))
    for words in ("Ada: Not passed, 6 of 10 points", "98.3 % smaller", "(0/3)", "good practice", "Differs:"):
        assert words in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_result_comes_back_from_json_as_it_was() -> None:
    assert decode_result(encode_result(result())) == result()


@pytest.mark.parametrize("text", [b"", b"{}", b"[", b'{"schema": 1}'])
def test_a_damaged_result_is_told(text: bytes) -> None:
    with pytest.raises(StorageError):
        decode_result(text)


def test_junit_is_xml_with_a_case_for_each_check() -> None:
    hostile = result(name="eve\x1b[31m<&>", items=(), fault="it crashed \x00", outcome=Outcome.UNKNOWN)
    root = ElementTree.fromstring(junit([result(), hostile]))
    suites = root.findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["1", "0"]
    assert [len(suite.findall("testcase")) for suite in suites] == [3, 1]
    assert suites[1].get("errors") == "1"


def test_gradescope_gets_its_own_form() -> None:
    document = json.loads(gradescope(result()))
    assert document["score"] == 6
    assert {test["status"] for test in document["tests"]} == {"passed", "failed"}
    assert all(test["output"] for test in document["tests"])


def test_the_gradebook_has_a_row_for_each_and_no_formula() -> None:
    eve = result(name="eve", learner={"name": "=HYPERLINK(1)", "id": "-1"}, token="t")
    rows = list(csv.DictReader(io.StringIO(gradebook([result(token="t"), eve]))))
    assert [row["points"] for row in rows] == ["6", "6"]
    assert rows[1]["name"] == "'=HYPERLINK(1)"
    assert rows[1]["id"] == "-1"
    assert (rows[0]["static"], rows[0]["builds"]) == ("0", "6")
    assert rows[0]["same_token_as"] == "eve"


def test_a_token_of_nobody_is_nobodys_copy() -> None:
    assert same_token(result(), [result(), result(name="eve")]) == ()


COURSE = """\
course: Small images
learner: [email, name]
lessons:
  two-stages: {weight: 2, due: 2026-11-24T09:00:00+00:00}
late: {percent_per_day: 10, grace_minutes: 30, last_day: 3}
"""


def course(tmp_path: Path, text: str = COURSE) -> Course:
    path = tmp_path / "course.yaml"
    path.write_text(text)
    return read_course(path)


@pytest.mark.parametrize(
    ("submitted", "days", "factor"),
    [
        ("2026-11-24T08:59:00+00:00", 0, 1.0),
        ("2026-11-24T09:29:00+00:00", 0, 1.0),
        ("2026-11-24T10:00:00+00:00", 1, 0.9),
        ("2026-11-24T11:00:00+01:00", 1, 0.9),
        ("2026-11-27T09:00:00+00:00", 3, 0.7),
        ("2026-12-27T09:00:00+00:00", 33, 0.0),
        ("", 0, 1.0),
        ("yesterday", 0, 1.0),
    ],
)
def test_being_late_costs_what_the_course_says(
    submitted: str, days: int, factor: float, tmp_path: Path
) -> None:
    late = lateness(course(tmp_path), "two-stages", submitted)
    assert (late.days, round(late.factor, 6)) == (days, factor)


def test_lateness_is_taken_from_the_points_and_told(tmp_path: Path) -> None:
    late = with_lateness(result(), course(tmp_path))
    assert (late.points, late.penalty, late.late_days) == (5.4, 0.6, 1)
    assert "Late by 1 day" in text_result(late)
    assert with_lateness(result(), None) == result()


def test_who_it_is_follows_the_course(tmp_path: Path) -> None:
    named = result(learner={"email": "ada@example.com", "name": "Ada"})
    assert who(named, course(tmp_path)) == "ada@example.com"
    assert who(named, None) == "Ada"
    assert who(result(learner={}), None) == "ada"


@pytest.mark.parametrize(
    "text", ["course: x\nlessons: {a: {weight: -1}}\n", "course: [", "{}", "course: x\nlearner: []\n"]
)
def test_a_mistake_in_a_course_file_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(LessonError):
        course(tmp_path, text)
