"""The presenter's console as a program of its own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from tutor.ui.binding import HELP_BINDING, key
from tutor.ui.hang_up import PERIOD_SECONDS, terminal_is_gone, watch_for_signals
from tutor.ui.screens.console import ConsoleScreen
from tutor.ui.theme import DARK, THEMES, fallback_variables, other


class ConsoleApp(App[None]):
    """One screen. What it does to a demo goes over the line only, so it can go away at any time."""

    TITLE = "FROM scratch"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        HELP_BINDING,
        key("t", "app.toggle_theme", "Light or dark", "Change between the light and the dark theme."),
        key("q", "app.leave", "Quit", "Leave the console; the demo goes on.", show=True),
        Binding(
            "ctrl+c",
            "leave",
            "Quit",
            show=False,
            priority=True,
            id="console-interrupt",
            tooltip="Leave the console, also from the line at the bottom.",
        ),
    ]

    def __init__(self, pointer: Path, *, theme: str = DARK) -> None:
        """``pointer`` is the file that tells where the demo is."""
        super().__init__()
        self.console_screen = ConsoleScreen(pointer)
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def on_mount(self) -> None:
        """Ask for the code."""
        self.push_screen(self.console_screen)
        if not self.is_headless:
            watch_for_signals(self.exit)
            self.set_interval(PERIOD_SECONDS, self._look_for_terminal)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of our own variables under a theme that is not ours."""
        return fallback_variables(self.current_theme)

    def _look_for_terminal(self) -> None:
        if terminal_is_gone():
            self.exit()

    def action_toggle_theme(self) -> None:
        """Light or dark."""
        self.theme = other(self.theme)

    def action_help(self) -> None:
        """Every key."""
        from tutor.ui.screens.help import HelpScreen, screen_help

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(screen_help(self, self.console_screen))

    def action_leave(self) -> None:
        """The demo goes on."""
        self.exit()
