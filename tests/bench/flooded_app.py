"""The tutor on a terminal, building with a program that prints a flood. Writes what it saw as JSON.

Everything from the pipe on is the tutor's own: decoding, cleaning, batching, the session, the screen.
Only the engine is scripted, since no engine prints a million lines as fast as a pipe carries them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from textual.pilot import Pilot

from tests.fakes.engine import FakeEngine, Script
from tutor.core.clock import SystemClock
from tutor.core.events import BuildEvent, LogLines
from tutor.core.ports import BuildRequest, Engine
from tutor.engine.log import read_batches
from tutor.session.course import CourseSession, Folders
from tutor.ui.app import TutorApp
from tutor.ui.widgets.step_log import StepLog
from tutor.ui.work import GROUP
from tutor.wiring import Wiring

TICK_SECONDS = 0.005
PRINTER = (
    "import sys\n"
    "write = sys.stdout.write\n"
    "for number in range(int(sys.argv[1])):\n"
    "    write(f'go: compiling \\x1b[32mexample.com/package/{number}\\x1b[0m [red] {number % 100}%\\n')\n"
)


class FloodEngine(FakeEngine):
    """A build whose second step prints as many lines as it is told, from a real process."""

    def __init__(self) -> None:
        # Small images: the double packs them on the loop, which no real engine does.
        super().__init__(Script(final_files={"server": b"x"}, stage_files={"go": b"y"}))
        self.lines = 0
        self.built = asyncio.Event()

    async def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        """The scripted build, with the flood in place of its log."""
        async for event in super().build(request):
            if not isinstance(event, LogLines):
                yield event
                continue
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", PRINTER, str(self.lines), stdout=asyncio.subprocess.PIPE
            )
            assert process.stdout is not None
            async for lines in read_batches(process.stdout):
                yield LogLines(event.run_id, event.step_id, lines)
            await process.wait()
        self.built.set()


class Watch:
    """The longest time for which the loop did not come round, and how much of it was work of its own.

    The rest of it the processor was given to others, which says more of the machine than of us.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.worked = 0.0
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            before, worked_before = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_SECONDS)
            self.longest = max(self.longest, time.perf_counter() - before - TICK_SECONDS)
            self.worked = max(self.worked, time.thread_time() - worked_before)

    async def stop(self) -> float:
        """The longest stall in seconds."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return self.longest


def resident_megabytes() -> float:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact that nothing tells of, at a pace that does not weigh."""
    while not fact():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.05)


async def flood(pilot: Pilot[object], engine: FloodEngine, lines: int) -> dict[str, float]:
    """Build once with so many lines, and tell the longest stall, the time and the memory after it."""
    engine.lines = lines
    engine.built.clear()
    watch, began = Watch(), time.perf_counter()
    await pilot.press("b")
    await engine.built.wait()
    elapsed = time.perf_counter() - began
    log = pilot.app.screen.query_one(StepLog)
    await until(lambda: not any(w.group == GROUP and not w.is_finished for w in pilot.app.workers))
    # All is told when the last line that was printed is the last one on screen.
    await until(lambda: f"/{lines - 1} " in "".join(list(log.lines)[-2:]))
    stall = await watch.stop()
    return {
        "stall": stall,
        "worked": watch.worked,
        "elapsed": elapsed,
        "megabytes": resident_megabytes(),
        "kept": log.line_count,
    }


async def drive(
    pilot: Pilot[object], engine: FloodEngine, few: int, many: int
) -> dict[str, float | dict[str, float]]:
    """Idle, then a smaller and a larger flood."""
    await until(lambda: bool(pilot.app.screen.query(StepLog)) and "sweep" in engine.asked)
    await asyncio.sleep(1)  # what the start left to do is no part of idling
    watch = Watch()
    await asyncio.sleep(3)  # the time that is measured
    idle = await watch.stop()
    first, second = await flood(pilot, engine, few), await flood(pilot, engine, many)
    return {"idle": idle, "few": first, "many": second}


def main() -> None:
    """``python -m tests.bench.flooded_app REPORT FEW MANY``."""
    report, few, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    wiring = Wiring()
    engine = FloodEngine()

    async def connect() -> Engine:
        return engine

    folders = Folders(wiring.location.workspace_folder, wiring.location.kept_folder)
    session = CourseSession(wiring.course, wiring.store, SystemClock(), folders, connect)
    session.mark_tour_seen()
    app = TutorApp(session, lesson="two-stages")
    seen: dict[str, float | dict[str, float]] = {}

    async def autopilot(pilot: Pilot[object]) -> None:
        seen.update(await drive(pilot, engine, few, many))
        app.exit()

    app.run(auto_pilot=autopilot)
    wiring.close()
    report.write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
