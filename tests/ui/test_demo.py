from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.widgets import Digits, Input

from tests.patience import until
from tests.ui.conftest import DOCKERFILE, Stage
from tests.ui.hand import screen_text
from tutor.catalog.course import Course
from tutor.core.errors import EngineError, EngineLost
from tutor.core.events import BuildEvent, BuildStarted, WorkProgressed
from tutor.core.ports import BuildRequest
from tutor.session.course import CourseSession, Folders
from tutor.session.demo import DemoSession
from tutor.session.demo_recording import Recording, steps_sha256, whole_moments
from tutor.session.demo_replay import ReplaySession
from tutor.session.demo_step import demo_lesson
from tutor.ui.binding import DEMO_BINDINGS
from tutor.ui.demo_app import DemoApp
from tutor.ui.demo_console import ConsolePlan
from tutor.ui.screens.demo import DemoScreen

BUILD, RUN, PROBE = 3, 5, 6


class Presenter:
    """Hands and eyes of whoever stands in front of the class."""

    def __init__(self, app: DemoApp, press: Callable[..., object], stage: Stage, demo: DemoSession) -> None:
        self.app = app
        self._press = press
        self.stage = stage
        self.demo = demo

    @property
    def screen(self) -> DemoScreen:
        return self.app.demo

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        await self._press(*keys)  # type: ignore[misc]  # the pilot's own

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(holds, lambda: self.text)

    async def see(self, *words: str) -> str:
        await self.until(lambda: all(word in self.text for word in words))
        return self.text

    async def at(self, number: int) -> None:
        await self.until(lambda: self.screen.show.index == number - 1 and self.screen.work.job is None)

    async def go_to(self, number: int) -> None:
        await self.press("j", *str(number), "enter")
        await self.at(number)

    def goes_on_from(self, made: Recording) -> None:
        """What the screen finds when it asks for a recording."""

        async def fallback(index: int) -> ReplaySession:
            return ReplaySession(self.demo.lesson, made, speed=0, index=index - 1)

        self.screen._fallback = fallback


Present = Callable[..., AbstractAsyncContextManager[Presenter]]


@pytest.fixture
def present(stage: Stage, tmp_path: Path) -> Present:
    @asynccontextmanager
    async def opened(size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Presenter, None]:
        answer = tmp_path / "answer"
        answer.mkdir()
        (answer / "Dockerfile").write_text(DOCKERFILE.replace("/app .", "/app -trimpath ."))
        lesson = demo_lesson(stage.session.course.lessons[0])

        async def connect() -> object:
            return stage.engine

        course = CourseSession(
            Course((lesson,)),
            stage.store,
            stage.session.clock,
            Folders(tmp_path / "demo", tmp_path / "demo-kept"),
            connect,  # type: ignore[arg-type]  # the fake fills every port
        )
        await course.connect()
        demo = DemoSession(course, lesson, answer)
        await demo.begin()
        plan = ConsolePlan(tmp_path / "cache" / "console", clock=stage.session.clock)
        app = DemoApp(demo, close=demo.close, console=plan)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            presenter = Presenter(app, pilot.press, stage, demo)
            await presenter.see("Read this first")
            yield presenter
            await app.demo.work.settle()

    return opened


async def test_forward_shows_one_thing_at_a_time_and_back_the_one_before(present: Present) -> None:
    async with present() as presenter:
        await presenter.see("Some prose with")
        await presenter.press("right")
        await presenter.see("Predict and build", "2 / ")
        await presenter.press("pagedown")
        await presenter.see("How big will it be?", "What do you think?")
        await presenter.press("space")
        await presenter.see("built in 0.7 s", "4.70 MB", "docker build")
        await presenter.press("left")
        await presenter.see("How big will it be?", "none measured yet")


