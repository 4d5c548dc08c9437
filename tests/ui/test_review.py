from __future__ import annotations

import pytest

from tests.fakes.clock import FakeClock
from tests.ui.conftest import Stage

DAY = 86_400
SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@pytest.fixture
async def surprised(stage: Stage, clock: FakeClock) -> Stage:
    """A learner whose guess was far off, and who passed, the day before."""
    lesson = await stage.session.open("two-stages")
    await stage.session.connect()
    lesson.go_to_step(1)
    lesson.questions.predict("300", 3)
    async for _ in lesson.advance():
        pass
    async for _ in lesson.check():
        pass
    stage.session.reviews.due()
    clock.advance(DAY + 60)
    return stage


@SIZES
async def test_review_comes_at_the_start_and_its_answers_are_kept(
    surprised: Stage, size: tuple[int, int]
) -> None:
    async with surprised.play(size) as hand:
        await hand.see("Review 1 of 2", "Esc: not now")
        for _ in range(2):
            if "empty file" in hand.text:
                await hand.press("l")
            else:
                await hand.press("a")
                await hand.see("Measured here: 4.7 MB. It holds one file.", "y I knew it")
                await hand.press("y")
        await hand.until(lambda: hand.app.screen is hand.lesson)
        assert surprised.session.reviews.due() == ()


async def test_review_is_left_by_one_key_and_comes_back(surprised: Stage) -> None:
    async with surprised.play() as hand:
        await hand.see("Review 1 of 2")
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.lesson)
        assert len(surprised.session.reviews.due()) == 2


async def test_drill_opens_its_lesson_with_an_empty_file(surprised: Stage) -> None:
    async with surprised.play() as hand:
        await hand.see("Review 1 of 2")
        if "empty file" not in hand.text:
            await hand.press("a", "x")
        await hand.see("Rebuild the answer of")
        await hand.press("y")
        await hand.see("An empty file; u puts your old one back", "# From an empty file")


async def test_nothing_due_is_said_when_asked(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.lesson.run_action("app.review")
        await hand.see("Nothing is due for review.")
