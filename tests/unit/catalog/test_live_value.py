from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.catalog.conftest import WriteLesson, line_of
from tutor.catalog.course import Course
from tutor.catalog.problem import LessonProblem
from tutor.core.live_value import live_values, with_live_values

ProblemsOf = Callable[..., tuple[LessonProblem, ...]]


def test_live_values_are_found_and_filled() -> None:
    text = "It has {{ image.multi.unpacked_bytes }}, or {{base.unpacked_bytes}}."
    assert live_values(text) == ("image.multi.unpacked_bytes", "base.unpacked_bytes")
    assert with_live_values(text, lambda name: f"<{name}>") == (
        "It has <image.multi.unpacked_bytes>, or <base.unpacked_bytes>."
    )


@pytest.mark.parametrize("sample", ["{{.State.Status}}", "{{ .Size }}", "{{json .Config}}", "${{VALUE"])
def test_sample_of_another_template_language_is_no_live_value(sample: str) -> None:
    assert live_values(sample) == ()


def test_lesson_may_show_measures_in_its_prose(write_lesson: WriteLesson, load: Callable[[], Course]) -> None:
    write_lesson(("More prose.", "It has {{ image.multi.unpacked_bytes }}."))
    assert load().problems == ()


@pytest.mark.parametrize(
    ("old", "new", "blamed", "said"),
    [
        ("More prose.", "{{ image.multi.size }}", "## Read", 'There is no measure "image.multi.size"'),
        ("More prose.", "{{ image.mutli.file_count }}", "## Read", 'The tag "mutli"'),
        ("More prose.", "{{ endpoint./helth.status }}", "## Read", "No step asks /helth"),
        ("say: A remark.", "say: Has {{ stop.multi.exit_code }}", "```yaml note", "No step does what"),
        ("More prose.", "{{ smaller.multi.orher.percent }}", "## Read", 'The tag "orher"'),
    ],
)
def test_live_value_that_nothing_measures_is_told(
    problems_of: ProblemsOf, old: str, new: str, blamed: str, said: str
) -> None:
    problems = problems_of((old, new))
    assert said in problems[0].what
    assert problems[0].line == line_of(blamed, (old, new))
