"""A list whose Enter does what comes next, like anywhere else: choosing is done by moving."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class PaneList(OptionList):
    """Up, down and clicks choose a row; a chosen row is shown at once, so there is nothing to confirm."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.proceed", "NEXT", show=False, tooltip="Do what comes next.")
    ]

    def action_select(self) -> None:
        """A click calls this after moving the highlight: that was all."""
