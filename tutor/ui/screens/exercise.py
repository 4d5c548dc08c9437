"""Lines to order and gaps to fill, beside the lesson's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Static

from tutor.core.errors import StorageError
from tutor.core.exercise import Fill, Order, blank_numbers
from tutor.ui.screens import STYLES
from tutor.ui.screens.error import ErrorScreen
from tutor.ui.widgets.order_field import OrderField

if TYPE_CHECKING:
    from tutor.core.lesson import Exercise
    from tutor.session.exercise import ExerciseView, Feedback
    from tutor.session.lesson import LessonSession

SKIPPED = "skipped"
DONE = "done"
MARK = "[ ? ]"
"""Stands where the gap is that is asked now."""
AROUND_LINES = 12
"""Frame, task, field, up to three lines that are said, keys, and the lines between them."""
WIDE_CELLS = 104
"""From here on there is room for the lesson's text beside the exercise."""


class ExerciseScreen(ModalScreen[str]):
    """Answers :data:`DONE` or :data:`SKIPPED`; empty when it was left for later."""

    CSS_PATH = STYLES / "exercise.tcss"
    HELP = """\
    ## Exercise

    Order: j and k move, Space takes or leaves a line, J and K move a taken line, Enter tries.
    Fill: type what belongs into the marked gap, then Enter; the last line comes first.
    Esc leaves it for later; s, or Ctrl+G while typing, goes on without it.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Later", id="exercise-leave", tooltip="Back to the lesson."),
        Binding("s,ctrl+g", "skip", "Skip", id="exercise-skip", tooltip="Go on without this exercise."),
    ]

    def __init__(self, exercise: Exercise, session: LessonSession) -> None:
        super().__init__()
        self._exercise = exercise
        self._session = session

    def _view(self) -> ExerciseView:
        return self._session.exercises.view(self._exercise, is_done=False)

    def compose(self) -> ComposeResult:
        """The task, the lines or the text, what is said to an answer, the keys."""
        view = self._view()
        with Vertical(id="exercise-box") as box:
            is_order = isinstance(view.exercise, Order)
            box.border_title = "Put in order" if is_order else "Fill in"
            yield Static(view.exercise.ask, id="exercise-ask", markup=False)
            with VerticalScroll(id="exercise-body", can_focus=False):
                if is_order:
                    yield OrderField(view.pool)
                else:
                    yield Static(id="exercise-text", markup=False)
            if not is_order:
                yield Input(id="exercise-input", compact=True, placeholder="what belongs into the marked gap")
            yield Static(id="exercise-said", markup=False)
            yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Keys go to the lines or to the gap."""
        self._show()
        self.query_one("#order-field, #exercise-input").focus()

    def on_resize(self) -> None:
        """What is said, the field and the keys keep their room, however long the text is."""
        height = self.app.size.height
        self.query_one("#exercise-body").styles.max_height = max(4, height * 92 // 100 - AROUND_LINES)
        self.set_class(self.app.size.width < WIDE_CELLS, "-narrow")
        self._show()

    def _show(self) -> None:
        view = self._view()
        if isinstance(view.exercise, Order):
            return
        text = marked_text(view)
        self.query_one("#exercise-text", Static).update(text)
        self.call_after_refresh(self._bring_gap, text)

    def _bring_gap(self, text: Content) -> None:
        """Scroll the marked gap into the middle."""
        body = self.query_one("#exercise-body")
        width = max(1, body.scrollable_content_region.width)
        before, mark, _ = text.plain.partition(MARK)
        if mark:
            row = sum(max(1, -(-len(line) // width)) for line in before.split("\n")) - 1
            body.scroll_to(y=row - body.size.height // 2, animate=False)

    def _say(self, feedback: Feedback) -> None:
        sign, style = ("✓ ", "$success") if feedback.is_right else ("✗ ", "$warning")
        said = Content.assemble((sign, f"bold {style}"), (feedback.text, style))
        self.query_one("#exercise-said", Static).update(said)

    def _take(self, ask: Callable[[], Feedback | None]) -> None:
        try:
            feedback = ask()
        except StorageError as error:
            self.app.push_screen(ErrorScreen("Your files", error))
            return
        if feedback is None or feedback.is_done:
            self.dismiss(DONE)
            return
        self._say(feedback)
        self._show()

    @on(OrderField.Tried)
    def try_order(self, event: OrderField.Tried) -> None:
        """Is this the order?"""
        event.stop()
        self._take(lambda: self._session.questions.try_order(event.lines))

    @on(OrderField.Rearranged)
    def forget_said(self, event: OrderField.Rearranged) -> None:
        """What was said was about another order."""
        event.stop()
        self.query_one("#exercise-said", Static).update("")

    @on(Input.Submitted)
    def fill(self, event: Input.Submitted) -> None:
        """Does this belong into the gap?"""
        event.stop()
        text = event.value.strip()
        if not text:
            return
        before = self._view().blank
        self._take(lambda: self._session.questions.fill_blank(text))
        if self._view().blank != before:
            event.input.value = ""

    def action_leave(self) -> None:
        """Back to the lesson; the exercise stays open."""
        self.dismiss("")

    def action_skip(self) -> None:
        """Go on without it."""
        self.dismiss(SKIPPED)


def marked_text(view: ExerciseView) -> Content:
    """The text of a fill, the gap that is asked marked, the others as lines to come."""
    assert isinstance(view.exercise, Fill)
    parts: list[tuple[str, str]] = []
    rest = view.text
    # The gaps that are open stand in the text in the order of their place.
    open_gaps = [n - 1 for n in blank_numbers(view.exercise.text) if n - 1 not in view.filled]
    for index in open_gaps:
        before, _, rest = rest.partition(view.gap)
        parts.append((before, ""))
        parts.append((MARK, "bold $accent") if index == view.blank else ("____", "$quiet"))
    parts.append((rest, ""))
    return Content.assemble(*parts)