async def test_the_classs_guess_is_typed_in_and_shown_against_the_fact(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        await presenter.press("g", "9", "enter")
        await presenter.see("You say 9 MB")
        await presenter.press("right")
        await presenter.see("The class said 9 MB", "It is 4.7 MB")


async def test_the_number_that_a_step_is_about_stands_large(present: Present) -> None:
    async with present() as presenter:
        number = presenter.screen.query_one("#demo-number", Digits)
        await presenter.go_to(3)
        assert not number.is_on_screen
        await presenter.press("g", "9", "enter")
        await presenter.see("MB   you say")
        assert number.value == "9"
        await presenter.press("right")
        await presenter.at(4)
        await presenter.see("MB   multi", "within par")
        assert number.value == "4.70"
        await presenter.press("left")
        await presenter.see("MB   you say")
        assert number.value == "9"
        await presenter.go_to(5)
        assert not number.is_on_screen


async def test_the_checkpoint_ends_on_its_verdicts_without_the_way_to_them(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(len(presenter.demo.steps))
        await presenter.see("✓ The image builds", "of 1 checks passed")
        assert "RUN go build" not in presenter.text
        assert "docker build" not in presenter.text


async def test_going_forward_twice_quickly_does_one_step_and_says_to_wait(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        presenter.stage.engine.script.hold_build = asyncio.Event()
        await presenter.press("right", "right")
        await presenter.see("Wait for the step that runs")
        presenter.stage.engine.script.hold_build.set()
        await presenter.at(4)
        assert len(presenter.stage.engine.builds) == 1


async def test_back_during_a_build_stops_it_and_stays_at_the_step_before(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        presenter.stage.engine.script.hold_build = asyncio.Event()
        await presenter.press("right")
        await presenter.until(presenter.stage.engine.script.held.is_set)
        await presenter.press("left")
        await presenter.until(lambda: "build cancelled" in presenter.stage.engine.asked)
        await presenter.at(3)
        await presenter.see("How big will it be?")


async def test_back_goes_back_as_often_as_it_was_pressed_however_quickly(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(6)
        for _ in range(3):
            presenter.screen.action_back()
        await presenter.at(3)
        for _ in range(9):
            presenter.screen.action_back()
        await presenter.at(1)
        await presenter.press("right")
        await presenter.at(2)


async def test_a_back_that_comes_while_a_step_is_drawn_counts_too(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with present() as presenter:
        await presenter.go_to(6)
        screen = presenter.screen
        draw, presses = screen.draw, iter((2, 1))

        async def pressed() -> None:
            for _ in range(next(presses, 0)):
                screen.action_back()
            await draw()

        monkeypatch.setattr(screen, "draw", pressed)
        screen.action_back()
        await presenter.at(2)


async def test_leaving_while_a_step_runs_puts_nothing_back(
    present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with present() as presenter:
        await presenter.go_to(BUILD)
        presenter.stage.engine.script.hold_build = asyncio.Event()
        await presenter.press("right")
        await presenter.until(presenter.stage.engine.script.held.is_set)
        restored: list[int] = []

        async def restore() -> None:
            restored.append(presenter.demo.index)

        monkeypatch.setattr(presenter.demo, "restore", restore)
        await presenter.press("q")
        await presenter.until(lambda: "build cancelled" in presenter.stage.engine.asked)
        await presenter.until(lambda: not presenter.app.is_running)
        assert presenter.screen.work.job is None
        assert restored == []


async def test_esc_right_after_forward_stops_the_step_and_the_demo_goes_on(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        presenter.screen.action_forward()
        presenter.screen.action_stop()
        await presenter.at(3)
        assert presenter.stage.engine.builds == []
        await presenter.press("right")
        await presenter.at(4)


async def test_a_command_is_typed_and_not_run_until_a_second_forward(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        await presenter.press("y", "right")
        await presenter.see("Typed, not run", "docker build")
        assert presenter.stage.engine.builds == []
        await presenter.press("right")
        await presenter.at(4)
        assert len(presenter.stage.engine.builds) == 1


async def test_a_jump_to_no_number_does_nothing_and_says_so(present: Present) -> None:
    async with present() as presenter:
        await presenter.press("j", "x", "enter")
        await presenter.see("A step is named by its number.")
        assert presenter.demo.index == 0


async def test_back_after_an_edit_from_outside_tells_of_it(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(4)
        (presenter.demo.workspace / "Dockerfile").write_text("# mine")
        await presenter.press("left")
        await presenter.at(3)
        await presenter.see("Edited from outside: Dockerfile", "are kept in")


@pytest.mark.parametrize("asks", ["g", "j"])
async def test_esc_closes_the_line_at_the_bottom_and_keys_act_again(present: Present, asks: str) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        field = presenter.screen.query_one("#demo-field", Input)
        await presenter.press(asks, "4")
        await presenter.until(lambda: field.display)
        await presenter.press("escape")
        await presenter.until(lambda: not field.display)
        await presenter.press("left")
        await presenter.at(2)


@pytest.mark.parametrize(
    ("asks", "typed", "refusal"), [("g", "nx", "Type a number of MB"), ("j", "x", "by its number")]
)
async def test_what_is_refused_stays_in_its_line_to_be_put_right(
    present: Present, asks: str, typed: str, refusal: str
) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        field = presenter.screen.query_one("#demo-field", Input)
        await presenter.press(asks, *typed, "enter")
        await presenter.see(refusal)
        assert field.value == typed
        # No Forward: the field still has the keys.
        await presenter.press("space", "n")
        assert field.value == f"{typed} n"
        await presenter.press(*["backspace"] * len(field.value), "2", "enter")
        await presenter.until(lambda: not field.display)


async def test_a_number_beyond_the_end_goes_to_the_last_step(present: Present) -> None:
    async with present() as presenter:
        presenter.stage.engine.script.build_error = ""
        await presenter.press("j", "9", "9", "enter")
        await presenter.at(len(presenter.demo.steps))
        await presenter.see("The image builds")


async def test_a_demo_that_is_left_leaves_no_container(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(RUN + 1)
        assert presenter.stage.engine.running
        await presenter.press("q")
        await presenter.until(lambda: not presenter.stage.engine.running)


async def test_a_missing_base_is_made_by_the_second_forward(present: Present) -> None:
    async with present() as presenter:
        presenter.stage.engine.script.missing_bases.add("golang:1.21-alpine")
        await presenter.go_to(3)
        await presenter.press("right")
        await presenter.see("is not here", "stand-in")
        await presenter.press("right")
        await presenter.at(4)


async def test_a_base_that_is_obtained_is_told_at_once_with_how_far_it_is(present: Present) -> None:
    async with present() as presenter:
        engine, go_on = presenter.stage.engine, [asyncio.Event(), asyncio.Event()]

        async def slowly(reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
            await go_on[0].wait()
            yield WorkProgressed(run_id, f"making a stand-in for {reference}", 30_000_000, 60_000_000)
            await go_on[1].wait()
            engine.script.missing_bases.discard(reference)

        engine.make_stand_in = slowly  # type: ignore[method-assign]  # the fake, made slow
        engine.script.missing_bases.add("golang:1.21-alpine")
        await presenter.go_to(3)
        await presenter.press("right")
        await presenter.see("is not here")
        await presenter.press("right")
        await presenter.see("making a stand-in for golang:1.21-alpine")
        assert "is not here" not in presenter.text
        go_on[0].set()
        await presenter.see("30.0 MB of 60.0 MB")
        go_on[1].set()
        await presenter.at(4)
        assert "making a stand-in" not in presenter.text


@pytest.mark.parametrize("keys", [("left",), ("j", "1", "enter")])
async def test_an_offer_to_obtain_a_base_ends_when_the_presenter_goes_elsewhere(
    present: Present, keys: tuple[str, ...]
) -> None:
    async with present() as presenter:
        presenter.stage.engine.script.missing_bases.add("golang:1.21-alpine")
        await presenter.go_to(3)
        await presenter.press("right")
        await presenter.see("is not here")
        await presenter.press(*keys)
        await presenter.until(lambda: presenter.screen.show.index < 2 and not presenter.screen.is_busy)
        await presenter.go_to(2)
        await presenter.press("right")
        await presenter.at(3)
        assert not [asked for asked in presenter.stage.engine.asked if asked.startswith("stand-in")]


async def test_an_answer_to_a_key_stands_beside_how_far_the_work_is(present: Present) -> None:
    async with present() as presenter:
        engine, build = presenter.stage.engine, presenter.stage.engine.build
        moved, go_on = asyncio.Event(), asyncio.Event()

        async def sending(request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
            async for event in build(request):
                yield event
                if isinstance(event, BuildStarted):
                    yield WorkProgressed(request.run_id, "sending the build context", 26, None)
                    moved.set()
                    await go_on.wait()

        engine.build = sending  # type: ignore[method-assign]  # the fake, made slow
        engine.script.hold_build = asyncio.Event()
        await presenter.go_to(3)
        await presenter.press("right")
        await presenter.see("sending the build context: 26 B")
        await presenter.press("right")
        await presenter.see("Wait for the step that runs", "sending the build context: 26 B")
        go_on.set()
        await presenter.until(lambda: "sending" not in presenter.text)
        assert "Wait for the step that runs" in await presenter.see("RUN go build")
        engine.script.hold_build.set()
        await presenter.at(4)
        await presenter.until(lambda: "Wait for the step" not in presenter.text)


async def test_a_small_window_still_shows_the_step_and_its_keys(present: Present) -> None:
    async with present((80, 24)) as presenter:
        await presenter.go_to(4)
        await presenter.see("built in", "Forward", "Back")


async def test_when_the_engine_dies_the_demo_goes_on_from_a_recording_with_its_badge(
    present: Present,
) -> None:
    async with present() as presenter:
        await presenter.go_to(len(presenter.demo.steps))
        moments = whole_moments([presenter.demo.moment(i) for i in range(len(presenter.demo.steps))])
        made = Recording(
            presenter.demo.lesson.slug, "docker", "now", steps_sha256(presenter.demo.steps), moments
        )
        presenter.goes_on_from(made)
        await presenter.go_to(3)
        await presenter.press("x")
        await presenter.at(3)
        presenter.stage.engine.script.fault = EngineLost("The engine is gone.")
        await presenter.press("right")
        await presenter.see("The engine is gone", "r goes on from")
        assert "REPLAY" not in presenter.text
        await presenter.press("r")
        await presenter.see("REPLAY", "built in", "4 / ")
        await presenter.press("left")
        await presenter.see("REPLAY", "3 / ")
        builds = len(presenter.stage.engine.builds)
        await presenter.press("x")
        await presenter.see("REPLAY", "nothing is run or graded")
        assert len(presenter.stage.engine.builds) == builds


async def test_a_fault_and_the_way_on_are_two_sentences(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(4)
        demo = presenter.demo
        moments = whole_moments([demo.moment(index) for index in range(4)])
        presenter.goes_on_from(
            Recording(demo.lesson.slug, "docker", "now", steps_sha256(demo.steps), moments)
        )
        presenter.stage.engine.script.fault = EngineError("golang:1.21-alpine is not here")
        await presenter.press("x")
        await presenter.see("is not here. r goes on from")


async def test_a_step_that_ends_otherwise_than_it_should_can_be_shown_from_the_recording(
    present: Present,
) -> None:
    async with present() as presenter:
        await presenter.go_to(4)
        moments = whole_moments([presenter.demo.moment(index) for index in range(4)])
        demo = presenter.demo
        made = Recording(demo.lesson.slug, "docker", "now", steps_sha256(demo.steps), moments)
        presenter.goes_on_from(made)
        presenter.stage.engine.script.build_error = "dial tcp: lookup proxy.golang.org: no such host"
        await presenter.press("x")
        await presenter.see("no such host", "did not end as the lesson means", "r goes on from", "4 / ")
        assert "REPLAY" not in presenter.text
        await presenter.press("r")
        await presenter.see("REPLAY", "built in", "4 / ")
        assert "no such host" not in presenter.text


async def test_a_shell_is_not_begun_while_a_step_runs_and_not_without_a_folder(present: Present) -> None:
    async with present() as presenter:
        begun: list[bool] = []
        await presenter.press("s")
        await presenter.see("no folder to work in")
        presenter.screen._shell = lambda: begun.append(True)
        await presenter.go_to(3)
        presenter.stage.engine.script.hold_build = asyncio.Event()
        await presenter.press("right")
        await presenter.until(presenter.stage.engine.script.held.is_set)
        await presenter.press("s")
        await presenter.see("Wait for the step that runs")
        assert begun == []


async def test_a_terminal_that_cannot_be_given_away_is_told(present: Present) -> None:
    async with present() as presenter:
        presenter.screen._shell = lambda: None
        await presenter.press("s")
        await presenter.see("cannot be given to a shell")


async def test_every_key_of_a_demo_is_told_by_one_key_and_the_demo_goes_on(present: Present) -> None:
    async with present() as presenter:
        await presenter.go_to(3)
        await presenter.press("question_mark")
        for binding in DEMO_BINDINGS:
            assert isinstance(binding, Binding)
            await presenter.see(binding.tooltip)
        await presenter.press("right")
        await presenter.press("escape")
        await presenter.until(lambda: presenter.app.screen is presenter.screen)
        await presenter.at(3)
        await presenter.press("right")
        await presenter.at(4)
