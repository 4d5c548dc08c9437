from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from textual.pilot import Pilot

from tests.ui.conftest import Stage, make_stage, stage
from tests.ui.hand import Hand
from tutor.core.image import SizeRole, SizeRow
from tutor.ui.app import TutorApp

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
        app: TutorApp,
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]],
    ) -> bool: ...


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


def test_the_course_map(snap_compare: SnapCompare, stage: Stage) -> None:
    assert picture(snap_compare, stage, open_map, SMALL)
