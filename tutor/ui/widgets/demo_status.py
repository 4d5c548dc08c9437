"""The line at the top of a demo; a recording bears its badge here for as long as it is shown."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

REPLAY_BADGE = " REPLAY "


class DemoStatus(Horizontal):
    """Lesson, step, badge and engine."""

    def __init__(self) -> None:
        super().__init__(id="demo-status")

    def compose(self) -> ComposeResult:
        """From left to right."""
        yield Static(id="demo-title", markup=False)
        yield Static(id="demo-place", markup=False)
        yield Static(id="demo-engine", markup=False)
        yield Static(REPLAY_BADGE, id="demo-badge", markup=False)

    def put(self, title: str, place: str, engine: str, *, is_replay: bool) -> None:
        """Show these."""
        self.query_one("#demo-title", Static).update(f" {title}")
        self.query_one("#demo-place", Static).update(f" {place}")
        self.query_one("#demo-engine", Static).update(engine)
        self.query_one("#demo-badge").display = is_replay
