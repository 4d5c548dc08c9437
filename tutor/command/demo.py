"""``fromscratch demo``: a lesson in front of a class."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from tutor.command.mask import mask_here
from tutor.core.clock import SystemClock
from tutor.core.errors import StorageError, UsageError
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson
    from tutor.session.demo import DemoSession
    from tutor.session.demo_moment import Show
    from tutor.session.demo_recording import Recording
    from tutor.session.demo_replay import ReplaySession


def demo_folder(wiring: Wiring) -> Path:
    """Where a demo keeps what it needs besides its workspace."""
    return wiring.location.cache_folder / "demo"


@contextlib.contextmanager
def only_demo(wiring: Wiring) -> Iterator[None]:
    """Hold the one place for a demo: two would share a workspace and tags.

    Raises:
        UsageError: another demo runs.
    """
    folder = demo_folder(wiring)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The demo's folder cannot be made: {error.strerror}.", where=str(folder)
        ) from error
    lock = filelock.FileLock(folder / "demo.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as taken:
        raise UsageError(
            "Another demo runs already.",
            next_step="Leave it with q, or set FROMSCRATCH_HOME to another folder for this one.",
        ) from taken
    try:
        yield
    finally:
        lock.release()


def first_answer(lesson: Lesson) -> Path:
    """The folder of the right answer that a demo types: the first that answers.yaml names.

    Raises:
        LessonError: the lesson's answers cannot be read.
    """
    from tutor.catalog.answer import load_answers

    return load_answers(lesson).right[0].folder


@asynccontextmanager
async def opened_demo(wiring: Wiring, lesson: Lesson) -> AsyncIterator[DemoSession]:
    """A demo that stands at its first step, on an engine of its choice.

    Raises:
        EngineUnavailable: none works.
        StorageError, LessonError: its files cannot be laid or read.
    """
    from tutor.catalog.course import Course
    from tutor.session.course import CourseSession, Folders
    from tutor.session.demo import DemoSession
    from tutor.session.demo_step import demo_lesson
    from tutor.storage.database import SqliteProgressStore

    own = demo_lesson(lesson)
    visible = wiring.location.workspace_folder / "demo"
    store = SqliteProgressStore(demo_folder(wiring) / "progress.sqlite3")
    course = CourseSession(
        Course((own,)), store, SystemClock(), Folders(visible, visible / ".kept"), wiring.engine
    )
    try:
        await course.connect()
        demo = DemoSession(course, own, first_answer(replace(own, slug=lesson.slug)))
        await demo.begin()
        try:
            yield demo
        finally:
            await demo.close()
    finally:
        await course.close()
        store.close()


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What the command line asked for."""

    lesson: str | None
    engine: str
    builder: str
    rehearse: bool = False
    record: Path | None = None
    replay: bool = False
    recording: Path | None = None
    """Of a replay; None is the last one made here."""
    speed: float = 1.0
    export: Path | None = None
    """Write a recording as a cast, or as a folder of pictures."""
    lessons_folder: Path | None = None
    """Of a course of one's own."""
    console: bool = False
    """Open the presenter's console for a demo that runs."""


def last_recording(wiring: Wiring, lesson: Lesson) -> Path:
    """Where the last whole recording of a lesson lies."""
    return demo_folder(wiring) / "recordings" / f"{lesson.slug}.jsonl"


def keep_recording(wiring: Wiring, lesson: Lesson, demo: DemoSession, also: Path | None) -> None:
    """Keep what was shown, unless an earlier recording of these very steps shows more that went well.

    Raises:
        StorageError: a file cannot be written.
    """
    from tutor.session.demo_recording import (
        Recording,
        read_recording,
        steps_sha256,
        whole_moments,
        write_recording,
    )

    made = Recording(
        demo.lesson.slug,
        demo.source,
        SystemClock().now().isoformat(timespec="seconds"),
        steps_sha256(demo.steps),
        whole_moments([demo.moment(index) for index in range(len(demo.steps))]),
    )
    mask = mask_here()
    if also is not None:
        write_recording(also, made, mask)
    kept = last_recording(wiring, lesson)
    with contextlib.suppress(StorageError):
        former = read_recording(kept)
        if former.steps_sha256 == made.steps_sha256 and _worth(former) > _worth(made):
            return
    write_recording(kept, made, mask)


