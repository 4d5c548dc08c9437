"""Opening the course's own images: against docker save of them alone, and the most memory it takes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figure import Figure
from tests.engines.course_image import build_answer, obtain_golang
from tutor.core.clock import SystemClock
from tutor.engine.docker.engine import DockerEngine
from tutor.storage.journal import SqliteJournal

FINAL_BAR_SECONDS = 0.3
BUILDER_BAR_RATIO = 1.3
MEMORY_BAR_MEGABYTES = 150.0
ROUNDS = 3
# In a process of its own, so that its peak is its own.
_OPEN = """
import asyncio, json, os, resource, sys, time
from pathlib import Path
from tutor.wiring import Wiring
from tutor.inspect.image import read_image_anatomy

async def main(name):
    wiring = Wiring("docker")
    engine = await wiring.docker()
    summary = await engine.images.find(name)
    began = time.monotonic()
    with engine.images.open_archive(summary.image_id) as archive:
        found = read_image_anatomy(archive, summary.config, name=name, image_id=summary.image_id)
    took = time.monotonic() - began
    await engine.close()
    wiring.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": took, "peak": peak, "bytes": found.unpacked_bytes}))

asyncio.run(main(sys.argv[1]))
"""


def _open(name: str, home: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, name],
        env=os.environ | {"FROMSCRATCH_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _save(name: str) -> float:
    began = time.monotonic()
    subprocess.run(["docker", "save", name], check=True, stdout=subprocess.DEVNULL, timeout=600)
    return time.monotonic() - began


async def _build(folder: Path) -> tuple[str, str, DockerEngine, SqliteJournal]:
    """The builder of lesson 2, and the stripped image of lesson 4; on the stand-in where no base is there."""
    journal = SqliteJournal(folder / "journal.sqlite3")
    engine = await DockerEngine.connect(journal, SystemClock(), lock_path=folder / "state/build.lock")
    await obtain_golang(engine)
    builder = (await build_answer(engine, "two-stages", "named-stage", "bench-opening"))["builder"]
    final = (await build_answer(engine, "stripping", "both-flags", "bench-opening"))[""]
    await engine.builder.close()
    return builder.reference, final.reference, engine, journal


async def _with_images(folder: Path) -> list[Figure]:
    builder, final, engine, journal = await _build(folder)
    try:
        return await asyncio.to_thread(_figures, builder, final, folder / "home")
    finally:
        await engine.clean()
        await engine.close()
        journal.close()


def _figures(builder: str, final: str, home: Path) -> list[Figure]:
    # In turns, so that what else the machine does weighs on both sides alike.
    saves: dict[str, list[float]] = {final: [], builder: []}
    opens: dict[str, list[dict[str, float]]] = {final: [], builder: []}
    for _ in range(ROUNDS):
        for name in (final, builder):
            saves[name].append(_save(name))
            opens[name].append(_open(name, home))
    final_save, builder_save = min(saves[final]), min(saves[builder])
    final_open, builder_open = (
        min(opens[name], key=lambda found: found["seconds"]) for name in (final, builder)
    )
    return [
        Figure(
            "open the stripped image, beyond docker save",
            final_open["seconds"] - final_save,
            "s",
            FINAL_BAR_SECONDS,
            f"{final_open['bytes'] / 1e6:.2f} MB; docker save alone {final_save:.2f} s",
        ),
        Figure(
            "open the builder, against docker save",
            builder_open["seconds"] / builder_save,
            "×",
            BUILDER_BAR_RATIO,
            f"{builder_open['bytes'] / 1e6:.0f} MB; docker save alone {builder_save:.2f} s",
        ),
        Figure(
            "peak memory, the builder",
            max(found["peak"] for found in opens[builder]),
            "MB",
            MEMORY_BAR_MEGABYTES,
        ),
    ]


def measure() -> list[Figure]:
    """Both images, each against docker save of it in the same run; nothing without a Docker engine."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return []
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_with_images(Path(folder)))
