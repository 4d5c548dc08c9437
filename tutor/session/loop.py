"""What comes next in a step: pure decisions, no engine, no screen."""

from __future__ import annotations

from tutor.core.lesson import Lesson, Step, Task
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.session.next_action import described
from tutor.session.view import NextAction, NextKind


def action_key(step: Step, index: int) -> str:
    """The name under which a done action is stored."""
    return f"{step.id}/{index}"


def pending_action(step: Step, done: frozenset[str]) -> tuple[str, Task] | None:
    """The first action of a step that is not done, with its key."""
    for index, action in enumerate(step.actions):
        key = action_key(step, index)
        if key not in done:
            return key, action
    return None


def next_action(
    lesson: Lesson,
    step_index: int,
    done: frozenset[str],
    report: CheckpointReport | None,
    *,
    report_is_current: bool,
    has_next_lesson: bool,
    address: str = "",
) -> NextAction:
    """What Enter on NEXT does now."""
    step = lesson.steps[step_index]
    if pending := pending_action(step, done):
        return described(lesson, pending[1], address)
    if step.checks:
        passed = report is not None and report.outcome is Outcome.PASSED and report_is_current
        if not passed:
            again = report is not None
            return NextAction(
                NextKind.CHECK,
                "Check again: build, run, probe and judge" if again else "Check: build, run, probe and judge",
                command=f"fromscratch check {lesson.slug}",
            )
    if step_index + 1 < len(lesson.steps):
        return NextAction(NextKind.READ, f"Go on: {lesson.steps[step_index + 1].title}")
    if has_next_lesson:
        return NextAction(NextKind.LESSON, "Go on to the next lesson")
    return NextAction(NextKind.DONE, "You are through: m shows the course map")
