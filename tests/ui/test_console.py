from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from tests import patience
from tests.fakes.clock import FakeClock
from tests.ui.conftest import Stage as Stage
from tests.ui.hand import PATIENCE_SECONDS, screen_text
from tests.ui.test_demo import RUN, Present, Presenter
from tests.ui.test_demo import present as present
from tests.ui.test_demo_export import recorded
from tests.unit.session.console_value import guess, view
from tutor.core.console import ConsoleNote, ConsoleView, ConsoleWish, WishKind
from tutor.core.errors import ConsoleError
from tutor.session.console_call import ConsoleCall
from tutor.session.console_code import OneTimeCode
from tutor.session.console_link import ConsoleLink
from tutor.session.demo_recording import Recording, steps_sha256, whole_moments
from tutor.ui.console_app import ConsoleApp
from tutor.ui.demo_app import DemoApp
from tutor.ui.demo_console import ConsolePlan

# The demo's side: a real demo on a scripted engine, and a console that is only its end of the line.


def code_on(presenter: Presenter) -> str:
    found = re.search(r"Console code (\d{3}) (\d{3})", presenter.text)
    assert found, presenter.text
    return found[1] + found[2]


class Caller:
    """A console without a screen."""

    def __init__(self, call: ConsoleCall, views: AsyncIterator[ConsoleView]) -> None:
        self.call = call
        self._views = views

    async def until(self, holds: Callable[[ConsoleView], bool]) -> ConsoleView:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                shown = await anext(self._views)
                if holds(shown):
                    return shown

    def wish(self, kind: WishKind, value: str = "") -> None:
        assert self.call.wish(ConsoleWish(kind, value))


@asynccontextmanager
async def called(presenter: Presenter, pointer: Path) -> AsyncGenerator[Caller, None]:
    await presenter.press("c")
    await presenter.see("Console code", "fromscratch demo --console")
    call = await ConsoleCall.reach(pointer, code_on(presenter))
    async with aclosing(call.views()) as views:
        yield Caller(call, views)
    await call.close()


@pytest.fixture
def pointer(tmp_path: Path) -> Path:
    """Where the demo of the fixture ``present`` tells of its socket."""
    return tmp_path / "cache" / "console"


async def test_the_code_leaves_the_audiences_screen_once_it_was_used(present: Present, pointer: Path) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        shown = await caller.until(lambda _: True)
        assert shown.notice == ""
        await presenter.until(lambda: "Console code" not in presenter.text)


async def test_the_demo_goes_forward_back_and_to_a_step_from_the_console(
    present: Present, pointer: Path
) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        caller.wish(WishKind.FORWARD)
        await caller.until(lambda shown: shown.index == 1)
        await presenter.see("Predict and build", "2 / ")
        caller.wish(WishKind.JUMP, "4")
        await caller.until(lambda shown: shown.index == 3 and not shown.runs)
        await presenter.see("built in 0.7 s")
        caller.wish(WishKind.BACK)
        await caller.until(lambda shown: shown.index == 2)
        await presenter.see("How big will it be?")
        caller.wish(WishKind.JUMP, "four")
        shown = await caller.until(lambda shown: bool(shown.notice))
        assert shown.notice == "A step is named by its number."


async def test_the_classs_guess_typed_on_the_console_appears_before_the_class_and_against_the_fact(
    present: Present, pointer: Path
) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        caller.wish(WishKind.GUESS, "9")
        shown = await caller.until(lambda shown: bool(shown.notice))
        assert shown.notice == "No question is open."
        caller.wish(WishKind.JUMP, "3")
        await caller.until(lambda shown: shown.question == "How big will it be?")
        caller.wish(WishKind.GUESS, "nine")
        await caller.until(lambda shown: "Type a number" in shown.notice)
        caller.wish(WishKind.GUESS, "9")
        await presenter.see("You say 9 MB")
        caller.wish(WishKind.FORWARD)
        shown = await caller.until(lambda shown: any(guess.actual for guess in shown.guesses))
        assert (shown.guesses[0].predicted, shown.guesses[0].actual) == ("9", "4.7")
        await presenter.see("The class said 9 MB", "It is 4.7 MB")


