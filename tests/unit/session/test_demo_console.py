from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.session.test_demo import demo as demo
from tests.unit.session.test_demo import told, walk
from tests.unit.session.test_demo_recording import recording_of
from tutor.core.exercise import Distractor, Option, Order, Quiz
from tutor.core.lesson import Note
from tutor.session.demo import DemoSession
from tutor.session.demo_console import ConsoleStory
from tutor.session.demo_replay import ReplaySession
from tutor.session.demo_step import DemoKind


@pytest.fixture
def story(demo: DemoSession, clock: FakeClock) -> Iterator[ConsoleStory]:
    yield ConsoleStory(demo, clock)


def with_step(demo: DemoSession, index: int, **changes: object) -> None:
    from dataclasses import replace

    steps = list(demo.steps)
    steps[index] = replace(steps[index], **changes)  # type: ignore[arg-type]  # fields of a step
    demo.steps = tuple(steps)


async def test_the_console_is_told_the_step_and_the_one_that_comes(
    demo: DemoSession, story: ConsoleStory
) -> None:
    await told(demo.jump(3))
    shown = story.view(demo, demo.index)
    assert (shown.step.number, shown.step.say) == (3, demo.steps[2].say)
    assert shown.following is not None
    assert shown.following.command.startswith("docker build")
    assert shown.prose == "Some prose."
    assert story.view(demo, len(demo.steps) - 1).following is None


async def test_the_classs_guess_stands_beside_its_fact_once_that_is_measured(
    demo: DemoSession, story: ConsoleStory
) -> None:
    await told(demo.jump(2))
    assert story.view(demo, 1).question == "How big?"
    demo.predict("9")
    assert [(guess.predicted, guess.actual) for guess in story.view(demo, 1).guesses] == [("9", "")]
    # While the build runs, nothing else is asked.
    await told(demo.jump(3))
    assert story.view(demo, 3, runs="docker build").question == ""
    await told(demo.forward())
    guess = story.view(demo, 3).guesses[0]
    assert guess.predicted == "9"
    assert guess.actual


async def test_remarks_bear_measured_values_and_else_leave_them_open_and_say_so(
    demo: DemoSession, story: ConsoleStory
) -> None:
    note = Note("It is {{ image.multi.unpacked_bytes }} now.", "finer-truth")
    for index in range(6):
        with_step(demo, index, notes=(note,))
    # A step of another text, which was not reached.
    assert story.view(demo, 8).notes == ()
    with_step(demo, 8, notes=(note,))
    assert story.view(demo, 8).notes[0].text == "It is … now. (Where … stands, nothing is measured yet.)"
    await told(demo.jump(4))
    shown = story.view(demo, 4).notes[0]
    assert shown.kind == "finer-truth"
    assert shown.text.endswith(" MB now.")


@pytest.mark.parametrize(
    ("task", "kind", "texts"),
    [
        (
            Quiz("q", "Why?", (Option("No", "No shell."), Option("Yes", "It is static.", right=True))),
            DemoKind.QUIZ,
            [("why not", "A  No shell."), ("answer", "B  It is static.")],
        ),
        (
            Order("o", "Order", ("FROM scratch",), (Distractor("RUN x", "There is no shell."),)),
            DemoKind.TYPE,
            [("why not", "RUN x: There is no shell.")],
        ),
    ],
)
async def test_the_presenter_sees_the_answers_before_the_class_gives_them(
    demo: DemoSession, story: ConsoleStory, task: object, kind: DemoKind, texts: list[tuple[str, str]]
) -> None:
    with_step(demo, 0, task=task, kind=kind)
    assert [(note.kind, note.text) for note in story.view(demo, 0).notes] == texts


async def test_the_time_is_told_for_each_step_and_what_was_due_so_far(
    demo: DemoSession, story: ConsoleStory, clock: FakeClock
) -> None:
    assert not story.view(demo, 0).clock_runs
    story.times.stand_at(1)
    clock.advance(30)
    story.times.stand_at(2)
    clock.advance(12)
    shown = story.view(demo, 2)
    assert shown.clock_runs
    assert [step.spent_seconds for step in shown.steps[:4]] == [0, 30, 12, 0]
    assert shown.total_seconds == 42
    assert shown.planned_seconds == pytest.approx(demo.lesson.minutes * 60)
    assert shown.due_seconds == pytest.approx(shown.steps[1].planned_seconds)


async def test_a_replay_is_told_as_one_and_takes_no_guess(demo: DemoSession, clock: FakeClock) -> None:
    with_step(demo, 0, notes=(Note("Mind the cache."),))
    await walk(demo)
    replay = ReplaySession(demo.lesson, recording_of(demo), speed=0)
    await told(replay.jump(2))
    shown = ConsoleStory(replay, clock).view(replay, 1)
    assert shown.is_replay
    assert shown.question == ""
    assert "recording of" in shown.source


def test_a_lesson_without_remarks_has_notes_all_the_same(demo: DemoSession, story: ConsoleStory) -> None:
    asked = [step for step in demo.steps if step.kind is DemoKind.ASK]
    assert story.view(demo, asked[0].number - 1).notes[0].text == "It holds one file."
