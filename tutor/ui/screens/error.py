"""An error: what happened, where, and what to do now."""

from __future__ import annotations

from textual.content import Content

from tutor.core.errors import TutorError
from tutor.ui.screens.dialog import Dialog

RETRY = "retry"


def error_content(error: Exception) -> Content:
    """The three parts of an error. One that was not raised on purpose is ours, and says so."""
    if isinstance(error, TutorError):
        parts: list[tuple[str, str] | str] = [error.what.strip()]
        if error.where:
            parts += [("\n\nwhere  ", "$quiet"), error.where]
        if error.next_step:
            parts += [("\n\n→ ", "bold $accent"), error.next_step]
        return Content.assemble(*parts)
    return Content.assemble(
        "This is a fault of the tutor, not yours. Your files and your progress are safe.",
        ("\n\nwhat   ", "$quiet"),
        f"{type(error).__name__}: {error}",
        ("\n\n→ ", "bold $accent"),
        "Try again. To report it, start with  fromscratch --debug tutor.log  and send that file.",
    )


class ErrorScreen(Dialog):
    """Shows an error; answers :data:`RETRY` when that was offered and chosen."""

    def __init__(self, title: str, error: Exception, *, retry: str = "") -> None:
        buttons = [("close", "Close")]
        if retry:
            buttons.insert(0, (RETRY, retry))
        super().__init__(f"✗ {title}", error_content(error), buttons)
