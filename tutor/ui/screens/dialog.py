"""What all modals share: a titled box with text and buttons in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tutor.ui.screens import STYLES


class Dialog(ModalScreen[str]):
    """Asks, and answers with the id of the button. Escape answers with an empty text."""

    CSS_PATH = STYLES / "modal.tcss"
    AUTO_FOCUS = "Button"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", id="dialog-close", tooltip="Close without choosing."),
        Binding("left,up", "app.focus_previous", "Previous", show=False, id="dialog-previous"),
        Binding("right,down", "app.focus_next", "Next", show=False, id="dialog-next"),
    ]

    def __init__(
        self, title: str, body: Content, buttons: Sequence[tuple[str, str]], *, subtitle: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._body = body
        self._buttons = buttons
        self._subtitle = subtitle

    def compose(self) -> ComposeResult:
        """Text above, buttons below; the first button has the focus."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(self._subtitle)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(self._body, classes="dialog-text", markup=False)
            with Horizontal(classes="dialog-buttons"):
                for answer, label in self._buttons:
                    yield Button(Content(label), id=answer)

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        event.stop()
        self.dismiss(event.button.id or "")

    def action_leave(self) -> None:
        """Close without choosing."""
        self.dismiss("")
