"""The whole course from its first step to its last with keys alone, on the embedded engine at 80×24.

Every file is typed into the tutor's own editor, and everything is read off the screen. The first two
lessons are walked in every run, from an empty home on: with the tour, the question for a base image,
and cold builds. All twelve are left to ``make prove``, on a base whose cache is warm (see
:mod:`tests.engines.warm_base`).

What was read on the way is held against the fourteen claims of the lab report: the screen that tests
a claim has to show its finer truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.engines import warm_base
from tests.engines.claim import TRUTHS, Truth
from tests.engines.course_edit import EDITS
from tests.engines.learner import Learner, plain
from tests.ui.hand import Hand
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.clock import SystemClock
from tutor.core.progress import PassState
from tutor.session.course import CourseSession, Folders
from tutor.session.view import NextKind
from tutor.ui.app import TutorApp
from tutor.ui.screens.lesson import LessonScreen
from tutor.wiring import Wiring

LIVE_SECONDS = 240.0
SCREEN_SECONDS = 60.0
"""Patience with a screen, beside builds that keep the machine busy."""
LOOKS = {
    ("stripping", "/boom", NextKind.READ): "7",
    ("stripping", "One size, three numbers", NextKind.QUIZ): "3",
}
"""Steps whose text sends the learner to a pane: its digit."""
SMALL = (80, 24)
COURSE = load_course(*shipped_folders())
SLUGS = tuple(lesson.slug for lesson in COURSE.lessons)
FIRST_TWO = SLUGS[:2]


@dataclass
class Walk:
    """What was read, which lessons the map calls passed, and how long each took."""

    story: dict[tuple[str, str], str] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    took_seconds: dict[str, float] = field(default_factory=dict)
    review: str = ""
    fault: str = ""
    """Why it went no further."""


async def walk_course(wiring: Wiring, last: str, *, is_first_start: bool) -> Walk:
    """The real app over the real engine, from its first screen until ``last`` is passed."""
    walk = Walk()
    session = wiring.session()
    if not is_first_start:
        session.mark_tour_seen()
    app = TutorApp(session)
    async with app.run_test(size=SMALL) as pilot:
        hand = Hand(app, pilot, Path(), SCREEN_SECONDS)
        learner = Learner(hand)
        walk.story = learner.story
        try:
            await hand.until(lambda: hand.is_open, LIVE_SECONDS)
            if is_first_start:
                await leave_tour(hand)
            for slug in SLUGS[: SLUGS.index(last) + 1]:
                await hand.until(lambda: learner.lesson.slug == slug, LIVE_SECONDS)  # noqa: B023 - awaited at once
                began = time.monotonic()
                learner.looks = dict(LOOKS)
                await learner.walk(EDITS.get(slug, ()))
                await hand.see("✓ Passed: all", "Well done.")
                walk.took_seconds[slug] = time.monotonic() - began
                walk.passed |= {
                    row.lesson.slug for row in session.rows() if row.pass_state is PassState.PASSED
                }
                await hand.press("enter")
        except AssertionError as error:
            # The lessons before this one were walked all the same: each is a test of its own.
            walk.fault = str(error)
        await hand.rest()
    if not walk.fault:
        walk.review = await review_tomorrow(wiring)
    return walk


async def leave_tour(hand: Hand) -> None:
    """Its four pages."""
    await hand.see("●  ○  ○  ○")
    await hand.press("n", "n", "n")
    await hand.see("○  ○  ○  ●", "Begin")
    await hand.press("enter")


class TomorrowClock(SystemClock):
    """A day and an hour later."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=25)


async def review_tomorrow(wiring: Wiring) -> str:
    """What the next start asks, answered by keys to its end."""
    folders = Folders(wiring.location.workspace_folder, wiring.location.kept_folder)
    session = CourseSession(wiring.course, wiring.store, TomorrowClock(), folders, wiring.engine)
    app = TutorApp(session)
    asked = ""
    async with app.run_test(size=SMALL) as pilot:
        hand = Hand(app, pilot, Path(), SCREEN_SECONDS)
        await hand.until(lambda: hand.is_open, LIVE_SECONDS)
        await hand.see("Review 1 of ", "Esc: not now")
        for _ in range(20):
            asked += plain(hand.text)
            if isinstance(app.screen, LessonScreen):
                break
            for told, keys in ANSWERS.items():
                if told in hand.text:
                    await hand.press(*keys)
                    break
            else:
                raise AssertionError(hand.text)
        await hand.see("NEXT ▸")
        await hand.rest()
    return asked


