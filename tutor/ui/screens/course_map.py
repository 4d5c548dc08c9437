"""All lessons and how far the learner is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.session.view import LessonRow
from tutor.ui import present
from tutor.ui.screens import STYLES


def row_content(row: LessonRow) -> Content:
    """One lesson in two lines: state, title and minutes; goal and progress."""
    begun = row.current or row.steps_done > 0
    sign = present.state_sign(row.pass_state, begun=begun)
    style = present.state_style(row.pass_state, begun=begun)
    facts = [f"{row.lesson.minutes} min"]
    if row.attempts:
        facts.append(f"{row.attempts} attempt{'s' if row.attempts > 1 else ''}")
    if row.seconds_spent >= 60:
        facts.append(f"{row.seconds_spent / 60:.0f} min spent")
    if row.due:
        facts.append(f"{row.due} due for review")
    done = f"{row.steps_done}/{row.step_total} steps"
    return Content.assemble(
        (f" {sign} ", style),
        (f"{row.lesson.number:>2}  ", "$quiet"),
        (row.lesson.title, "bold"),
        (f"   {present.state_word(row.pass_state, begun=begun)}", style),
        ("   ◂ you are here" if row.current else "", "$accent"),
        (f"\n       {row.lesson.goal.strip()}", ""),
        (f"\n       {done} · {' · '.join(facts)}", "$quiet"),
    )


class CourseMapScreen(ModalScreen[str]):
    """Answers with the slug of the lesson to open; empty to stay."""

    CSS_PATH = STYLES / "course_map.tcss"
    HELP = """\
    ## Course map

    Every lesson with its state. Enter opens one; Escape goes back.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,m,q", "leave", "Back", id="map-back", tooltip="Back to the lesson."),
    ]

    def __init__(self, rows: Sequence[LessonRow], problems: Sequence[str]) -> None:
        super().__init__()
        self._rows = rows
        self._problems = problems

    def compose(self) -> ComposeResult:
        """The lessons, and what is wrong with those that could not be read."""
        with Vertical(id="map-box") as box:
            box.border_title = "Course map"
            box.border_subtitle = "Enter opens · Esc goes back"
            yield OptionList(
                *(Option(row_content(row), id=row.lesson.slug) for row in self._rows),
                id="map-list",
                markup=False,
            )
            if self._problems:
                text = "\n".join(f"✗ {problem}" for problem in self._problems)
                yield Static(Content.styled(text, "$error"), id="map-problems", markup=False)

    def on_mount(self) -> None:
        """Begin at the lesson that is open."""
        lessons = self.query_one("#map-list", OptionList)
        lessons.highlighted = next((index for index, row in enumerate(self._rows) if row.current), 0)
        lessons.focus()

    @on(OptionList.OptionSelected)
    def open_lesson(self, event: OptionList.OptionSelected) -> None:
        """A lesson was chosen."""
        event.stop()
        self.dismiss(event.option.id or "")

    def action_leave(self) -> None:
        """Stay in the lesson that is open."""
        self.dismiss("")
