"""A million log lines through the session into the build pane: the longest stall, and memory."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.subject import lesson_screen
from tests.bench.terminal import terminal

FEW, MANY = 100_000, 1_000_000
STALL_BAR_MILLISECONDS = 50.0
GROWTH_BAR = 1.2
"""Ten times the lines may not cost much more memory: what scrolled away is not kept."""


def measure() -> list[Figure]:
    """One process on a real terminal: first idle, then a tenth of the lines, then all."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = (sys.executable, "-m", "tests.bench.flooded_app", str(report), str(FEW), str(MANY))
        with terminal(command, lesson_screen(Path(folder)).environ) as screen:
            screen.read_until_the_end(300)
        seen = json.loads(report.read_text())
    few, many = seen["few"], seen["many"]
    rate = f"{MANY / many['elapsed']:,.0f} lines a second, {many['kept']:,.0f} kept"
    return [
        Figure("longest stall of the interface while idle", 1000 * seen["idle"], "ms"),
        Figure(
            "longest stall under 10^6 log lines", 1000 * many["stall"], "ms", STALL_BAR_MILLISECONDS, rate
        ),
        Figure("the same, in processor time of the loop's thread", 1000 * many["worked"], "ms"),
        Figure("memory after 10^6 log lines", many["megabytes"], "MB"),
        Figure(
            "memory after 10^6 lines / after 10^5",
            many["megabytes"] / few["megabytes"],
            "×",
            GROWTH_BAR,
        ),
    ]
