"""Draw the screenshots of the README from the running program.

    python assets/make_screenshots.py [--engine auto|docker|embedded] [--all]

Walks lesson 2 with keys alone, over a real engine, to a passed checkpoint, in a home of its own, and
writes lesson.svg beside this file; with --all also the other panes, the light theme and a small
terminal. Nothing is drawn unless the checkpoint really passed. The images it built stay on the
engine, as they do for a learner: `fromscratch clean` removes them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
LESSON = "two-stages"
PATIENCE_SECONDS = 300.0
ANSWERS = {"MB": "5", "%": "97", "s": "10", "number": "1", "yes-no": "y", "choice": "1"}

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tutor.ui.app import TutorApp
    from tutor.ui.screens.lesson import LessonScreen


class Walk:
    """A learner who knows the way."""

    def __init__(self, app: TutorApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lesson(self) -> LessonScreen:
        """The screen, once it stands."""
        from tutor.ui.screens.lesson import LessonScreen

        return next(screen for screen in self.app.screen_stack if isinstance(screen, LessonScreen))

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a fact."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while not holds():
            if loop.time() > deadline:
                raise SystemExit(f"Waited in vain until {what}.")
            await asyncio.sleep(0.05)
        await self.pilot.pause()

    async def idle(self) -> None:
        """Wait for the end of what runs."""
        await self.until(lambda: self.lesson.work.name == "", "the work ended")

    async def press(self, *keys: str) -> None:
        """Press keys, and choose the first way to a base image when one is asked."""
        from tutor.ui.screens.base_choice import BaseChoiceScreen

        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.idle()
        while isinstance(self.app.screen, BaseChoiceScreen):
            await self.pilot.press("enter")
            await self.pilot.pause()
            await self.idle()

    async def answer(self) -> None:
        """Answer the question that NEXT asks."""
        question = self.lesson.session.view().next.predict
        assert question is not None
        await self.press("escape", "enter", *ANSWERS[question.unit.value])
        if question.unit.value not in {"yes-no", "choice"}:
            await self.press("enter")
        await self.press("2")

    async def to_the_checkpoint(self, answer: Path) -> None:
        """Every step with Enter; the right answer is typed when the second stage is asked for."""
        from tutor.session.view import NextKind

        right = (answer / "Dockerfile").read_text("utf-8")
        for _ in range(200):
            action = self.lesson.session.view().next
            match action.kind:
                case NextKind.CHECK:
                    return
                case NextKind.PREDICT:
                    await self.answer()
                case NextKind.QUIZ | NextKind.ORDER | NextKind.FILL:
                    await self.press("escape", "s")
                case NextKind.EDIT:
                    self.lesson.bench.editor.load_text(right)
                    await self.press("e", "escape", "enter")
                case _:
                    await self.press("enter")
        raise SystemExit(f"The checkpoint was not reached: NEXT says {action.label}")

    def draw(self, name: str) -> None:
        """Write what is on screen now."""
        path = ROOT / "assets" / name
        path.write_text(self.app.export_screenshot(title="fromscratch"), "utf-8")
        print(path.relative_to(ROOT))


async def walk(engine: str, *, everything: bool) -> None:
    """One run in a home of its own."""
    from tutor.core.progress import PassState
    from tutor.ui.app import TutorApp
    from tutor.wiring import Wiring

    wiring = Wiring(engine)  # type: ignore[arg-type]
    session = wiring.session()
    session.mark_tour_seen()
    answer = next(iter(sorted((session.course.find(LESSON).folder / "right").iterdir())))
    app = TutorApp(session, lesson=LESSON)
    async with app.run_test(size=(120, 36)) as pilot:
        hand = Walk(app, pilot)
        await hand.until(lambda: len(app.screen_stack) > 1, "the lesson opened")
        await hand.until(lambda: session.engine is not None, "an engine was found")
        await hand.to_the_checkpoint(answer)
        await hand.press("enter")
        state = hand.lesson.session.view().pass_state
        if state is not PassState.PASSED:
            hand.draw("failed.svg")
            raise SystemExit(f"The checkpoint did not pass: {state.value}. assets/failed.svg shows why.")
        hand.draw("lesson.svg")
        if everything:
            for key, name in (("2", "build.svg"), ("3", "sizes.svg"), ("4", "endpoints.svg")):
                await hand.press(key, "escape")
                hand.draw(name)
            await hand.press("6", "escape", "t")
            hand.draw("light.svg")
            await hand.press("t")
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            hand.draw("small.svg")
        await session.close()
    wiring.close()


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["auto", "docker", "embedded"], default="auto")
    parser.add_argument("--all", action="store_true", help="the other panes, the light theme, 80x24")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FROMSCRATCH_HOME"] = home
        os.environ.pop("NO_COLOR", None)
        asyncio.run(walk(arguments.engine, everything=arguments.all))


if __name__ == "__main__":
    main()
