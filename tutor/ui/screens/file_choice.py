"""Which file of the workspace the editor shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tutor.core.text import clean_line
from tutor.ui.screens import STYLES


class FileChoiceScreen(ModalScreen[str]):
    """Answers with the name of a file; empty to stay with the one that is shown."""

    CSS_PATH = STYLES / "file_choice.tcss"
    HELP = """\
    ## Files

    Every file of this lesson's folder. Enter opens one in the editor; Escape goes back.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f,q", "leave", "Back", id="file-choice-back", tooltip="Back to the lesson."),
    ]

    def __init__(self, names: Sequence[str], shown: str) -> None:
        super().__init__()
        self._names = tuple(names)
        self._shown = shown

    def compose(self) -> ComposeResult:
        """The names."""
        with Vertical(id="file-box") as box:
            box.border_title = "Your files"
            box.border_subtitle = "Enter opens · Esc goes back"
            rows = (
                Option(Content(clean_line(name)), id=str(index)) for index, name in enumerate(self._names)
            )
            yield OptionList(*rows, id="file-list", markup=False)

    def on_mount(self) -> None:
        """Begin at the file that is shown."""
        files = self.query_one("#file-list", OptionList)
        files.highlighted = self._names.index(self._shown) if self._shown in self._names else 0
        files.focus()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """A file was chosen."""
        event.stop()
        self.dismiss(self._names[event.option_index])

    def action_leave(self) -> None:
        """Stay with the file that is shown."""
        self.dismiss("")
