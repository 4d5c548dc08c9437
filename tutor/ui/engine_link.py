"""The engine as the lesson screen knows it: looked for in the background, shown, looked for again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.core.errors import TutorError
from tutor.ui.screens.error import RETRY, ErrorScreen

if TYPE_CHECKING:
    from tutor.session.course import CourseSession
    from tutor.ui.screens.lesson_desk import LessonDesk

logger = logging.getLogger(__name__)


class EngineLink:
    """Connects without keeping the first picture waiting, and says what was found."""

    def __init__(self, screen: LessonDesk, course: CourseSession) -> None:
        self._screen = screen
        self._course = course
        self._fault: Exception | None = None

    def show(self) -> None:
        """Name the engine in the status line."""
        info = self._course.engine_info
        line = self._screen.status_line
        if info is not None and self._fault is None:
            line.show_engine(info.name, found=True)
        elif self._fault is not None:
            line.show_engine("no engine: click, or : Look for an engine", found=False)
        else:
            line.show_engine("looking for an engine…", found=None)

    def begin(self) -> None:
        """Look for an engine in the background, unless one is there."""
        self._fault = None
        self.show()
        self._screen.run_worker(
            self._connect(), group="engine", exclusive=True, exit_on_error=False, name="look for an engine"
        )

    async def _connect(self) -> None:
        try:
            if self._course.engine_info is None or self._course.engine_lost:
                await self._course.connect()
        except Exception as error:
            if not isinstance(error, TutorError):
                logger.exception("looking for an engine ended in an error that is ours")
            self._fault = error
            self.show()
            what = error.what if isinstance(error, TutorError) else str(error)
            self._screen.say(f"No engine: {what} You can read and edit meanwhile.", "error")
        else:
            self._fault = None
            self.show()
            self._screen.engine_found()
        await self._screen.refresh_view()

    def lost(self) -> None:
        """The engine stopped answering: look again."""
        self._course.engine_lost = True
        self._screen.say("The engine stopped answering. Looking for it again.", "warning")
        self.begin()

    def tell(self) -> None:
        """Say everything that is known of the engine, or why there is none."""
        if self._fault is not None:
            self._screen.app.push_screen(
                ErrorScreen("No engine", self._fault, retry="Look again"), self._answered
            )
            return
        info = self._course.engine_info
        if info is None:
            self._screen.say("Still looking for an engine.")
            return
        from tutor.ui.screens.dialog import Dialog

        parts: list[tuple[str, str] | str] = []
        for label, value in (
            ("builds with", info.builder),
            ("keeps images in", info.store),
            ("answers at", info.endpoint),
            ("isolation", info.isolation),
            ("architecture", info.architecture),
            ("grades", "count" if info.official else "are for practice"),
        ):
            if value:
                parts += [(f"{label:>16}  ", "$quiet"), f"{value}\n"]
        parts += [f"\n{note}" for note in info.notes]
        self._screen.app.push_screen(Dialog(info.name, Content.assemble(*parts), (("close", "Close"),)))

    def _answered(self, answer: str | None) -> None:
        if answer == RETRY:
            self.begin()
