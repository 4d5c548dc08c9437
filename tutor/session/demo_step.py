"""A lesson as a list of demo steps: one thing at a time on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tutor.core.lesson import Edit, Expectation, Fill, Lay, Note, Order, Predict, Quiz, Task
from tutor.session.next_action import described

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson


DEMO_PREFIX = "demo-"
"""Stands before a lesson's slug, so that nothing of a demo bears the name of anything of a learner's."""


def demo_lesson(lesson: Lesson) -> Lesson:
    """The lesson under a slug of its own: its images, its folder and its facts follow from that."""
    return replace(lesson, slug=f"{DEMO_PREFIX}{lesson.slug}", needs=())


class DemoKind(StrEnum):
    """What the presenter does at a step."""

    READ = "read"
    """Say what the step's text says."""
    ASK = "ask"
    """Ask the class for a prediction."""
    QUIZ = "quiz"
    """Ask the class a question."""
    ANSWER = "answer"
    """Show which answer of the question before is right, and why."""
    TYPE = "type"
    """A file is typed until it is right."""
    DO = "do"
    """Something runs."""
    CHECK = "check"
    """The checkpoint judges."""


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One step of a demo."""

    number: int
    """From 1, as a presenter counts and jumps."""
    kind: DemoKind
    heading: str
    """The title of the lesson's step that it belongs to."""
    say: str
    """One sentence: what happens."""
    prose: str
    """The lesson's own text: on the screen when it is read, else among the presenter's notes."""
    notes: tuple[Note, ...]
    lesson_step: int
    """Index of the lesson's step."""
    task: Task | None = None
    command: str = ""
    """What could be typed by hand to do the same."""
    exercises: tuple[Order | Fill, ...] = ()
    """Where the prose is read: what it speaks of, for the class to put in order or to fill in."""


def demo_steps(lesson: Lesson) -> tuple[DemoStep, ...]:
    """Every step of a demo of this lesson, in order.

    Reading comes first in each of the lesson's steps, the checkpoint comes last.
    """
    made: list[DemoStep] = []
    for index, step in enumerate(lesson.steps):
        notes = tuple(device for device in step.devices if isinstance(device, Note))
        exercises = tuple(task for task in step.actions if isinstance(task, Order | Fill))
        rows: list[tuple[DemoKind, str, Task | None, str]] = [(DemoKind.READ, step.title, None, "")]
        for task in step.actions:
            what = described(lesson, task, "")
            rows.append((_kind(task), what.label, task, what.command))
            if isinstance(task, Quiz):
                rows.append((DemoKind.ANSWER, what.label, task, ""))
        if step.checks:
            rows.append((DemoKind.CHECK, "The checkpoint: build, run, ask and judge", None, ""))
        made += [
            DemoStep(
                number,
                kind,
                step.title,
                say,
                step.prose,
                notes,
                index,
                task,
                command,
                exercises if kind is DemoKind.READ else (),
            )
            for number, (kind, say, task, command) in enumerate(rows, len(made) + 1)
        ]
    return tuple(made)


def _kind(task: Task) -> DemoKind:
    match task:
        case Predict():
            return DemoKind.ASK
        case Quiz():
            return DemoKind.QUIZ
        case Edit() | Order() | Fill():
            return DemoKind.TYPE
        case _:
            return DemoKind.DO


def lab_asked_about(steps: tuple[DemoStep, ...], index: int) -> int | None:
    """Of a question right after a lab, the index of the step that laid the lab's file; else None."""
    at = index
    while steps[at].kind is DemoKind.ASK:
        at -= 1
    return at if at < index and isinstance(steps[at].task, Lay) else None


def ended_as_meant(step: DemoStep, went_well: bool | None) -> bool | None:
    """Whether a step ended as the lesson means it to; None where nothing can go well or wrong."""
    if step.kind in {DemoKind.CHECK, DemoKind.TYPE}:
        return went_well
    if step.kind is not DemoKind.DO or step.task is None:
        return None
    expected = getattr(step.task, "expect", None)
    if went_well is None:
        # Showing facts ends in no success of its own; what is expected to end somehow did not begin.
        return None if expected is None else False
    return expected is Expectation.ANY or went_well is (expected is not Expectation.FAILURE)
