"""Help: how the tutor works, and every key, read off the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

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
    for binding in bindings:
        if isinstance(binding, Binding):
            what = binding.tooltip or binding.description
            parts += [(f"  {key_names(binding.key):<14}", "bold $accent"), f"{what}\n"]
    return Content.assemble(*parts)


class HelpScreen(ModalScreen[None]):
    """One page of text; any of the leaving keys closes it."""

    CSS_PATH = STYLES / "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark,f1", "dismiss", "Close", id="help-close", tooltip="Back to the lesson."
        ),
    ]

    def compose(self) -> ComposeResult:
        """Everything in one scroll."""
        from tutor.ui.widgets.dockerfile_editor import DockerfileEditor
        from tutor.ui.widgets.endpoint_pane import EndpointPane
        from tutor.ui.widgets.sizes_pane import SizesPane

        with VerticalScroll(id="help-box") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Static(Content(_ABOUT), id="help-about", markup=False)
            yield Static(key_table("Everywhere but in the editor", LESSON_BINDINGS), markup=False)
            yield Static(key_table("Anywhere", (*APP_BINDINGS, _TWICE)), markup=False)
            yield Static(key_table("In the editor", DockerfileEditor.BINDINGS), markup=False)
            yield Static(key_table("In the sizes", SizesPane.BINDINGS), markup=False)
            yield Static(key_table("In the endpoints", EndpointPane.BINDINGS), markup=False)
