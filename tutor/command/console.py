"""``fromscratch demo --console``: the presenter's own screen, in a second terminal."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.command.demo import demo_folder, last_recording, open_replay
from tutor.core.errors import StorageError, UsageError

if TYPE_CHECKING:
    from tutor.command.demo import DemoRequest
    from tutor.core.lesson import Lesson
    from tutor.session.demo_replay import ReplaySession
    from tutor.ui.demo_console import ConsolePlan
    from tutor.wiring import Wiring


def console_pointer(wiring: Wiring) -> Path:
    """The file that a console finds a demo by."""
    return demo_folder(wiring) / "console"


def console_plan(wiring: Wiring, lesson: Lesson, replay: ReplaySession | None = None) -> ConsolePlan:
    """How a console comes to a demo, with what each step took in ``replay``, else in its last recording."""
    from tutor.ui.demo_console import ConsolePlan

    if replay is None:
        with contextlib.suppress(StorageError):
            replay = open_replay(lesson, last_recording(wiring, lesson), speed=0)
    moments = [replay.moment(index) for index in range(len(replay.steps))] if replay else []
    return ConsolePlan(console_pointer(wiring), tuple(moment.seconds for moment in moments if moment))


async def run_console(wiring: Wiring, request: DemoRequest) -> int:
    """Show the console until it is left; the exit code.

    Raises:
        UsageError: something else was asked for too, or no terminal is attached.
    """
    if any((request.lesson, request.rehearse, request.record, request.replay, request.export)):
        raise UsageError(
            "--console goes alone: it shows the demo that runs, whichever lesson that is.",
            next_step="Start the demo in one terminal and fromscratch demo --console in another.",
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The presenter's console is a full-screen program and needs a terminal.",
            next_step="Open a second one on the machine that shows the demo: fromscratch demo --console",
        )
    from tutor.ui.console_app import ConsoleApp

    app = ConsoleApp(console_pointer(wiring))
    await app.run_async()
    return app.return_code or 0
