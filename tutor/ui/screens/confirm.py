"""Asks before something that cannot be taken back by itself."""

from __future__ import annotations

from textual.content import Content

from tutor.ui.screens.dialog import Dialog

YES = "yes"


class ConfirmScreen(Dialog):
    """Answers :data:`YES`, or anything else for no. The harmless button has the focus."""

    def __init__(self, title: str, text: str, *, yes: str, no: str = "Cancel") -> None:
        super().__init__(title, Content(text), (("no", no), (YES, yes)))
