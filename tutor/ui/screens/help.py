"""Help: how a screen works, and every key, read off the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import cleandoc
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Markdown, Static

from tutor.ui.binding import APP_BINDINGS, LESSON_BINDINGS
from tutor.ui.screens import STYLES

_ABOUT = """\
Enter does what NEXT says. Letters act everywhere except in the editor and in inputs; Escape leaves \
those. Tab moves between panes, and everything can be clicked.

Signs:  ✓ good   ✗ failed   ● running   ■ stopped   ? could not be judged   · waits   ≈ still to be measured
Dots:   ● passed   ◐ begun   ○ open   ◉ passed, edited since   ✗ fails now   ◌ not verifiable now
Sizes are unpacked bytes; MB is 1 000 000 bytes, as Docker prints it. * stands on a stand-in base."""

_TWICE = Binding("ctrl+c", "help_quit", "Quit", tooltip="Copy what is selected; pressed twice, quit.")

_KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "space": "Space",
    "backspace": "Backspace",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "escape": "Esc",
    "enter": "Enter",
    "ctrl+c": "Ctrl+C",
    "ctrl+z": "Ctrl+Z",
    "ctrl+y": "Ctrl+Y",
    "ctrl+r": "Ctrl+R",
}


def key_names(keys: str) -> str:
    """``b,f5`` as ``b F5``."""
    return " ".join(
        _KEY_NAMES.get(key, key.upper() if key.startswith("f") and key[1:].isdigit() else key)
        for key in keys.split(",")
    )


def key_table(title: str, bindings: Iterable[BindingType]) -> Content:
    """Keys with what they do."""
    parts: list[tuple[str, str] | str] = [(f"{title}\n", "bold $primary")]
    rows = [
        (key_names(each.key), each.tooltip or each.description)
        for each in bindings
        if isinstance(each, Binding)
    ]
    width = max(13, *(len(keys) for keys, _ in rows)) + 1
    for keys, what in rows:
        parts += [(f"  {keys:<{width}}", "bold $accent"), f"{what}\n"]
    return Content.assemble(*parts)


class HelpScreen(ModalScreen[None]):
    """One page of text above tables of keys; any of the leaving keys closes it."""

    CSS_PATH = STYLES / "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark,f1",
            "dismiss",
            "Close",
            id="help-close",
            tooltip="Back to where I was.",
        ),
    ]

    def __init__(self, about: Widget, tables: Sequence[tuple[str, Iterable[BindingType]]]) -> None:
        super().__init__()
        self._about = about
        self._tables = tables

    def compose(self) -> ComposeResult:
        """Everything in one scroll."""
        with VerticalScroll(id="help-box") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield self._about
            for title, bindings in self._tables:
                yield Static(key_table(title, bindings), markup=False)


def course_help() -> HelpScreen:
    """Of the course: the lesson, its panes, and the app."""
    from tutor.ui.widgets.dockerfile_editor import DockerfileEditor
    from tutor.ui.widgets.endpoint_pane import EndpointPane
    from tutor.ui.widgets.sizes_pane import SizesPane

    return HelpScreen(
        Static(Content(_ABOUT), id="help-about", markup=False),
        (
            ("Everywhere but in the editor", LESSON_BINDINGS),
            ("Anywhere", (*APP_BINDINGS, _TWICE)),
            ("In the editor", DockerfileEditor.BINDINGS),
            ("In the sizes", SizesPane.BINDINGS),
            ("In the endpoints", EndpointPane.BINDINGS),
        ),
    )


def screen_help(app: App[Any], screen: Screen[Any]) -> HelpScreen:
    """Of a program with one screen: what that says of itself, and all keys."""
    return HelpScreen(Markdown(cleandoc(screen.HELP or "")), (("Keys", (*screen.BINDINGS, *app.BINDINGS)),))
