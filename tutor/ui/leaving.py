"""Drawing that is overtaken by the learner leaving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textual.app import App
from textual.css.query import NoMatches
from textual.widget import MountError


@contextmanager
def unless_leaving(app: App[None]) -> Iterator[None]:
    """Draw something in several turns; once the app was told to exit, widgets that are gone are no fault.

    Raises:
        NoMatches, MountError: a widget is missing though the app goes on.
    """
    try:
        yield
    except (NoMatches, MountError):
        if app.return_code is None:
            raise
