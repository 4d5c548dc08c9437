"""Opening images: against docker save of them alone, and the most memory it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.figure import Figure

FINAL_BAR_SECONDS = 0.3
BUILDER_BAR_RATIO = 1.3
MEMORY_BAR_MEGABYTES = 150.0
ROUNDS = 3
_BUILDER = "fromscratch/bench-opening:builder"
_FINAL = "fromscratch/bench-opening:final"

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


def _best(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(ROUNDS))


def _build(folder: Path) -> None:
    """A builder of some 270 MB in ten thousand files, and a final image with one program of 5 MB."""
    from tests.unit.inspect.go_program import go_program

    chance = os.urandom(1024)
    for number in range(10_000):
        part = folder / "tree" / f"{number % 100}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{number}").write_bytes(number.to_bytes(4, "big") + chance * 26)
    data = go_program() + b"x" * 5_000_000
    (folder / "app").write_bytes(data)
    (folder / "app").chmod(0o755)
    (folder / "Dockerfile").write_text(
        "FROM scratch AS builder\nCOPY tree /tree\nCOPY app /app\n"
        'FROM scratch\nCOPY --from=builder /app /app\nENTRYPOINT ["/app"]\n'
    )
    for target, tag in (("builder", _BUILDER), ("", _FINAL)):
        words = ["docker", "build", "-q", "-t", tag, *(["--target", target] if target else []), str(folder)]
        subprocess.run(words, check=True, capture_output=True, timeout=600)


def measure() -> list[Figure]:
    """Both images, each against docker save of it in the same run."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        try:
            folder = Path(place) / "context"
            folder.mkdir()
            _build(folder)
            final_save, builder_save = _best(lambda: _save(_FINAL)), _best(lambda: _save(_BUILDER))
            final = min((_open(_FINAL, home) for _ in range(ROUNDS)), key=lambda found: found["seconds"])
            builder = min((_open(_BUILDER, home) for _ in range(ROUNDS)), key=lambda found: found["seconds"])
        finally:
            for tag in (_FINAL, _BUILDER):
                subprocess.run(["docker", "rmi", "-f", tag], check=False, capture_output=True, timeout=60)
    note = f"{builder['bytes'] / 1e6:.0f} MB; docker save alone {builder_save:.2f} s"
    return [
        Figure(
            "open the 5 MB image, beyond docker save",
            final["seconds"] - final_save,
            "s",
            FINAL_BAR_SECONDS,
            f"docker save alone {final_save:.2f} s",
        ),
        Figure(
            "open the builder, against docker save",
            builder["seconds"] / builder_save,
            "×",
            BUILDER_BAR_RATIO,
            note,
        ),
        Figure("peak memory, the builder", builder["peak"], "MB", MEMORY_BAR_MEGABYTES),
    ]
