"""The full-screen tutor."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType

from tutor.core.errors import TutorError
from tutor.ui.binding import APP_BINDINGS
from tutor.ui.hang_up import PERIOD_SECONDS, terminal_is_gone, watch_for_signals
from tutor.ui.screens.lesson import LessonScreen
from tutor.ui.theme import DARK, THEMES, fallback_variables, other

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.screen import Screen

    from tutor.core.lesson import Lesson
    from tutor.session.course import CourseSession

logger = logging.getLogger(__name__)

TWICE_SECONDS = 5.0
"""Ctrl+C pressed again within this time quits."""

CLOSE_SECONDS = 10.0
"""How long containers may take to stop when the tutor is left."""


class TutorApp(App[None]):
    """Opens a lesson and keeps the way out clean: typed text saved, work stopped, containers removed."""

    TITLE = "FROM scratch"
    BINDINGS: ClassVar[list[BindingType]] = APP_BINDINGS
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self, session: CourseSession, *, lesson: str | None = None, theme: str | None = None
    ) -> None:
        super().__init__()
        self.session = session
        self._first = lesson
        self._chosen_theme = theme
        self._lesson_screen: LessonScreen | None = None
        self._interrupted_at = 0.0
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme or DARK

    async def on_mount(self) -> None:
        """Open the lesson; what cannot be opened at all ends the tutor with a word on why."""
        try:
            self._restore_theme()
            await self._show_lesson(self._first or self.session.resume_slug())
            seen = self.session.tour_seen()
        except TutorError as error:
            logger.exception("the course cannot be opened")
            self.exit(return_code=error.exit_code, message=str(error))
            return
        if not seen:
            self.call_after_refresh(self.action_tour)
        else:
            self.call_after_refresh(self._welcome_back)
        if not self.is_headless:
            watch_for_signals(self._leave)
            self.set_interval(PERIOD_SECONDS, self._look_for_terminal)

    def first_picture_stands(self) -> None:
        """Collect garbage again, without ever looking at what the start left: it stays to the end.

        Starting makes some hundred thousand objects and drops few. Looking through them again and
        again costs a fifth of the start, and later a stall each time.
        """
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def _restore_theme(self) -> None:
        stored = self.session.setting("theme")
        if self._chosen_theme is None and stored in self.available_themes:
            self.theme = stored
        self.theme_changed_signal.subscribe(
            self, lambda theme: self.session.save_setting("theme", theme.name)
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of our own variables under a theme that is not ours."""
        return fallback_variables(self.current_theme)

    def on_unmount(self) -> None:
        """However it ends, garbage is collected again."""
        self.first_picture_stands()

    def _welcome_back(self) -> None:
        """What became of the stored progress, then a minute of review when one is due."""
        for notice in self.session.notices:
            self.notify(notice, title="Your progress", severity="warning", timeout=30, markup=False)
        self.run_worker(self._review(at_start=True), group="review", exit_on_error=False)

    async def action_review(self) -> None:
        """A minute of recall, when something is due."""
        await self._review(at_start=False)

    async def _review(self, *, at_start: bool) -> None:
        from tutor.ui.screens.review import DRILL_CHOICE, ReviewScreen

        book = self.session.reviews
        questions = await asyncio.to_thread(book.due)
        if not questions or (at_start and self.screen is not self._lesson_screen):
            if not at_start and self._lesson_screen is not None:
                self._lesson_screen.say("Nothing is due for review.")
            return

        def left(answer: str | None) -> None:
            if answer and answer.startswith(DRILL_CHOICE):
                self.run_worker(
                    self._drill(answer.removeprefix(DRILL_CHOICE)),
                    group="open",
                    exclusive=True,
                    exit_on_error=False,
                )

        self.push_screen(ReviewScreen(questions, book), left)

    async def _drill(self, slug: str) -> None:
        await self._guarded(slug)
        if self._lesson_screen is not None and self._lesson_screen.session.lesson.slug == slug:
            await self._lesson_screen.action_drill()

    # Lessons.

    async def _show_lesson(self, slug: str) -> None:
        before = self._lesson_screen
        if before is not None:
            # What was typed and cannot be saved stays on the screen: the error says why.
            if not before.save():
                return
            await before.work.settle()
        opened = await self.session.open(slug)
        screen = self._lesson_screen = LessonScreen(self.session, opened)
        if before is None:
            await self.push_screen(screen)
        else:
            await self.switch_screen(screen)

    def open_lesson(self, slug: str) -> None:
        """Go to another lesson."""
        self.run_worker(self._guarded(slug), group="open", exclusive=True, exit_on_error=False)

    async def _guarded(self, slug: str) -> None:
        from tutor.ui.screens.error import ErrorScreen

        try:
            await self._show_lesson(slug)
        except TutorError as error:
            self.push_screen(ErrorScreen("The lesson cannot be opened", error))

    def open_lesson_after(self, lesson: Lesson) -> None:
        """Go on to the next lesson."""
        following = self.session.lesson_after(lesson)
        if following is not None:
            self.open_lesson(following.slug)

    # Actions.

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Of Textual's own commands those that ours do not cover."""
        if screen.is_modal:
            return
        yield SystemCommand("Choose a theme", "Any of the themes there are", self.action_change_theme)
        yield SystemCommand("Screenshot", "Save this screen as an SVG file", self.deliver_screenshot)

    def action_toggle_theme(self) -> None:
        """Light or dark; kept for the next start."""
        self.theme = other(self.theme)

    def action_help(self) -> None:
        """Keys and text."""
        from tutor.ui.screens.help import HelpScreen, course_help

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(course_help())

    def action_tour(self) -> None:
        """The four screens of the first start."""
        from tutor.ui.screens.tour import TourScreen

        self.push_screen(TourScreen(), lambda _: self.session.mark_tour_seen())

    def action_help_quit(self) -> None:
        """Ctrl+C: once says how to leave, twice leaves."""
        now = monotonic()
        if now - self._interrupted_at <= TWICE_SECONDS:
            self.run_worker(self.action_quit(), group="quit", exit_on_error=False)
            return
        self._interrupted_at = now
        text = "Press Ctrl+C again to quit, or Esc to stop what runs."
        if self._lesson_screen is not None and self._lesson_screen.is_current:
            self._lesson_screen.say(text)
        else:
            self.notify(text, timeout=TWICE_SECONDS, markup=False)

    async def action_quit(self) -> None:
        """Leave. Asks first while something runs."""
        from tutor.ui.screens.confirm import YES, ConfirmScreen

        screen = self._lesson_screen
        if isinstance(self.screen, ConfirmScreen):
            return
        if screen is None or not screen.work.is_busy:
            self._leave()
            return

        def answered(answer: str | None) -> None:
            if answer == YES:
                self._leave()

        self.push_screen(
            ConfirmScreen(
                "Quit now?",
                f"Still under way: {screen.work.name.lower()}. It will be stopped; nothing of it is left.",
                yes="Stop and quit",
                no="Stay",
            ),
            answered,
        )

    def _look_for_terminal(self) -> None:
        if terminal_is_gone():
            self._leave()

    def _leave(self) -> None:
        self.run_worker(self._close(), group="quit", exclusive=True, exit_on_error=False)

    async def _close(self) -> None:
        screen = self._lesson_screen
        if screen is not None:
            # Text that cannot be saved keeps the tutor open: the error says why.
            if not screen.save():
                return
            await screen.work.settle()
        with contextlib.suppress(TimeoutError):
            try:
                await asyncio.wait_for(self.session.close(), CLOSE_SECONDS)
            except TutorError:
                logger.exception("the engine was not left cleanly")
        self.exit()
