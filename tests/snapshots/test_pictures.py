from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from tests import patience
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tests.ui.conftest import DOCKERFILE, FIRST_LESSON, Stage, make_stage, stage
from tests.ui.hand import Hand, screen_text
from tutor.catalog.course import Course
from tutor.core.image import SizeRole, SizeRow
from tutor.session.course import CourseSession, Folders
from tutor.session.demo import DemoSession
from tutor.session.demo_step import demo_lesson
from tutor.ui.app import TutorApp
from tutor.ui.demo_app import DemoApp
from tutor.ui.screens.lesson import LessonScreen

__all__ = ["make_stage", "stage"]

# What Python does to dictionaries and floats is not what these look at: the baseline is of one version.
pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the pictures were taken on Python 3.11"
)

WIDE, SMALL = (120, 36), (80, 24)
Play = Callable[[Hand], Awaitable[None]]


class SnapCompare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]],
    ) -> bool: ...


DEVICES = """
Some prose with `code`, and a *word* that matters.

```yaml quiz
id: owner
ask: May user 65532 run a program that belongs to root, with mode 755?
options:
  - say: No. Write RUN chown in the last stage.
    because: Permission is not ownership, and such a chown stores the whole program a second time.
  - say: Yes. The last digit counts for everyone else.
    because: That it cannot change itself helps.
    right: true
  - {say: Only with COPY --chown., because: It is not needed.}
```

```yaml order
id: stage
ask: Put the second stage together
lines: [FROM scratch, COPY --from=builder /app /app, EXPOSE 8080]
distractors:
  - {line: RUN apk add bash, because: "RUN starts a shell in the stage. This one has none."}
before: FROM golang:1.21-alpine AS builder
```

```yaml fill
id: static
ask: Fill the gaps, the last line first
text: |
  # compile, asking for no loader
  FROM golang:1.21-alpine AS builder
  RUN ___1___ go build -o /app .

  # begin again, with nothing
  FROM ___2___
  COPY --from=builder ___3___ /app
blanks:
  - answers: [CGO_ENABLED=0]
    because: It keeps C code out.
    wrong: [{say: CGO_ENABLED=1, because: That asks for a C compiler. This base has none.}]
  - {answers: [scratch], because: The last stage begins with nothing.}
  - {answers: [/app], because: There go build -o put it.}
```
"""
SIZES = pytest.mark.parametrize("size", [WIDE, SMALL], ids=["120x36", "80x24"])


@pytest.fixture
def devices(make_stage: Callable[[], Stage], tmp_path: Path) -> Stage:
    """A first step with each kind of exercise."""
    head, _, rest = FIRST_LESSON.partition("## Read this first")
    text = f"{head}## Devices\n{DEVICES}\n## Read this first{rest}"
    (tmp_path / "lessons" / "02-two-stages" / "lesson.md").write_text(text)
    return make_stage()


@pytest.fixture
def answered(stage: Stage) -> Stage:
    """A lesson that ships right answers, by two routes."""
    folder = stage.folder / "lessons" / "02-two-stages"
    for name, text in (
        ("named", f"# by name\n{DOCKERFILE}"),
        ("numbered", DOCKERFILE.replace("=builder", "=0")),
    ):
        (folder / "right" / name).mkdir(parents=True)
        (folder / "right" / name / "Dockerfile").write_text(text)
    (folder / "answers.yaml").write_text(
        "right: {named: A stage by its name., numbered: A stage by its number.}\nwrong: {}\n"
    )
    return stage


def picture(
    snap_compare: SnapCompare, stage: Stage, play: Play, size: tuple[int, int], theme: str = "scratch-dark"
) -> bool:
    stage.session.mark_tour_seen()
    app = TutorApp(stage.session, theme=theme)

    async def before(pilot: Pilot[None]) -> None:
        hand = Hand(app, pilot, stage.workspace)
        await hand.until(lambda: hand.is_open)
        await hand.idle()
        await play(hand)
        await hand.idle()
        await stage.session.close()
        # A cursor that blinks would make two pictures of one screen.
        for field in app.screen.query(Input):
            field.cursor_blink = False
        if isinstance(app.screen, LessonScreen):
            app.screen.set_focus(None)
        await hand.pilot.pause()

    return snap_compare(app, terminal_size=size, run_before=before)