async def test_the_console_is_told_what_runs_and_can_stop_it(present: Present, pointer: Path) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        await presenter.go_to(3)
        presenter.stage.engine.script.hold_build = asyncio.Event()
        caller.wish(WishKind.FORWARD)
        shown = await caller.until(lambda shown: "docker build" in shown.runs)
        assert shown.index == 3
        caller.wish(WishKind.FORWARD)
        await caller.until(lambda shown: "Wait for the step that runs" in shown.notice)
        caller.wish(WishKind.STOP)
        await caller.until(lambda shown: shown.index == 2 and not shown.runs)
        assert "build cancelled" in presenter.stage.engine.asked
        assert len(presenter.stage.engine.builds) == 1


async def test_the_times_of_the_steps_are_told_and_begin_anew_on_a_wish(
    present: Present, pointer: Path, clock: FakeClock
) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        assert not (await caller.until(lambda _: True)).clock_runs
        await presenter.press("right")
        await caller.until(lambda shown: shown.index == 1)
        clock.advance(40)
        await presenter.press("right")
        shown = await caller.until(lambda shown: shown.index == 2)
        assert shown.steps[1].spent_seconds == 40
        assert shown.total_seconds == 40
        assert shown.planned_seconds == pytest.approx(5 * 60)
        caller.wish(WishKind.CLOCK)
        assert (await caller.until(lambda shown: shown.total_seconds == 0)).clock_runs


async def test_a_console_that_is_gone_or_sends_garbage_leaves_the_demo_as_it_was_and_can_come_again(
    present: Present, pointer: Path
) -> None:
    async with present() as presenter:
        async with called(presenter, pointer) as caller:
            caller.call._writer.transport.abort()
        await presenter.press("right")
        await presenter.see("2 / ")
        async with called(presenter, pointer) as caller:
            caller.call._writer.write(b'{"kind": "' + b"x" * 10**6)
            with pytest.raises(StopAsyncIteration):
                await caller.until(lambda _: False)
            assert "no wish" in caller.call.over
        await presenter.press("right")
        await presenter.see("How big will it be?")
        async with called(presenter, pointer) as caller:
            assert (await caller.until(lambda _: True)).index == 2


async def test_a_console_that_never_reads_does_not_hold_up_the_demo(present: Present, pointer: Path) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        caller.call._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        await presenter.go_to(len(presenter.demo.steps))
        await presenter.see("The image builds")
        await presenter.press("q")
        await presenter.until(lambda: not presenter.app._running)


async def test_wrong_codes_are_told_on_the_demos_screen_when_there_are_too_many(
    present: Present, pointer: Path
) -> None:
    async with present() as presenter:
        await presenter.press("c")
        await presenter.see("Console code")
        code = code_on(presenter)
        for _ in range(3):
            with pytest.raises(ConsoleError):
                await ConsoleCall.reach(pointer, "wrong")
        await presenter.see("A wrong code was typed too often")
        with pytest.raises(ConsoleError):
            await ConsoleCall.reach(pointer, code)


async def test_a_shell_on_the_demos_screen_is_told_before_it_begins_and_after(
    present: Present, pointer: Path
) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        await caller.until(lambda _: True)
        desk = presenter.app.console_desk
        assert desk is not None
        told: list[bool] = []
        desk.given_away(lambda: told.append(desk._is_away))()
        assert told == [True]
        assert (await caller.until(lambda shown: shown.is_away)).is_away
        await caller.until(lambda shown: not shown.is_away)


async def test_the_console_is_told_when_the_demo_ends(present: Present, pointer: Path) -> None:
    async with present() as presenter, called(presenter, pointer) as caller:
        await presenter.press("q")
        with pytest.raises(StopAsyncIteration):
            await caller.until(lambda _: False)
        assert caller.call.over == "The demo has ended."
    assert [*pointer.parent.glob(pointer.name)] == []


