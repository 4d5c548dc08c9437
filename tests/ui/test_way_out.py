from __future__ import annotations

import asyncio

from textual.pilot import Pilot

from tests.ui.conftest import Stage
from tests.ui.hand import Hand
from tutor.ui.app import TutorApp


async def gone(hand: Hand) -> None:
    await hand.until(lambda: hand.app.return_code is not None)


async def test_q_saves_closes_the_engine_and_leaves(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        hand.lesson.bench.editor.insert("# last words\n")
        await hand.press("q")
        await gone(hand)
    assert hand.dockerfile.startswith("# last words\n")
    assert stage.engine.asked[-1] == "close"


async def test_leaving_while_the_first_picture_is_drawn_is_no_fault(stage: Stage) -> None:
    stage.session.mark_tour_seen()
    for turns in (*range(0, 60, 6), *range(60, 400, 40)):
        app = TutorApp(stage.session)

        async def leave(pilot: Pilot[object], turns: int = turns) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            pilot.app.exit()

        await app.run_async(headless=True, size=(120, 36), auto_pilot=leave)
        assert app.return_code == 0


async def test_a_running_container_is_removed_on_the_way_out(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("built in")
        await hand.idle()
        await hand.press("r")
        await hand.see("127.0.0.1:49154")
        await hand.idle()
        await hand.press("q")
        await gone(hand)
    assert stage.engine.running == set()


async def test_quitting_during_a_build_asks_and_staying_lets_it_go_on(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("RUN go build")
        await hand.press("q")
        await hand.see("Quit now?", "Still under way: building.", "Stay", "Stop and quit")
        await hand.press("enter")
        await hand.see("NOW  Building")
        assert "build cancelled" not in stage.engine.asked
        stage.engine.script.hold_build.set()
        await hand.see("built in")


async def test_quitting_during_a_build_stops_it_first(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("RUN go build")
        await hand.press("q")
        await hand.see("Quit now?")
        await hand.click("#yes")
        await gone(hand)
    assert "build cancelled" in stage.engine.asked
    assert stage.engine.asked[-1] == "close"


async def test_control_c_once_says_how_to_quit_and_twice_quits(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("ctrl+c")
        await hand.see("Press Ctrl+C again to quit")
        await hand.press("ctrl+c")
        await gone(hand)


async def test_a_course_without_lessons_ends_with_a_word_on_why(stage: Stage) -> None:
    from tutor.catalog.course import load_course

    empty = stage.folder / "empty"
    empty.mkdir()
    stage.session.course = load_course(empty, stage.folder / "context")
    app = TutorApp(stage.session)
    async with app.run_test() as pilot:
        await pilot.pause()
    assert app.return_code == 2