async def build_and_ask(hand: Hand) -> None:
    await hand.press("enter", "5", "enter", "3", "enter")
    await hand.see("Will it start?")
    await hand.press("y", "enter", "enter")
    await hand.see("NEXT ▸ Ask")
    await hand.press("enter")
    await hand.see("✓ 200 /health")


async def check(hand: Hand) -> None:
    await hand.press("c")
    await hand.see("✓ 1 of 1")


async def build(hand: Hand) -> None:
    await hand.press("b")
    await hand.see("2 Build ✗")


async def ask_for_a_base(hand: Hand) -> None:
    await hand.press("b")
    await hand.see("A base image is needed")


async def open_map(hand: Hand) -> None:
    await hand.press("m")
    await hand.see("Course map")


async def look_at_sizes(hand: Hand) -> None:
    for name, megabytes, role, lesson in (
        ("one-stage", 295, SizeRole.FINAL, "one-big-image"),
        ("golang:1.21-alpine", 221, SizeRole.BASE, "two-stages"),
        ("builder", 269, SizeRole.BUILDER, "two-stages"),
        ("multi", 6.9, SizeRole.FINAL, "two-stages"),
        ("stripped", 4.7, SizeRole.FINAL, "stripping"),
    ):
        size_bytes = int(megabytes * 1_000_000)
        hand.app.session.keep_size_row(
            SizeRow(
                name,
                f"r/{name}",
                f"sha256:{name}",
                role,
                size_bytes,
                stand_in=role is SizeRole.BASE,
                lesson=lesson,
            )
        )
    await hand.lesson.refresh_view()
    await hand.press("3")
    await hand.see("own scale", "4.70 MB")


def test_an_answered_endpoint_in_the_dark(snap_compare: SnapCompare, stage: Stage) -> None:
    assert picture(snap_compare, stage, build_and_ask, WIDE)


def test_a_passed_checkpoint_in_the_light(snap_compare: SnapCompare, stage: Stage) -> None:
    assert picture(snap_compare, stage, check, WIDE, "scratch-light")


def test_sizes_on_two_scales(snap_compare: SnapCompare, stage: Stage) -> None:
    assert picture(snap_compare, stage, look_at_sizes, WIDE)


def test_a_failed_build_on_a_small_screen(snap_compare: SnapCompare, stage: Stage) -> None:
    stage.engine.script.build_error = "failed to solve: exit code: 1\nmain.go:3: undefined: foo"
    stage.engine.script.build_error_line = 2
    assert picture(snap_compare, stage, build, SMALL)


def test_the_choice_of_a_base(snap_compare: SnapCompare, stage: Stage) -> None:
    stage.engine.script.missing_bases = {"golang:1.21-alpine"}
    stage.engine.script.pull_bytes = 69_000_000
    assert picture(snap_compare, stage, ask_for_a_base, SMALL, "scratch-light")


async def read(hand: Hand) -> None:
    await hand.see("Some prose")


async def miss_the_quiz(hand: Hand) -> None:
    await hand.press("1")
    await hand.see("Permission is not ownership")


async def miss_the_order(hand: Hand) -> None:
    await hand.press("s", "enter")
    await hand.see("Put in order")
    await hand.press("space", "space", "enter")
    await hand.see("✗")


async def miss_a_gap(hand: Hand) -> None:
    await hand.press("s", "s", "enter")
    await hand.see("Fill in")
    await hand.type("/app\nscratch\nCGO_ENABLED=1\n")
    await hand.see("That asks for a C compiler.")


async def review(hand: Hand) -> None:
    await hand.see("Review 1 of 2")
    if "show the answer" in hand.text:
        await hand.press("a")
        await hand.see("I knew it")


