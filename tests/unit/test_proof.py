from __future__ import annotations

from typing import Any

import pytest

from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.command.prove import Proof, ProofCase, cases_of, document, table


@pytest.fixture(scope="module")
def lesson() -> Any:
    course = load_course(*shipped_folders())
    return course.find("two-stages")


def proof(lesson: Any, kind: str, caught_by: str = "", **changes: Any) -> Proof:
    values: dict[str, Any] = {"failed": (), "passed": (), "unjudged": (), "fault": ""}
    return Proof(ProofCase(lesson, f"a-{kind}", kind, lesson.folder, "", caught_by), **(values | changes))


@pytest.mark.parametrize(
    ("kind", "caught_by", "changes", "says"),
    [
        ("right", "", {"passed": ("static",)}, "right"),
        ("right", "", {"failed": ("static",)}, "false reject"),
        ("right", "", {"unjudged": ("static",)}, "not judged"),
        ("wrong", "static", {"failed": ("static",)}, "right"),
        ("wrong", "static", {"passed": ("static",)}, "false accept"),
        ("wrong", "static", {"passed": ("static",), "failed": ("builds",)}, "false accept"),
        ("wrong", "static", {"failed": ("builds",), "unjudged": ("static",)}, "not judged"),
        ("mutant", "static", {"failed": ("builds",), "unjudged": ("static",)}, "right"),
        ("mutant", "static", {"unjudged": ("static",), "fault": "engine gone"}, "not judged"),
    ],
)
def test_a_case_is_told_right_from_wrong(
    kind: str, caught_by: str, changes: dict[str, Any], says: str, lesson: Any
) -> None:
    assert proof(lesson, kind, caught_by, **changes).verdict == says


def test_the_document_counts_both_kinds_of_error_and_has_a_row_for_each_check(lesson: Any) -> None:
    proofs = [
        proof(lesson, "right", passed=("static",)),
        proof(lesson, "right", failed=("static",)),
        proof(lesson, "wrong", "static", failed=("static",)),
        proof(lesson, "mutant", "static", passed=("static",)),
    ]
    told = document(proofs, "docker")
    assert (told["cases"], told["false_accepts"], told["false_rejects"]) == (4, 1, 1)
    row = told["matrix"]["binary_is_static"]  # type: ignore[index]  # JSON
    assert row == {"accepted": 1, "rejected": 1, "caught": 1, "missed": 1, "open": 0}
    text = table(proofs, "docker")
    assert "1 false accepts, 1 false rejects" in text
    assert "false accept: two-stages a-mutant" in text


def test_the_course_gives_more_cases_than_the_bar(lesson: Any) -> None:
    lessons = load_course(*shipped_folders()).lessons
    cases = list(cases_of(lessons, "docker"))
    assert len(cases) >= 150
    assert {case.kind for case in cases} == {"right", "wrong", "mutant"}
    for case in cases:
        assert bool(case.caught_by) is (case.kind != "right")
