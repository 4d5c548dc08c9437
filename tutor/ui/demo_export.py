"""A recording as files for others: an asciinema cast, or a still picture of every step."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
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
"""How long each step stands before the next."""

_FONT_FROM_OUTSIDE = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


class CastDriver(HeadlessDriver):
    """Keeps what would go to a terminal, with its time."""

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
        self.written.append((monotonic(), data))


async def _walk(
    app: DemoApp,
    pilot: Pilot[Any],
    replay: ReplaySession,
    each: Callable[[int], None],
    hold_seconds: float,
) -> None:
    """Go forward to the end; ``each`` is called with the number of every step that stands."""
    screen = app.demo
    while True:
        while screen.is_busy:  # noqa: ASYNC110 (a file is being written; the screen need not know of it)
            await asyncio.sleep(0.02)
        await asyncio.sleep(hold_seconds)
        # What was put on the screen last may still have to be drawn.
        await pilot.pause()
        each(replay.index + 1)
        if replay.moment(replay.index + 1) is None:
            return
        screen.action_forward()


async def cast_of(replay: ReplaySession, speed: float, mask: Callable[[str], str] = str) -> str:
    """The whole recording as an asciinema cast, version 2, in the recording's own time.

    ``speed`` is that of ``replay``: how much faster it is played while it is written down.
    """
    app = DemoApp(replay, close=_nothing, mask=mask, watches_terminal=False, driver_class=CastDriver)

    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await _walk(app, pilot, replay, lambda _: None, HOLD_SECONDS / speed)
        await app.run_action("leave")

    began = monotonic()
    driver: list[CastDriver] = []

    async def noted(pilot: Pilot[Any]) -> None:
        if isinstance(app.console_driver, CastDriver):
            driver.append(app.console_driver)
        await drive(pilot)

    await app.run_async(headless=False, size=(COLUMNS, ROWS), auto_pilot=noted)
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": f"FROM scratch: {replay.lesson.title}"}
    lines = [json.dumps(head)]
    for at, data in driver[0].written if driver else ():
        lines.append(json.dumps([round((at - began) * speed, 3), "o", data]))
    return "\n".join(lines) + "\n"


async def stills_of(replay: ReplaySession, folder: Path, mask: Callable[[str], str] = str) -> int:
    """A picture of each step as ``NN.svg``, linking nothing from outside; how many.

    Raises:
        StorageError: the folder cannot be written.
    """
    app = DemoApp(replay, close=_nothing, mask=mask, watches_terminal=False)
    made: dict[int, str] = {}

    def take(number: int) -> None:
        made[number] = _FONT_FROM_OUTSIDE.sub("", app.export_screenshot())

    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        await _walk(app, pilot, replay, take, 0.05)
    await asyncio.to_thread(_write, folder, made)
    return len(made)


def _write(folder: Path, pictures: dict[int, str]) -> None:
    from tutor.storage.failure import told

    with told("write the pictures", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in pictures.items():
            (folder / f"{number:02d}.svg").write_text(picture, "utf-8")


async def _nothing() -> None:
    """A recording holds nothing that has to be closed."""