async def open_solutions(hand: Hand) -> None:
    await hand.press("c")
    await hand.see("Passed: all")
    await hand.press("S")
    await hand.see("Solutions:")
    await hand.press("b")
    await hand.idle()
    await hand.press("S", "down")
    await hand.see("4.70 MB  1 layer")


async def ask_what_if(hand: Hand) -> None:
    (hand.workspace / "Dockerfile").write_text(DOCKERFILE.replace("=builder", "=biulder"))
    engine = hand.app.session.engine
    assert isinstance(engine, FakeEngine)
    engine.script.build_error = "invalid from flag value biulder"
    engine.script.build_error_line = 4
    # The word of the change comes when the watch sees it, and must not cover the verdict's.
    await hand.see("changed outside")
    await hand.press("c")
    await hand.see("0 of 1 checks pass")
    engine.script.build_error = ""
    await hand.press("w")
    await hand.see("the nearest right answer")


async def open_help(hand: Hand) -> None:
    await hand.press("question_mark")
    await hand.see("Esc closes", "Everywhere but in the editor")


@SIZES
def test_the_course_map(snap_compare: SnapCompare, stage: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, stage, open_map, size)


def test_a_step_to_read_on_a_small_screen(snap_compare: SnapCompare, stage: Stage) -> None:
    assert picture(snap_compare, stage, read, SMALL)


@SIZES
def test_a_quiz_and_a_wrong_option(snap_compare: SnapCompare, devices: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, devices, miss_the_quiz, size)


@SIZES
def test_lines_in_a_wrong_order(snap_compare: SnapCompare, devices: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, devices, miss_the_order, size)


@SIZES
def test_gaps_half_filled(snap_compare: SnapCompare, devices: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, devices, miss_a_gap, size)


@SIZES
def test_a_review(snap_compare: SnapCompare, stage: Stage, clock: FakeClock, size: tuple[int, int]) -> None:
    asyncio.run(surprise(stage))
    clock.advance(86_460)
    assert picture(snap_compare, stage, review, size)


async def surprise(stage: Stage) -> None:
    """A guess that was far off, and a pass."""
    lesson = await stage.session.open("two-stages")
    await stage.session.connect()
    lesson.go_to_step(1)
    lesson.questions.predict("300", 3)
    async for _ in lesson.advance():
        pass
    async for _ in lesson.check():
        pass
    stage.session.reviews.due()


@SIZES
def test_solutions_side_by_side(snap_compare: SnapCompare, answered: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, answered, open_solutions, size)


@SIZES
def test_the_nearest_right_answer(snap_compare: SnapCompare, answered: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, answered, ask_what_if, size)


@SIZES
def test_the_help(snap_compare: SnapCompare, stage: Stage, size: tuple[int, int]) -> None:
    assert picture(snap_compare, stage, open_help, size)


@SIZES
def test_a_demo(snap_compare: SnapCompare, stage: Stage, tmp_path: Path, size: tuple[int, int]) -> None:
    answer = tmp_path / "answer"
    answer.mkdir()
    (answer / "Dockerfile").write_text(DOCKERFILE)
    lesson = demo_lesson(stage.session.course.lessons[0])

    async def connect() -> FakeEngine:
        return stage.engine

    async def begun() -> DemoSession:
        folders = Folders(tmp_path / "demo", tmp_path / "demo-kept")
        course = CourseSession(Course((lesson,)), stage.store, stage.session.clock, folders, connect)
        await course.connect()
        demo = DemoSession(course, lesson, answer)
        await demo.begin()
        return demo

    demo = asyncio.run(begun())
    app = DemoApp(demo, close=demo.close)

    async def before(pilot: Pilot[None]) -> None:
        await until(app, "Read this first")
        await pilot.press("j", "4", "enter")
        await until(app, "built in 0.7 s")

    assert snap_compare(app, terminal_size=size, run_before=before)


async def until(app: DemoApp, words: str) -> None:
    """Wait for words on the screen."""
    await patience.until(
        lambda: words in screen_text(app) and app.demo.work.job is None, lambda: screen_text(app)
    )
