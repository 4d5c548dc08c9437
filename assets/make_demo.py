"""Make the moving picture of a demo for the README, from a demo that really ran.

    python assets/make_demo.py [--engine auto|docker|embedded] [--builder auto|buildx|classic]

Walks through lesson 2 with a guess of the class in a home of its own, and writes demo.svg beside this file
from some steps of its recording; nothing is written unless every step ended as the lesson says. The
images it built stay on the engine, as they do for a learner: `fromscratch clean` removes them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
LESSON, GUESS = "two-stages", "25"
STEPS = (1, 3, 5, 7, 9, 10, 13, 14, 32)
"""From the text to the checkpoint."""


async def make(engine: str, builder: str) -> str:
    """The picture."""
    from tutor.command.demo import keep_recording, last_recording, open_replay, opened_demo
    from tutor.command.mask import mask_here
    from tutor.core.lesson import Predict, Unit
    from tutor.session.demo_rehearsal import rehearse
    from tutor.ui.demo_export import FILM_SECONDS, film_of, pictures_of
    from tutor.wiring import Wiring

    with contextlib.closing(Wiring(engine, builder)) as wiring:  # type: ignore[arg-type]
        lesson = wiring.course.find(LESSON)
        async with opened_demo(wiring, lesson) as demo:
            async for row in rehearse(demo):
                print(row.step.number, row.step.say, flush=True)
                if row.went_well is False:
                    raise SystemExit(f"Step {row.step.number} went otherwise: {row.why}")
                task = row.step.task
                if isinstance(task, Predict) and task.unit is Unit.MEGABYTES:
                    demo.predict(GUESS)
            keep_recording(wiring, lesson, demo, None)
        replay = open_replay(lesson, last_recording(wiring, lesson), speed=0)
        pictures = await pictures_of(replay, mask_here())
    return film_of([pictures[number] for number in STEPS], FILM_SECONDS)


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["auto", "docker", "embedded"], default="auto")
    parser.add_argument("--builder", choices=["auto", "buildx", "classic"], default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FROMSCRATCH_HOME"] = home
        os.environ.pop("NO_COLOR", None)
        path = ROOT / "assets" / "demo.svg"
        path.write_text(asyncio.run(make(arguments.engine, arguments.builder)), "utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
