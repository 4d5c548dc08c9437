"""The Dockerfile, or a file beside it, as the learner edits it."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from tutor.core.text import clean_line
from tutor.ui import highlight
from tutor.ui.message import EditorLeft

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(32) if code != 9} | {0x7F: 0x2421, 0x9B: 0xFFFD}


def rich_style(*, color: str = "", bgcolor: str = "") -> Style:
    """A style for TextArea from theme variables, which may name a colour of the terminal's own."""
    return Style(
        color=Color.parse(color).rich_color if color else None,
        bgcolor=Color.parse(bgcolor).rich_color if bgcolor else None,
    )


class DockerfileEditor(TextArea):
    """A code editor that knows what lies on disk, so that no version of the text is ever lost."""

    HELP = """\
    ## Dockerfile

    Type freely: the file is saved when you leave the editor, and before every build, run and check.
    Escape leaves the editor; then letters are keys again.
    When another program changes the file, the editor takes the change. If you typed meanwhile, your
    text stays and the other version is one undo (Ctrl+Z) away.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave editor", id="editor-leave", tooltip="Save and leave the editor."),
        Binding("ctrl+z", "undo", "Undo", id="editor-undo", tooltip="Take back the last change."),
        Binding("ctrl+y", "redo", "Redo", id="editor-redo", tooltip="Make the change again."),
        Binding(
            "ctrl+r",
            "take_other",
            "Take the other version",
            id="editor-take-other",
            show=False,
            tooltip="Replace the text by the one another program wrote; undo brings yours back.",
        ),
    ]

    class Opened(Message):
        """Another file is shown; ``name`` is its path in the workspace."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__(
            "", soft_wrap=False, show_line_numbers=True, tab_behavior="indent", theme="css", id="editor"
        )
        self.indent_width = 4
        self._on_disk = ""
        self._other: str | None = None
        self._error_line = 0
        self._coloured: list[list[tuple[int, int, str]]] = []
        self._coloured_text: str | None = None
        self.file = "Dockerfile"
        """The name of what is shown."""
        self._colours_ready = False

    def on_mount(self) -> None:
        """Colour once the first picture stands: loading the lexer takes longer than drawing it."""
        self.border_title = Content(clean_line(self.file))
        self.app.theme_changed_signal.subscribe(self, lambda _: self._follow_theme())
        self.call_after_refresh(self._start_colouring)

    def _start_colouring(self) -> None:
        self._colours_ready = True
        self._follow_theme()

    def _follow_theme(self) -> None:
        # Backgrounds only: the styles TextArea takes from CSS would paint over the colours of the text.
        variables = self.app.theme_variables
        name = f"scratch-{self.app.theme}"
        self.register_theme(
            TextAreaTheme(
                name,
                cursor_line_style=rich_style(bgcolor=variables["surface"]),
                selection_style=rich_style(bgcolor=variables["selection-line"]),
            )
        )
        self.theme = name
        self.notify_style_update()
        self.refresh()

    # What is shown.

    def get_line(self, line_index: int) -> Text:
        """One line with its colours. TextArea documents this method as the place to style text."""
        # Another program may have written control characters; a terminal would obey them.
        line = Text(self.document.get_line(line_index).translate(_CONTROL_PICTURES), end="", no_wrap=True)
        if self._colours_ready:
            variables = self.app.theme_variables
            for start, end, variable in self._line_spans(line_index):
                line.stylize(rich_style(color=variables[variable]), start, end)
        if line_index + 1 == self._error_line:
            line.stylize(Style(underline=True))
        return line

    def _line_spans(self, line_index: int) -> list[tuple[int, int, str]]:
        if self._coloured_text != self.text:
            self._coloured_text = self.text
            self._coloured = highlight.line_spans(self.text, highlight.language_of(self.file))
        return self._coloured[line_index] if line_index < len(self._coloured) else []

    def mark_error(self, line: int | None) -> None:
        """Underline the line a build stumbled over; None or 0 takes the mark away."""
        if line and self.file != "Dockerfile":
            return
        if (line or 0) != self._error_line:
            self._error_line = line or 0
            self.notify_style_update()
            self.refresh()
        if line and not self.has_focus:
            self.move_cursor((min(line, self.document.line_count) - 1, 0))
        self._tell_state()

    def _tell_state(self) -> None:
        if self._other is not None:
            self.border_subtitle = "changed outside too: Ctrl+R takes that, saving keeps yours"
        elif self._error_line:
            self.border_subtitle = f"the build stopped at line {self._error_line}"
        else:
            self.border_subtitle = "not saved yet" if self.is_dirty else ""

    # What lies on disk.

    @property
    def is_dirty(self) -> bool:
        """Whether there is text that is not on disk."""
        return self.text != self._on_disk

    @property
    def has_other_version(self) -> bool:
        """Whether another program wrote the file while there was text that was not saved."""
        return self._other is not None

    def open_text(self, text: str, name: str) -> None:
        """Show another file: history and marks go."""
        self.file = name
        # Somebody else's file may be called anything, brackets and control characters included.
        self.border_title = Content(clean_line(name))
        self._coloured_text = None
        self.post_message(self.Opened(name))
        self._on_disk = text
        self._other = None
        self._error_line = 0
        self.load_text(text)
        # What TextArea gives back is what it would save: line ends may differ from the file's.
        self._on_disk = self.text
        self._tell_state()

    def take_disk(self, text: str) -> bool:
        """Note what another program wrote. True when it is shown now; False when the learner's text stays."""
        if text in {self._on_disk, self.text}:
            self._on_disk = text
            self._other = None
            self._tell_state()
            return False
        if self.is_dirty:
            self._other = text
            self._tell_state()
            return False
        self._on_disk = text
        self._other = None
        self._replace_all(text)
        return True

    def saved(self) -> None:
        """The text as it is now lies on disk. The other version, if any, is one undo away."""
        if self._other is not None:
            mine, other, here = self.text, self._other, self.cursor_location
            self._other = None
            self._replace_all(other)
            self._replace_all(mine)
            self.move_cursor(here)
        self._on_disk = self.text
        self._tell_state()

    def action_take_other(self) -> None:
        """Take the version another program wrote."""
        if self._other is None:
            self.notify("No other program changed the file.", markup=False)
            return
        text, self._other = self._other, None
        self._on_disk = text
        self._replace_all(text)

    def _replace_all(self, text: str) -> None:
        here = self.cursor_location
        self.history.checkpoint()
        self.replace(text, self.document.start, self.document.end, maintain_selection_offset=False)
        self.history.checkpoint()
        row = min(here[0], self.document.line_count - 1)
        self.move_cursor((row, min(here[1], len(self.document.get_line(row)))))
        self._tell_state()

    # Keys.

    async def on_key(self, event: events.Key) -> None:
        """Escape is left to the binding: TextArea would move the focus instead."""
        if event.key == "escape":
            event.prevent_default()

    def action_leave(self) -> None:
        """Save and leave."""
        self.post_message(EditorLeft(by_key=True))

    def on_blur(self) -> None:
        """A click elsewhere leaves the editor too."""
        self.post_message(EditorLeft(by_key=False))

    def on_text_area_changed(self) -> None:
        """Typing takes the mark of a failed build away."""
        if self.is_dirty and self._error_line:
            self._error_line = 0
            self.notify_style_update()
        self._tell_state()
