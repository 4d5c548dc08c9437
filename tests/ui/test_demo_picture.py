"""What the class is told to look at stands on the screen."""

from __future__ import annotations

import pytest

from tests.ui.conftest import Stage as Stage
from tests.ui.test_demo import Present
from tests.ui.test_demo import present as present
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.lesson import Fill, Lesson, Order, Predict, Unit
from tutor.session.demo_moment import Moment
from tutor.session.demo_step import DemoKind, DemoStep, demo_steps
from tutor.ui.demo_picture import picture

COURSE = load_course(*shipped_folders())


@pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.slug)
def test_where_an_exercise_is_read_about_its_lines_are_shown(lesson: Lesson) -> None:
    for step in demo_steps(lesson):
        if step.kind is not DemoKind.READ:
            continue
        shown = picture(step, Moment(step.number, "Dockerfile", "", ""), str).plain
        for task in lesson.steps[step.lesson_step].actions:
            match task:
                case Order():
                    lines = (*task.lines, *(each.line for each in task.distractors))
                    assert all(f"  {line}" in shown for line in lines)
                    assert "\n".join(task.lines) not in shown
                case Fill():
                    assert task.filled({}).strip() in shown


async def test_a_lab_shows_the_file_it_lays_and_marks_what_differs(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(9)
        text = await presenter.see("Lay the typo", "COPY --from=biulder /app /app", "FROM scratch")
        assert text.count("biulder") == 1


def test_a_question_about_a_lab_shows_the_lab_and_any_other_no_file() -> None:
    step = DemoStep(1, DemoKind.ASK, "", "", "", (), 0, Predict("p", "Will it build?", "m", Unit.YES_NO))
    laid = picture(step, Moment(1, "Dockerfile", "COPY a\n", "COPY b\n"), str)
    assert "Will it build?" in laid.plain
    assert any(
        "$accent" in str(span.style) and "COPY b" in laid.plain[span.start : span.end] for span in laid.spans
    )
    assert "COPY" not in picture(step, Moment(1, "Dockerfile", "COPY b\n", "COPY b\n"), str).plain
