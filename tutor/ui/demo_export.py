"""A recording as files for others: an asciinema cast, a still picture of every step, or a moving one."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.drivers.headless_driver import HeadlessDriver

from tutor.ui.demo_app import DemoApp

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tutor.session.demo_replay import ReplaySession

COLUMNS, ROWS = 100, 30
HOLD_SECONDS = 2.0
"""How long each step of a cast stands before the next."""

FILM_SECONDS = 3.0
"""The same in a moving picture, where nothing else takes time."""

REAL_WAIT_SECONDS = 0.15
"""The longest that is really waited for while a cast is written: the screen is drawn ten times a second."""

Wait = Callable[[float], Awaitable[object]]

_FONT_FROM_OUTSIDE = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


class Pace:
    """Time as whoever watches will see it: long waits count in full and take a moment."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._skipped = 0.0

    def now(self) -> float:
        """Seconds since the start."""
        return monotonic() - self._began + self._skipped

    async def wait(self, seconds: float) -> None:
        """Let what was put on the screen be drawn, and count the rest."""
        real = min(seconds, REAL_WAIT_SECONDS)
        await asyncio.sleep(real)
        self._skipped += seconds - real


class CastDriver(HeadlessDriver):
    """Keeps what would go to a terminal, with its time."""

    pace: Pace
    written: list[tuple[float, str]]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.written = []

    @property
    def is_headless(self) -> bool:
        """Something is drawn, though on no terminal."""
        return False

    def write(self, data: str) -> None:
        """Keep it."""
        self.written.append((self.pace.now(), data))


async def _walk(
    app: DemoApp,
    pilot: Pilot[Any],
    replay: ReplaySession,
    each: Callable[[int], None],
    wait: Wait,
) -> None:
    """Go forward to the end; ``each`` is called with the number of every step that stands."""
    screen = app.demo
    while True:
        while screen.is_busy:  # noqa: ASYNC110 (a file is being written; the screen need not know of it)
            await asyncio.sleep(0.02)
        await wait(HOLD_SECONDS)
        # What was put on the screen last may still have to be drawn.
        await pilot.pause()
        each(replay.index + 1)
        if replay.moment(replay.index + 1) is None:
            return
        screen.action_forward()


async def cast_of(
    open_paced: Callable[[Wait], ReplaySession], speed: float, mask: Callable[[str], str] = str
) -> str:
    """The whole recording as an asciinema cast, version 2.

    Args:
        open_paced: Opens the recording at its own speed, with how it is to wait.
        speed: How much faster than it was the cast will be.
        mask: Hides what is private.
    """
    own = Pace()

    class Driver(CastDriver):
        pace = own

    replay = open_paced(own.wait)
    app = DemoApp(replay, close=_nothing, mask=mask, watches_terminal=False, driver_class=Driver)
    driver: list[CastDriver] = []

    async def drive(pilot: Pilot[Any]) -> None:
        if isinstance(app.console_driver, CastDriver):
            driver.append(app.console_driver)
        await pilot.pause()
        await _walk(app, pilot, replay, lambda _: None, own.wait)
        # The last step stands as long as the others.
        for each in driver:
            each.write("")
        await app.run_action("leave")

    await app.run_async(headless=False, size=(COLUMNS, ROWS), auto_pilot=drive)
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": f"FROM scratch: {replay.lesson.title}"}
    lines = [json.dumps(head)]
    written = driver[0].written if driver else []
    for at, data in written:
        lines.append(json.dumps([round((at - written[0][0]) / speed, 3), "o", data]))
    return "\n".join(lines) + "\n"


async def pictures_of(replay: ReplaySession, mask: Callable[[str], str] = str) -> dict[int, str]:
    """A picture of each step as SVG, linking nothing from outside, by the step's number."""
    app = DemoApp(replay, close=_nothing, mask=mask, watches_terminal=False)
    made: dict[int, str] = {}

    def take(number: int) -> None:
        made[number] = _FONT_FROM_OUTSIDE.sub("", app.export_screenshot())

    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        await _walk(app, pilot, replay, take, lambda _: asyncio.sleep(0.05))
    return made


async def stills_of(replay: ReplaySession, folder: Path, mask: Callable[[str], str] = str) -> int:
    """Write a picture of each step as ``NN.svg``; how many.

    Raises:
        StorageError: the folder cannot be written.
    """
    made = await pictures_of(replay, mask)
    await asyncio.to_thread(_write, folder, made)
    return len(made)


def film_of(pictures: Sequence[str], seconds_each: float) -> str:
    """One SVG that shows the pictures one after the other, for ever, by its own style sheet.

    Where nothing moves, the last one stands.
    """
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', pictures[0])
    assert size is not None  # each is an SVG of Textual's
    total, count = seconds_each * len(pictures), len(pictures)
    style = (
        ".still{visibility:hidden}.still:last-of-type{visibility:visible}"
        f"@keyframes turn{{0%{{visibility:visible}}{100 / count:.4f}%,100%{{visibility:hidden}}}}"
        "@media (prefers-reduced-motion:no-preference){.still,.still:last-of-type{visibility:hidden;"
        f"animation:turn {total:g}s step-end infinite}}}}"
    )
    stills = [
        f'<g class="still" style="animation-delay:{index * seconds_each:g}s">{_inner(picture)}</g>'
        for index, picture in enumerate(pictures)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[1]} {size[2]}">'
    return "\n".join([head, f"<style>{style}</style>", *stills, "</svg>\n"])


def _inner(picture: str) -> str:
    """A picture without its space between tags; its classes bear a name of its own already."""
    return re.sub(r">\s+<", "><", re.sub(r"<!--.*?-->", "", picture, flags=re.DOTALL))


def _write(folder: Path, pictures: dict[int, str]) -> None:
    from tutor.storage.failure import told

    with told("write the pictures", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in pictures.items():
            (folder / f"{number:02d}.svg").write_text(picture, "utf-8")


async def _nothing() -> None:
    """A recording holds nothing that has to be closed."""
