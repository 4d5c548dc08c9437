"""The line at the top: course, lesson, engine, and a dot for every lesson."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tutor.session.view import LessonRow, LessonView
from tutor.ui import present
from tutor.ui.message import EngineInfoRequested, MapRequested

BADGE = " FROM scratch "


class StatusLine(Horizontal):
    """Course · n/12 Title · engine · dots. The dots open the course map."""

    def compose(self) -> ComposeResult:
        """The engine's name gives way when room is short."""
        yield Static(Content.styled(BADGE, "bold $accent on $next-background"), id="status-badge")
        yield Static(id="status-title", markup=False)
        yield Static(id="status-step", markup=False)
        yield Static(id="status-engine", markup=False)
        yield Static(id="status-dots", markup=False)

    def show_lesson(self, view: LessonView, total: int) -> None:
        """Name the lesson and the step."""
        lesson = view.lesson
        self.query_one("#status-title", Static).update(
            Content.assemble(
                (f" {lesson.number}/{total} ", "$quiet"),
                (lesson.title, "bold"),
            )
        )
        step = self.query_one("#status-step", Static)
        step.update(Content.styled(f"  {view.step_index + 1}/{view.step_total}", "$quiet"))
        step.tooltip = "The step of the lesson"

    def show_engine(self, text: str, *, found: bool | None) -> None:
        """Name the engine. ``found`` is None while it is looked for."""
        sign, style = {None: ("…", "$quiet"), True: ("▪", "$success"), False: ("✗", "$error")}[found]
        self.query_one("#status-engine", Static).update(
            Content.assemble((f"{sign} ", style), (text, "$quiet" if found is not False else "$error"))
        )

    def show_rows(self, rows: Sequence[LessonRow]) -> None:
        """A dot for every lesson, with the one that is open underlined."""
        parts: list[tuple[str, str]] = []
        for row in rows:
            begun = row.current or row.steps_done > 0
            style = present.state_style(row.pass_state, begun=begun)
            parts += [
                (
                    present.state_sign(row.pass_state, begun=begun),
                    f"{style} underline" if row.current else style,
                ),
                (" ", ""),
            ]
        dots = self.query_one("#status-dots", Static)
        dots.update(Content.assemble(*parts))
        dots.tooltip = "The course map (m)"

    @on(events.Click, "#status-dots")
    def open_map(self) -> None:
        """The dots lead to the map."""
        self.post_message(MapRequested())

    @on(events.Click, "#status-engine")
    def tell_engine(self) -> None:
        """The engine's name leads to what is known of it."""
        self.post_message(EngineInfoRequested())
