"""The full-screen demo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from tutor.core.errors import TutorError
from tutor.ui.binding import HELP_BINDING, key
from tutor.ui.demo_console import ConsolePlan, DemoConsole
from tutor.ui.hang_up import PERIOD_SECONDS, terminal_is_gone, watch_for_signals
from tutor.ui.screens.demo import DemoScreen
from tutor.ui.screens.demo_run import no_recording
from tutor.ui.theme import DARK, THEMES, fallback_variables, other

if TYPE_CHECKING:
    from textual.driver import Driver

    from tutor.session.demo_moment import Show

CLOSE_SECONDS = 10.0


class DemoApp(App[None]):
    """Opens one demo and leaves nothing running."""

    TITLE = "FROM scratch"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        HELP_BINDING,
        key("t", "app.toggle_theme", "Light or dark", "Change between the light and the dark theme."),
        key("q", "app.leave", "Quit", "Stop what runs, and leave.", show=True),
        Binding(
            "ctrl+c", "leave", "Quit", show=False, id="demo-interrupt", tooltip="Stop what runs, and leave."
        ),
    ]

    def __init__(
        self,
        show: Show,
        *,
        close: Callable[[], Awaitable[None]],
        mask: Callable[[str], str] = str,
        fallback: Callable[[int], Awaitable[Show | None]] = no_recording,
        shell: Callable[[], None] | None = None,
        console: ConsolePlan | None = None,
        theme: str = DARK,
        watches_terminal: bool = True,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """``shell`` runs a shell and returns when it is left; None where there is no workspace.

        Without ``console`` no presenter's console can come.
        """
        super().__init__(driver_class=driver_class)
        self._watches_terminal = watches_terminal
        self._close = close
        self.console_desk = None if console is None else DemoConsole(console, show, mask)
        desk = self.console_desk
        if desk is None:
            self.demo = DemoScreen(show, mask=mask, fallback=fallback, shell=shell)
        else:
            self.demo = DemoScreen(
                show,
                mask=mask,
                fallback=fallback,
                shell=desk.given_away(shell) if shell else None,
                on_change=desk.changed,
                invite=desk.invite,
            )
            desk.attach(self.demo)
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def on_mount(self) -> None:
        """Show the first step."""
        self.push_screen(self.demo)
        if self._watches_terminal and not self.is_headless:
            watch_for_signals(self.action_leave)
            self.set_interval(PERIOD_SECONDS, self._look_for_terminal)

    async def on_unmount(self) -> None:
        """However it ends: nothing listens any more."""
        if self.console_desk is not None:
            await self.console_desk.close()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of our own variables under a theme that is not ours."""
        return fallback_variables(self.current_theme)

    @property
    def console_driver(self) -> Driver | None:
        """What the screen is drawn on; None while it does not run."""
        return self._driver

    def _look_for_terminal(self) -> None:
        if terminal_is_gone():
            self.action_leave()

    def action_toggle_theme(self) -> None:
        """Light or dark."""
        self.theme = other(self.theme)

    def action_help(self) -> None:
        """Every key."""
        from tutor.ui.screens.help import HelpScreen, screen_help

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(screen_help(self, self.demo))

    def action_leave(self) -> None:
        """Stop what runs, remove the container, and leave."""
        self.run_worker(self._leave(), group="quit", exclusive=True, exit_on_error=False)

    async def _leave(self) -> None:
        await self.demo.work.close()
        if self.console_desk is not None:
            await self.console_desk.close()
        with contextlib.suppress(TimeoutError, TutorError):
            await asyncio.wait_for(self._close(), CLOSE_SECONDS)
        self.exit()
