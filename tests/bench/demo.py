"""Each step back in a demo of lesson 4, on every engine that is here; the first way needs its builds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import tempfile
import time
from unittest import mock

from tests import engine_availability, engine_guard
from tests.bench.figure import Figure
from tests.engines import warm_base
from tutor.command.demo import opened_demo
from tutor.session.demo import DemoSession
from tutor.wiring import EngineChoice, Wiring

LESSON = "stripping"
BACK_BAR_SECONDS = 1.0


async def _to_the_end(demo: DemoSession) -> float:
    began = time.monotonic()
    while demo.index + 1 < len(demo.steps):
        before = demo.index
        async for _ in demo.forward():
            pass
        assert demo.index == before + 1, demo.steps[before + 1]
    return time.monotonic() - began


def _bare_seconds(reference: str) -> float:
    """What a step back has to do at most: end one container and start another. The best of three."""

    def once() -> float:
        began = time.monotonic()
        words = ["docker", "run", "--detach", "--publish", "127.0.0.1::8080", reference]
        made = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["docker", "rm", "--force", made], check=True, capture_output=True)
        return time.monotonic() - began

    return min(once() for _ in range(3))


async def _ways_back(choice: EngineChoice) -> list[Figure]:
    wiring = Wiring(choice)
    with contextlib.closing(wiring):
        engine = await wiring.engine()
        await warm_base.make(engine)
        try:
            async with opened_demo(wiring, wiring.course.find(LESSON)) as demo:
                first = await _to_the_end(demo)
                seconds: list[float] = []
                for index in range(len(demo.steps) - 1, 0, -1):
                    assert demo.index == index
                    began = time.monotonic()
                    async for _ in demo.back():
                        pass
                    seconds.append(time.monotonic() - began)
                again = await _to_the_end(demo)
                name = demo.source
                reference = demo.scene.reference(demo.lesson.tag)
                bare = await asyncio.to_thread(_bare_seconds, reference) if choice == "docker" else None
        finally:
            await engine.clean()
            await engine.close()
    said = f"of {len(seconds)}" + (f"; docker run and docker rm alone {bare:.2f} s" if bare else "")
    return [
        Figure(f"slowest step back, {name}", max(seconds), "s", BACK_BAR_SECONDS, said),
        Figure(f"mean step back, {name}", statistics.mean(seconds), "s"),
        Figure(f"all steps forward, {name}", first, "s", note=f"and once more, restored: {again:.1f} s"),
    ]


def measure() -> list[Figure]:
    """In a home of its own; nothing for an engine that is missing."""
    faults: dict[EngineChoice, str] = {
        "docker": engine_guard.engine_fault(),
        "embedded": engine_availability.embedded_fault(),
    }
    figures: list[Figure] = []
    for choice, fault in faults.items():
        with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, FROMSCRATCH_HOME=home):
            figures += [] if fault else asyncio.run(_ways_back(choice))
    return figures
