from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.session.lab import Lab, open_lab
from tests.unit.session.test_exercise import QUIZ
from tests.unit.session.test_inside import do
from tutor.session.recall import DRILL, INTERVAL_DAYS

DAY = 86_400
BODY = (
    QUIZ
    + "\n```yaml predict\nid: size\nask: How big?\nmeasure: image.multi.unpacked_bytes\nwhy: One file.\n```\n"
    + do("build: {tag: multi}")
    + "\n```yaml recall\nid: scratch\nask: What is in scratch?\nanswer: Nothing.\n```\n"
)


@pytest.fixture
async def lab(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Lab]:
    one = await open_lab(tmp_path, clock, BODY)
    yield one
    await one.course.close()
    one.course.store.close()  # type: ignore[attr-defined]  # the real store


def due(lab: Lab) -> list[str]:
    return [question.item.item_id for question in lab.course.reviews.due()]


async def test_what_went_well_does_not_come_back(lab: Lab, clock: FakeClock) -> None:
    lab.lesson.questions.answer_quiz(1)
    lab.lesson.questions.predict("4.7", 3)
    await lab.next()
    clock.advance(30 * DAY)
    assert due(lab) == []


async def test_wrong_answer_and_surprise_come_back_after_a_day(lab: Lab, clock: FakeClock) -> None:
    lab.lesson.questions.answer_quiz(0)
    lab.lesson.questions.answer_quiz(1)
    lab.lesson.questions.predict("300", 3)
    await lab.next()
    assert due(lab) == []
    clock.advance(DAY - 60)
    assert due(lab) == []
    clock.advance(120)
    assert sorted(due(lab)) == ["owner", "size"]
    surprise = next(q for q in lab.course.reviews.due() if q.item.item_id == "size")
    assert (surprise.answer, surprise.why) == ("Measured here: 4.7 MB.", "One file.")
    [row] = lab.course.rows()
    assert row.due == 2


async def test_recalled_ones_come_back_later_each_time_and_forgotten_ones_after_a_day(
    lab: Lab, clock: FakeClock
) -> None:
    lab.lesson.questions.answer_quiz(0)
    assert due(lab) == []
    for days in INTERVAL_DAYS:
        clock.advance(days * DAY - 60)
        assert due(lab) == []
        clock.advance(120)
        [question] = lab.course.reviews.due()
        lab.course.reviews.answered(question, recalled=True)
        assert due(lab) == []
    clock.advance(INTERVAL_DAYS[-1] * DAY)
    [question] = lab.course.reviews.due()
    lab.course.reviews.answered(question, recalled=False)
    clock.advance(DAY)
    assert due(lab) == ["owner"]


async def test_after_the_pass_recall_questions_and_the_drill_come_back(lab: Lab, clock: FakeClock) -> None:
    await lab.told(lab.lesson.check())
    due(lab)
    clock.advance(DAY)
    assert sorted(due(lab)) == [DRILL, "scratch"]
    drill = next(q for q in lab.course.reviews.due() if q.is_drill)
    assert "empty file" in drill.ask


async def test_drill_begins_with_an_empty_file_and_keeps_the_old_one(lab: Lab) -> None:
    before = lab.lesson.file_text()
    lab.lesson.begin_drill()
    assert "FROM" not in lab.lesson.file_text()
    lab.lesson.undo_lay()
    assert lab.lesson.file_text() == before