ANSWERS = {
    "y I knew it": ["y"],
    "a show the answer": ["a"],
    "Enter goes on.": ["enter"],
    "l later": ["l"],
    "1 ": ["1"],
}
"""What stands on a page of the review, and the keys that answer it. The first that fits."""


@contextlib.contextmanager
def home(folder: Path) -> Iterator[None]:
    """Everything of this learner below one folder, as for any test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("FROMSCRATCH_HOME", str(folder / "fromscratch"))
        patch.chdir(folder)
        yield


async def walked(last: str, *, is_first_start: bool) -> Walk:
    """A walk on an engine of its own, which is left empty."""
    with contextlib.closing(Wiring("embedded")) as wiring:
        engine = await wiring.engine()
        try:
            if not is_first_start:
                await warm_base.make(engine)
            return await walk_course(wiring, last, is_first_start=is_first_start)
        finally:
            await engine.clean()
            await engine.close()


@pytest.fixture(scope="module")
def first_walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The first two lessons, from an empty home on."""
    with home(tmp_path_factory.mktemp("first-walk")):
        return asyncio.run(walked(FIRST_TWO[-1], is_first_start=True))


@pytest.fixture(scope="module")
def whole_walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """All lessons."""
    with home(tmp_path_factory.mktemp("whole-walk")):
        return asyncio.run(walked(SLUGS[-1], is_first_start=False))


def hold_lesson(walk: Walk, slug: str) -> None:
    """It was walked, and the course map calls it passed."""
    assert slug in walk.passed, walk.fault
    titles = [step.title for step in COURSE.find(slug).steps]
    assert [title for title in titles if (slug, title) not in walk.story] == []


@pytest.mark.embedded
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("slug", FIRST_TWO)
def test_a_first_lesson_is_walked_by_keys_alone_from_the_first_start_to_its_pass(
    first_walk: Walk, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hold_lesson(first_walk, slug)
    assert "A base image is needed" in first_walk.story["one-big-image", "Guess, then build"]
    with capsys.disabled():
        sys.stdout.write(f"\n{slug}: {first_walk.took_seconds[slug]:.0f} s, cold\n")


@pytest.mark.embedded
@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("slug", SLUGS)
def test_every_lesson_is_walked_by_keys_alone_to_its_pass(
    whole_walk: Walk, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hold_lesson(whole_walk, slug)
    with capsys.disabled():
        sys.stdout.write(f"\n{slug}: {whole_walk.took_seconds[slug]:.0f} s\n")


@pytest.mark.embedded
@pytest.mark.timeout(1800)
def test_the_next_day_asks_again_what_went_wrong_or_surprised(first_walk: Walk) -> None:
    assert not first_walk.fault, first_walk.fault
    assert "Review 1 of 4" in first_walk.review
    assert "Review 4 of 4" in first_walk.review
    assert "Measured here:" in first_walk.review


def hold_truth(walk: Walk, truth: Truth) -> None:
    """It stood on the screen when the step was walked."""
    assert truth.lesson in walk.passed, walk.fault
    read = walk.story[truth.lesson, truth.step]
    assert truth.missing(read) == [], read


def of_claim(truth: Truth) -> str:
    return f"claim-{truth.claim}-{truth.lesson}-{truth.step}"


def test_every_claim_of_the_report_is_held_against_a_step() -> None:
    assert {truth.claim for truth in TRUTHS} == set(range(1, 15))
    taught = {(claim, lesson.slug) for lesson in COURSE.lessons for claim in lesson.claims}
    assert taught == {(truth.claim, truth.lesson) for truth in TRUTHS}


@pytest.mark.embedded
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("truth", [each for each in TRUTHS if each.lesson in FIRST_TWO], ids=of_claim)
def test_a_claim_of_the_first_lessons_meets_its_finer_truth_on_the_screen(
    first_walk: Walk, truth: Truth
) -> None:
    hold_truth(first_walk, truth)


@pytest.mark.embedded
@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("truth", TRUTHS, ids=of_claim)
def test_a_claim_meets_its_finer_truth_on_the_screen(whole_walk: Walk, truth: Truth) -> None:
    hold_truth(whole_walk, truth)