async def test_the_console_stays_when_the_demo_goes_on_from_a_recording(
    present: Present, pointer: Path
) -> None:
    from tutor.core.errors import EngineLost

    async with present() as presenter, called(presenter, pointer) as caller:
        await presenter.go_to(RUN)
        moments = whole_moments([presenter.demo.moment(i) for i in range(RUN)])
        made = Recording(
            presenter.demo.lesson.slug, "docker", "now", steps_sha256(presenter.demo.steps), moments
        )
        presenter.goes_on_from(made)
        await presenter.go_to(3)
        await presenter.press("x")
        await presenter.at(3)
        presenter.stage.engine.script.fault = EngineLost("The engine is gone.")
        caller.wish(WishKind.FORWARD)
        await caller.until(lambda shown: "r goes on from" in shown.notice)
        caller.wish(WishKind.FALL_BACK)
        assert (await caller.until(lambda shown: shown.is_replay and shown.index == 3)).is_replay
        await presenter.see("REPLAY", "built in")


async def test_a_replay_is_led_from_the_console_under_its_badge(
    present: Present, pointer: Path, clock: FakeClock
) -> None:
    replay = await recorded(present)
    app = DemoApp(replay, close=_nothing, console=ConsolePlan(pointer, (1.0, 2.0), clock))
    async with app.run_test(size=(100, 30)) as pilot:
        presenter = Presenter(app, pilot.press, None, None)  # type: ignore[arg-type]  # it has neither
        await presenter.see("REPLAY", "Read this first")
        async with called(presenter, pointer) as caller:
            assert (await caller.until(lambda _: True)).is_replay
            caller.wish(WishKind.JUMP, "3")
            await caller.until(lambda shown: shown.index == 2)
            caller.wish(WishKind.GUESS, "5")
            await caller.until(lambda shown: "nothing is run or graded" in shown.notice)
            caller.wish(WishKind.FORWARD)
            await caller.until(lambda shown: shown.index == 3)
            await presenter.see("REPLAY", "built in")


async def _nothing() -> None:
    """A recording holds nothing that has to be closed."""


# The console's side: the real screen, and a demo that is only its end of the line.


class Desk:
    """Hands and eyes of whoever presents."""

    def __init__(self, app: ConsoleApp, press: Callable[..., object], link: ConsoleLink) -> None:
        self.app = app
        self._press = press
        self.link = link
        self.shown = view()
        self.wishes: list[ConsoleWish] = []

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        await self._press(*keys)  # type: ignore[misc]  # the pilot's own

    async def until(self, holds: Callable[[], bool]) -> None:
        await patience.until(holds, lambda: self.text)

    async def see(self, *words: str) -> str:
        await self.until(lambda: all(word in self.text for word in words))
        return self.text

    async def connect(self) -> None:
        await self.press(*(await self.link.invite()), "enter")
        await self.see("NOW", "NEXT")

    async def show(self, **changes: object) -> None:
        self.shown = view(**changes)
        self.link.changed()

    async def wished(self, kind: WishKind, value: str = "") -> None:
        await self.until(lambda: bool(self.wishes))
        assert self.wishes == [ConsoleWish(kind, value)]
        self.wishes.clear()


Open = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def opened(tmp_path: Path, clock: FakeClock) -> Open:
    @asynccontextmanager
    async def made(size: tuple[int, int] = (80, 24)) -> AsyncGenerator[Desk, None]:
        pointer = tmp_path / "console"
        app = ConsoleApp(pointer)
        async with app.run_test(size=size) as pilot:
            link = ConsoleLink(
                pointer,
                OneTimeCode(clock),
                view=lambda: desk.shown,
                take=lambda wish: desk.wishes.append(wish),
            )
            desk = Desk(app, pilot.press, link)
            await desk.see("press c", "code of six digits")
            try:
                yield desk
            finally:
                await link.close("The demo has ended.")

    return made


@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
async def test_notes_next_step_time_and_guess_stand_on_one_screen(
    opened: Open, size: tuple[int, int]
) -> None:
    async with opened(size) as desk:
        await desk.connect()
        await desk.show(guesses=(guess(),), clock_runs=False)
        text = await desk.see("9 MB  it is 4.7 MB")
        for words in (
            "Two stages   2 / 3",
            "docker 20.10",
            "Plan 5:00",
            "Predict: How big will it be?",
            "It holds the program and nothing else.",
            "Two questions first.",
            "Build the image   3:00",
            "$ docker build -t multi .",
            "→ Forward",
            "← Back",
            "q Quit",
        ):
            assert words in text
        assert "REPLAY" not in text


