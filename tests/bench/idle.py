"""Processor and memory while nothing happens, against a bare Textual app."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.subject import Subject, bare, lesson_screen
from tests.bench.terminal import terminal

SETTLE_SECONDS = 5.0
WATCH_SECONDS = 20.0
PROCESSOR_BAR_PERCENT = 0.3
MEMORY_BAR_MEGABYTES = 90.0


def idle(subject: Subject) -> tuple[float, float]:
    """Processor in per cent of one core, and resident memory in MB, once it has settled."""
    with terminal(subject.command, subject.environ) as screen:
        screen.wait_for(*subject.words)
        screen.read_for(SETTLE_SECONDS)
        before = screen.processor_seconds()
        screen.read_for(WATCH_SECONDS)
        used = screen.processor_seconds() - before
        return 100 * used / WATCH_SECONDS, screen.resident_megabytes()


def measure() -> list[Figure]:
    """One after the other: together they would weigh on each other."""
    with tempfile.TemporaryDirectory() as folder:
        floor_percent, floor_megabytes = idle(bare(Path(folder)))
        percent, megabytes = idle(lesson_screen(Path(folder)))
    return [
        Figure("idle processor: bare app", floor_percent, "%"),
        Figure("idle processor: above the bare app", percent - floor_percent, "%", PROCESSOR_BAR_PERCENT),
        Figure("idle memory: bare app", floor_megabytes, "MB"),
        Figure("idle memory: lesson screen", megabytes, "MB", MEMORY_BAR_MEGABYTES),
    ]
