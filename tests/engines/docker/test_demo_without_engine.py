"""dockerd is stopped in the middle of a demo: the demo goes on from its recording, and grades nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engines.docker import small_lesson
from tests.engines.docker.conftest import BASE, busybox_tar
from tests.engines.docker.daemon import Daemon, daemon
from tests.patience import until
from tests.ui.hand import screen_text
from tutor.command.demo import DemoRequest, fallback_of, opened_demo
from tutor.command.mask import mask_here
from tutor.command.rehearsal import run_rehearsal
from tutor.core.lesson import Lesson
from tutor.engine.docker.engine import BuilderChoice
from tutor.session.demo import DemoSession
from tutor.ui.demo_app import DemoApp
from tutor.wiring import Wiring

pytestmark = [
    pytest.mark.docker,
    # The SDK leaks a socket whenever it cannot connect.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FIRST, SECOND, CHECKPOINT = 2, 4, 6
"""Numbers of the steps that run something."""
PATIENCE_SECONDS = 60.0


@pytest.fixture
def engine(engine_is_missing: Callable[[str], NoReturn]) -> Iterator[Daemon]:
    if os.geteuid() != 0:
        engine_is_missing("a dockerd of one's own needs root")
    with daemon() as started:
        started.load(busybox_tar(), BASE)
        yield started


@pytest.fixture
def wiring(
    engine: Daemon, choice: BuilderChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wiring]:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    with contextlib.closing(
        Wiring("docker", choice, lessons_folder=small_lesson.lay(tmp_path / "lessons"))
    ) as made:
        yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Presenter:
    """Presses keys and looks."""

    def __init__(self, app: DemoApp, press: Callable[..., object], demo: DemoSession) -> None:
        self.app, self.demo = app, demo
        self._press = press

    @property
    def text(self) -> str:
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        await self._press(*keys)  # type: ignore[misc]  # the pilot's own

    async def see(self, *words: str) -> None:
        await until(lambda: all(word in self.text for word in words), lambda: self.text)

    async def go_to(self, number: int) -> None:
        await self.press("j", *str(number), "enter")
        await self.see(f"{number} / ", "→ Forward")
        await until(lambda: not self.app.demo.is_busy, lambda: self.text)


@pytest.fixture
async def presenter(wiring: Wiring) -> AsyncIterator[Presenter]:
    """In front of a class, after a rehearsal, with the first build done."""
    lesson: Lesson = wiring.course.lessons[0]
    request = DemoRequest(lesson.slug, "docker", "auto", rehearse=True)
    assert await run_rehearsal(wiring, request) == 0
    async with opened_demo(wiring, lesson) as demo:
        app = DemoApp(demo, close=demo.close, mask=mask_here(), fallback=fallback_of(wiring, lesson, 0))
        async with app.run_test(size=(100, 30)) as pilot:
            made = Presenter(app, pilot.press, demo)
            await made.see("Build it")
            await made.go_to(FIRST)
            yield made
            await app.demo.work.settle()


def attempts(presenter: Presenter) -> int:
    return len(presenter.demo.scene.course.store.attempts(presenter.demo.lesson.slug))


async def goes_on_ungraded(presenter: Presenter) -> None:
    """The badge stays to the end, and neither the checkpoint nor its repetition grades anything."""
    graded = attempts(presenter)
    await presenter.go_to(CHECKPOINT - 1)
    await presenter.press("right")
    await presenter.see("REPLAY", f"{CHECKPOINT} / ", "The image builds", "nothing is run or graded")
    await presenter.press("x")
    await presenter.see("REPLAY", "nothing is run or graded")
    await presenter.press("left")
    await presenter.see("REPLAY", f"{CHECKPOINT - 1} / ")
    assert attempts(presenter) == graded


async def test_an_engine_stopped_between_two_steps_gives_way_to_the_recording_within_two_keys(
    engine: Daemon, presenter: Presenter
) -> None:
    await presenter.press("right")
    await presenter.see("3 / ")
    await asyncio.to_thread(engine.stop)
    await presenter.press("right")
    await presenter.see("r goes on from", "3 / ")
    assert "REPLAY" not in presenter.text
    await presenter.press("r")
    await presenter.see("REPLAY", f"{SECOND} / ", "built in")
    await goes_on_ungraded(presenter)


async def test_an_engine_stopped_in_the_middle_of_a_build_gives_way_to_the_recording_with_one_key(
    engine: Daemon, presenter: Presenter
) -> None:
    # A file edited from outside: now the build takes as long as the test needs.
    (presenter.demo.workspace / "pause").write_text("300\n")
    await presenter.press("right", "right")
    await presenter.see("RUN sleep", "docker")
    await asyncio.to_thread(engine.stop)
    await presenter.see("r goes on from")
    await presenter.press("r")
    await presenter.see("REPLAY", f"{SECOND} / ", "built in")
    await goes_on_ungraded(presenter)


async def test_a_step_back_that_the_engine_cannot_restore_is_gone_on_from_the_recording(
    engine: Daemon, presenter: Presenter
) -> None:
    await presenter.go_to(SECOND)
    await asyncio.to_thread(engine.stop)
    await presenter.press("left")
    await presenter.see("r goes on from")
    await presenter.press("r")
    await presenter.see("REPLAY", f"{SECOND - 1} / ")
    await goes_on_ungraded(presenter)