async def test_the_time_is_laid_against_the_plan(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.see("Step 0:2", "of 1:00", "All 1:0", "of 5:00", "on time")
        await desk.show(due_seconds=400.0)
        await desk.see("6:00 ahead")
        await desk.show(due_seconds=-200.0)
        await desk.see("4:00 behind")


async def test_every_step_is_listed_with_its_time(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.show(index=2)
        await desk.press("l")
        await desk.see("0:40 / 1:00", "One file, two images", "0:20 / 1:00", "/ 3:00", "▸  3")
        await desk.press("l")
        await desk.see("Two questions first.")


async def test_keys_become_wishes(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        for key, kind in (
            ("right", WishKind.FORWARD),
            ("pagedown", WishKind.FORWARD),
            ("left", WishKind.BACK),
            ("pageup", WishKind.BACK),
            ("escape", WishKind.STOP),
            ("r", WishKind.FALL_BACK),
            ("0", WishKind.CLOCK),
        ):
            await desk.press(key)
            await desk.wished(kind)
        await desk.press("j", "1", "2", "enter")
        await desk.wished(WishKind.JUMP, "12")
        await desk.show(question="How big will it be?", choices=("4 MB", "40 MB"))
        await desk.see("What do they say?", "40 MB")
        await desk.press("g", "9", "enter")
        await desk.wished(WishKind.GUESS, "9")


async def test_a_line_that_was_opened_is_closed_and_sends_nothing(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.press("j", "1", "escape")
        await desk.until(lambda: not desk.app.screen.query_one("#console-field", Input).display)
        await desk.press("g")
        await desk.see("No question is on the demo's screen.")
        assert desk.wishes == []


async def test_a_wrong_code_is_told_and_another_can_be_typed(opened: Open) -> None:
    async with opened() as desk:
        await desk.press("1", "enter")
        await desk.see("No demo waits for a console here", "press c")
        code = await desk.link.invite()
        await desk.press(*"none", "enter")
        await desk.see("That is not the code; 2 tries are left.")
        await desk.press(*code[:3], "space", *code[3:], "enter")
        await desk.see("NOW", "NEXT")


async def test_an_empty_line_is_no_code_and_costs_no_try(opened: Open) -> None:
    async with opened() as desk:
        await desk.link.invite()
        await desk.press("enter")
        await desk.see("Type the code that the demo's screen shows")
        await desk.press("space", "enter")
        await desk.press(*"none", "enter")
        await desk.see("That is not the code; 2 tries are left.")


async def test_what_runs_what_is_said_and_a_replay_are_seen(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.show(runs="docker build -t multi .", notice="The engine is gone.", is_replay=True)
        await desk.see("● docker build -t multi .", "The engine is gone.", "REPLAY")


async def test_while_a_shell_has_the_demos_screen_nothing_is_wished(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.show(is_away=True)
        await desk.see("A shell has the demo's screen.")
        await desk.press("right")
        await desk.see("leave that first")
        assert desk.wishes == []


async def test_the_console_outlives_the_demo_and_can_connect_to_the_next(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.link.close("The demo has ended.")
        await desk.see("The demo has ended.", "Enter connects again", "Two questions first.")
        await desk.press("left")
        await desk.see("No demo is connected.")
        await desk.press("enter")
        await desk.see("code of six digits")
        await desk.show(lesson="Stripping")
        await desk.connect()
        await desk.see("Stripping")


async def test_a_console_that_was_replaced_says_so(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        call = await ConsoleCall.reach(desk.app.console_screen._pointer, await desk.link.invite())
        await desk.see("Another console took this one's place.")
        await call.close()


async def test_text_from_the_demo_is_no_markup(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.show(notice="[bold]not bold[/]", notes=(ConsoleNote("note", "[red]not red[/]"),))
        await desk.see("[bold]not bold[/]", "[red]not red[/]")


async def test_q_leaves_the_console_and_the_demo_hears_of_nothing(opened: Open) -> None:
    async with opened() as desk:
        await desk.connect()
        await desk.press("q")
        await desk.until(lambda: not desk.link.is_connected)
        assert desk.wishes == []