def _worth(recording: Recording) -> int:
    """How many steps went as they should: one made without a network shows many that did not."""
    return sum(moment.went_well is not False for moment in recording.moments)


def open_replay(
    lesson: Lesson,
    path: Path,
    *,
    speed: float,
    index: int = 0,
    wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> ReplaySession:
    """A recording of this lesson.

    Raises:
        StorageError: it cannot be read, or shows something else.
    """
    from tutor.session.demo_recording import read_recording
    from tutor.session.demo_replay import ReplaySession
    from tutor.session.demo_step import demo_lesson

    recording = read_recording(path, lesson.slug)
    return ReplaySession(demo_lesson(lesson), recording, speed=speed, index=index, wait=wait)


def fallback_of(wiring: Wiring, lesson: Lesson, speed: float) -> Callable[[int], Awaitable[Show | None]]:
    """Gives the last recording of a lesson, standing before the step of an index; None where it has none."""

    def find(index: int) -> Show | None:
        with contextlib.suppress(StorageError):
            found = open_replay(lesson, last_recording(wiring, lesson), speed=speed, index=index - 1)
            if found.moment(index) is not None:
                return found
        return None

    async def fallback(index: int) -> Show | None:
        return await asyncio.to_thread(find, index)

    return fallback


async def run_demo(request: DemoRequest) -> int:
    """Do what was asked for; the exit code.

    Raises:
        UsageError: the request makes no sense, or no terminal is attached.
        EngineUnavailable: no engine works.
        StorageError, LessonError: files cannot be read or written.
    """
    wiring = Wiring(request.engine, request.builder, request.lessons_folder)  # type: ignore[arg-type]  # click.Choice checked them
    with contextlib.closing(wiring):
        if request.console:
            from tutor.command.console import run_console

            return await run_console(wiring, request)
        if request.rehearse:
            from tutor.command.rehearsal import run_rehearsal

            return await run_rehearsal(wiring, request)
        if request.lesson is None:
            raise UsageError("Which lesson?", next_step="For instance: fromscratch demo two-stages")
        lesson = wiring.course.find(request.lesson)
        if request.export is not None:
            from tutor.command.demo_export import export

            path = request.recording or last_recording(wiring, lesson)
            return await export(functools.partial(open_replay, lesson, path), request.export, request.speed)
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                "A demo is a full-screen program and needs a terminal.",
                next_step=f"Without one, walk through it with: fromscratch demo {request.lesson} --rehearse",
            )
        if request.replay:
            return await _play(wiring, lesson, request)
        return await _present(wiring, lesson, request)


async def _play(wiring: Wiring, lesson: Lesson, request: DemoRequest) -> int:
    from tutor.command.console import console_plan
    from tutor.ui.demo_app import DemoApp

    path = request.recording or last_recording(wiring, lesson)
    replay = open_replay(lesson, path, speed=request.speed)
    app = DemoApp(replay, close=_nothing, mask=mask_here(), console=console_plan(wiring, lesson, replay))
    await app.run_async()
    return app.return_code or 0


async def _present(wiring: Wiring, lesson: Lesson, request: DemoRequest) -> int:
    from tutor.command.console import console_plan
    from tutor.ui.demo_app import DemoApp

    with only_demo(wiring):
        async with opened_demo(wiring, lesson) as demo:
            app = DemoApp(
                demo,
                close=demo.close,
                mask=mask_here(),
                fallback=fallback_of(wiring, lesson, request.speed),
                shell=_shell(demo.workspace),
                console=console_plan(wiring, lesson),
            )
            try:
                await app.run_async()
            finally:
                keep_recording(wiring, lesson, demo, request.record)
            return app.return_code or 0


def _shell(folder: Path) -> Callable[[], None]:
    def run() -> None:
        shell = os.environ.get("SHELL") or "/bin/sh"
        where = mask_here()(str(folder))
        sys.stdout.write(f"A shell in {where}; it hides nothing. exit comes back to the demo.\n")
        sys.stdout.flush()
        # Its exit code is the last command's: nothing that the demo should mind.
        subprocess.run([shell], cwd=folder, check=False)

    return run


async def _nothing() -> None:
    """A recording holds nothing that has to be closed."""
