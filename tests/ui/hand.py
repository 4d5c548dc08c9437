"""A learner's hands and eyes: presses keys, clicks, waits for what is visible, reads the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from tests import patience
from tutor.ui.app import TutorApp
from tutor.ui.screens.lesson import LessonScreen

PATIENCE_SECONDS = 10.0


def screen_text(app: App[Any]) -> str:
    """What is visible, as plain lines."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


class Hand:
    """Drives one app."""

    def __init__(
        self, app: TutorApp, pilot: Pilot[Any], workspace: Path, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.app = app
        self._patience_seconds = patience_seconds
        self.pilot = pilot
        self.workspace = workspace

    @property
    def text(self) -> str:
        """What is visible now."""
        return screen_text(self.app)

    @property
    def is_open(self) -> bool:
        """Whether the lesson stands on screen."""
        return any(isinstance(screen, LessonScreen) and screen.is_mounted for screen in self.app.screen_stack)

    @property
    def lesson(self) -> LessonScreen:
        """The lesson screen, also when a dialog lies on it."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, LessonScreen))

    @property
    def dockerfile(self) -> str:
        """The file on disk."""
        return (self.workspace / "Dockerfile").read_text()

    async def press(self, *keys: str) -> None:
        """Press keys and let the app take them in."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type text."""
        await self.press(*("enter" if character == "\n" else character for character in text))

    async def click(self, selector: str, offset: tuple[int, int] | None = None) -> None:
        """Click on a widget."""
        hit = await self.pilot.click(selector, offset=offset) if offset else await self.pilot.click(selector)
        assert hit, f"the click missed {selector}"
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool], patience_seconds: float | None = None) -> None:
        """Wait for a fact."""
        await self.pilot.pause()
        seconds = patience_seconds or self._patience_seconds
        await patience.until(holds, lambda: self.text, patience_seconds=seconds)

    async def see(self, *words: str) -> str:
        """Wait until all of this is visible; the screen's text."""
        await self.until(lambda: all(word in self.text for word in words))
        return self.text

    async def idle(self) -> None:
        """Wait until no work runs and the engine was looked for."""
        await self.until(
            lambda: (
                self.lesson.work.name == ""
                and not any(w.group == "engine" and not w.is_finished for w in self.app.workers)
            )
        )

    async def rest(self) -> None:
        """End watchers, so that nothing of a test outlives it."""
        await self.app.session.close()
