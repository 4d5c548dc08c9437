from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.session.conftest import World as Lab
from tests.unit.session.console_value import STEPS, view
from tutor.session.demo_step import DemoKind, demo_steps
from tutor.session.demo_time import TimeBook, planned_seconds


def test_the_plan_shares_out_the_lessons_own_minutes(world: Lab) -> None:
    lesson = world.course.lessons[0]
    steps = demo_steps(lesson)
    planned = planned_seconds(steps, lesson.minutes)
    assert len(planned) == len(steps)
    assert sum(planned) == pytest.approx(lesson.minutes * 60)
    assert min(planned) > 0


def test_what_the_machine_took_last_time_is_planned_for_the_step_that_took_it(world: Lab) -> None:
    lesson = world.course.lessons[0]
    steps = demo_steps(lesson)
    build = next(step.number - 1 for step in steps if step.kind is DemoKind.DO)
    machine = [0.0] * len(steps)
    machine[build] = 100.0
    planned = planned_seconds(steps, lesson.minutes, machine)
    assert planned[build] > 100
    assert sum(planned) == pytest.approx(lesson.minutes * 60)
    assert planned[0] < planned_seconds(steps, lesson.minutes)[0]


def test_a_machine_that_needs_longer_than_the_lesson_has_is_planned_as_it_is(world: Lab) -> None:
    steps = demo_steps(world.course.lessons[0])
    assert planned_seconds(steps, 1, [50.0] * 40) == (50.0,) * len(steps)


def test_the_clock_starts_with_the_first_step_forward(clock: FakeClock) -> None:
    book = TimeBook(clock, 3)
    clock.advance(600)
    assert book.spent_seconds(0) == 0
    book.stand_at(1)
    clock.advance(5)
    assert book.spent_seconds(0) == 0
    assert book.spent_seconds(1) == 5


def test_every_visit_of_a_step_counts(clock: FakeClock) -> None:
    book = TimeBook(clock, 3)
    for index in (1, 2, 1):
        book.stand_at(index)
        book.stand_at(index)
        clock.advance(10)
    assert [book.spent_seconds(index) for index in range(3)] == [0, 20, 10]


def test_the_clock_can_begin_anew_at_any_step(clock: FakeClock) -> None:
    book = TimeBook(clock, 3)
    book.stand_at(1)
    clock.advance(10)
    book.begin()
    clock.advance(3)
    book.stand_at(2)
    assert [book.spent_seconds(index) for index in range(3)] == [0, 3, 0]
    assert book.began_at == 1


def test_late_is_what_was_spent_beyond_the_plan_so_far() -> None:
    assert sum(step.spent_seconds for step in STEPS) == 60
    # 60 s for the first step, and 20 of the second's 60, were due; 60 were spent.
    assert view().late_seconds() == -20
    assert view().late_seconds(30) == -20
    # From here on the second step is over its time.
    assert view().late_seconds(140) == 80
