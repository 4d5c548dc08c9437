from __future__ import annotations

from pathlib import Path

from tutor.core.lesson import Build, CheckSpec, Edit, Lesson, Predict, Probe, Run, Step, Unit
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.session.loop import next_action
from tutor.session.view import NextAction, NextKind

PREDICT = Predict("size", "How big?", "image.multi.unpacked_bytes", Unit.MEGABYTES)
CHECK = CheckSpec("builds", "image_builds", "image.multi", "why")
LESSON = Lesson(
    number=2,
    slug="two-stages",
    title="Two stages",
    goal="",
    minutes=10,
    needs=(),
    tag="multi",
    port=8080,
    par_bytes=None,
    tags=(),
    steps=(
        Step(
            "one",
            "One",
            "",
            (PREDICT, Edit("Change it"), Build("multi"), Run("multi"), Probe("multi", ("/",))),
        ),
        Step("two", "Two", "", (CHECK,)),
    ),
    folder=Path("lessons"),
    context=Path("assets"),
)


def after(
    *done: str, step: int = 0, report: Outcome | None = None, current: bool = True, more: bool = True
) -> NextAction:
    made = CheckpointReport("two-stages", report, (), "", "", 0, "") if report else None
    return next_action(
        LESSON,
        step,
        frozenset(done),
        made,
        report_is_current=current,
        has_next_lesson=more,
        address="127.0.0.1:5",
    )


def test_next_walks_the_actions_in_order() -> None:
    keys = [f"one/{index}" for index in range(5)]
    kinds = [after(*keys[:count]).kind for count in range(6)]
    assert kinds == [
        NextKind.PREDICT,
        NextKind.EDIT,
        NextKind.BUILD,
        NextKind.RUN,
        NextKind.PROBE,
        NextKind.READ,
    ]


def test_the_real_command_is_named() -> None:
    assert after("one/0", "one/1").command == "docker build -t fromscratch/two-stages:multi ."
    assert after("one/0", "one/1", "one/2", "one/3").command == "curl -i http://127.0.0.1:5/"


def test_a_step_with_checks_asks_for_them_until_they_pass_on_the_files_as_they_are() -> None:
    assert after(step=1).kind is NextKind.CHECK
    assert after(step=1, report=Outcome.FAILED).kind is NextKind.CHECK
    assert after(step=1, report=Outcome.PASSED, current=False).kind is NextKind.CHECK
    assert after(step=1, report=Outcome.PASSED).kind is NextKind.LESSON


def test_after_the_last_lesson_the_course_is_done() -> None:
    assert after(step=1, report=Outcome.PASSED, more=False).kind is NextKind.DONE
