"""The tour of the first start: four short screens, skipped with Escape."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tutor.ui.screens import STYLES

PAGES: tuple[tuple[str, Content], ...] = (
    (
        "From 300 MB to 5 MB",
        Content.assemble(
            "You take one small web service, written in Go, from a container image of about 300 MB to one of "
            "about 5 MB, and see every byte of the way.\n\n"
            "Everything on screen is real: the builds run on your machine, the sizes are measured, the "
            "endpoints answer. Nothing is canned."
        ),
    ),
    (
        "One key: Enter",
        Content.assemble(
            "The line marked ",
            (" NEXT ", "bold $accent"),
            " always holds the one thing that comes next: predict, build, run, ask, check, read on.\n\n",
            ("Enter", "bold $accent"),
            " does it. Everything else is a choice. A question before a build asks for a guess; ",
            ("s", "bold $accent"),
            " skips it, and a wrong guess costs nothing: it is how one notices.",
        ),
    ),
    (
        "Your Dockerfile",
        Content.assemble(
            ("e", "bold $accent"),
            " edits it, ",
            ("Esc", "bold $accent"),
            " leaves it, ",
            ("E", "bold $accent"),
            " opens it in your own editor. It is an ordinary file in an ordinary folder.\n\n",
            ("b", "bold $accent"),
            " builds, ",
            ("r", "bold $accent"),
            " runs, ",
            ("p", "bold $accent"),
            " asks the endpoints. The real command is always shown, so that you can do the same by hand.",
        ),
    ),
    (
        "Checks that explain",
        Content.assemble(
            ("c", "bold $accent"),
            " grades what you really built. A check that fails says what was expected, what was found, "
            "where, and the next place to look; ",
            ("h", "bold $accent"),
            " gives a hint, a small one first.\n\n",
            ("?", "bold $accent"),
            " lists all keys, ",
            (":", "bold $accent"),
            " finds any action by name, ",
            ("q", "bold $accent"),
            " leaves. You come back to this very step.",
        ),
    ),
)


class TourScreen(ModalScreen[None]):
    """Four pages."""

    CSS_PATH = STYLES / "modal.tcss"
    AUTO_FOCUS = "#tour-next"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,s", "leave", "Skip", id="tour-skip", tooltip="Skip the tour; the palette shows it again."
        ),
        Binding("right,n,space", "turn(1)", "Next", id="tour-next-page", tooltip="The next page."),
        Binding("left", "turn(-1)", "Back", id="tour-previous-page", tooltip="The page before."),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._page = 0

    def compose(self) -> ComposeResult:
        """Text above, buttons below."""
        with Vertical(classes="dialog", id="tour-box"):
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(classes="dialog-text", id="tour-text", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Skip", id="tour-skip")
                yield Button("Next", id="tour-next")

    def on_mount(self) -> None:
        """Show the first page."""
        self._show()

    def _show(self) -> None:
        title, body = PAGES[self._page]
        box = self.query_one("#tour-box")
        box.border_title = title
        box.border_subtitle = "  ".join("●" if page == self._page else "○" for page in range(len(PAGES)))
        self.query_one("#tour-text", Static).update(body)
        last = self._page == len(PAGES) - 1
        self.query_one("#tour-next", Button).label = "Begin" if last else "Next"
        self.query_one("#tour-skip").display = not last

    def action_turn(self, pages: int) -> None:
        """Turn pages; after the last one the course begins."""
        if self._page + pages >= len(PAGES):
            self.dismiss(None)
            return
        self._page = max(0, self._page + pages)
        self._show()

    def action_leave(self) -> None:
        """Skip the rest."""
        self.dismiss(None)

    @on(Button.Pressed, "#tour-next")
    def turn(self, event: Button.Pressed) -> None:
        """The button turns the page."""
        event.stop()
        self.action_turn(1)

    @on(Button.Pressed, "#tour-skip")
    def skip(self, event: Button.Pressed) -> None:
        """The button skips."""
        event.stop()
        self.action_leave()
