"""One step of the lesson: its text, its notes, and predictions beside their facts."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Markdown, Static

from tutor.core.lesson import Note
from tutor.core.verdict import Prediction
from tutor.session.exercise import ExerciseView
from tutor.session.view import LessonView
from tutor.ui import present

_NOTE_TITLE = {"note": "Note", "warning": "Careful", "finer-truth": "The finer truth"}


class LessonPane(VerticalScroll):
    """The text of one step. Only that step is drawn: every Markdown block is a widget of its own."""

    HELP = """\
    ## Lesson

    One step at a time. `[` and `]` (or left and right) turn to the step before and after;
    PageUp and PageDown scroll this text from anywhere outside the editor.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.previous_step", "Step back", show=False, id="lesson-left"),
        Binding("right", "screen.next_step", "Step on", show=False, id="lesson-right"),
    ]

    class Scrolled(Message):
        """``below``: whether text is left below what is visible."""

        def __init__(self, *, below: bool) -> None:
            super().__init__()
            self.below = below

    def __init__(self) -> None:
        super().__init__(id="lesson")
        self._shown = ("", "", "")
        self._notes = ""
        self._answers: tuple[object, ...] = ()
        self._known = (0, 0)

    def compose(self) -> ComposeResult:
        """The text, then what was predicted, then what is to be said to that."""
        yield Markdown(id="lesson-text", open_links=False)
        yield Static(id="lesson-predictions", markup=False)
        yield Markdown(id="lesson-notes", open_links=False)

    def on_mount(self) -> None:
        """Nothing is predicted yet."""
        self.query_one("#lesson-predictions").display = False
        self.query_one("#lesson-notes").display = False
        self.watch(self, "virtual_size", self._tell_rest, init=False)

    async def show(self, view: LessonView) -> None:
        """Show a step; nothing is drawn again when only its surroundings changed."""
        text = step_markdown(view)
        key = (view.lesson.slug, f"{view.step_index}", text)
        is_same_step = key[:2] == self._shown[:2]
        if key != self._shown:
            self._shown = key
            self.border_title = f"Step {view.step_index + 1} of {view.step_total}"
            await self.query_one("#lesson-text", Markdown).update(text)
            if not is_same_step:
                self._known = (0, 0)
                self.scroll_home(animate=False)
        answered = self._show_answers(view)
        news = await self._show_notes(view) or answered
        if news is not None and is_same_step:
            # Where things lie is known after the refresh that lays them out.
            self.call_after_refresh(self.call_after_refresh, self._bring, *news)

    def _show_answers(self, view: LessonView) -> tuple[Widget, bool] | None:
        """What was predicted and answered; what of it is new, and whether its top is what matters."""
        answers = (view.predictions, view.exercises, view.calibration)
        if answers == self._answers:
            return None
        self._answers = answers
        block = self.query_one("#lesson-predictions", Static)
        content = answers_block(view)
        block.update(content)
        block.display = bool(content.plain)
        before = self._known
        self._known = known = (
            sum(bool(prediction.actual) for prediction in view.predictions),
            sum(each.is_done and each.feedback is not None for each in view.exercises),
        )
        if known[0] > before[0]:
            return block, True
        # Answered questions stand below what was predicted.
        return (block, False) if known[1] > before[1] else None

    async def _show_notes(self, view: LessonView) -> tuple[Widget, bool] | None:
        """The notes below all that; what of it is new."""
        text = "\n\n".join(map(note_markdown, view.notes))
        if text == self._notes:
            return None
        grew = len(text) > len(self._notes)
        self._notes = text
        notes = self.query_one("#lesson-notes", Markdown)
        await notes.update(text)
        notes.display = bool(text)
        return (self.query_one("#lesson-predictions"), True) if grew else None

    def _bring(self, widget: Widget, is_top: bool) -> None:
        """Bring something into view: from its beginning, or to its end."""
        shown = widget if widget.display else self.query_one("#lesson-notes")
        end = shown.virtual_region.bottom - self.size.height
        self.scroll_to(y=shown.virtual_region.y if is_top else max(0, end), animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled: is there text left below?"""
        super().watch_scroll_y(old_value, new_value)
        self._tell_rest()

    def on_resize(self) -> None:
        """Another height, another end."""
        self._tell_rest()

    def _tell_rest(self) -> None:
        # The last line is the empty one below a paragraph.
        self.post_message(self.Scrolled(below=self.max_scroll_y - self.scroll_offset.y > 1))


def step_markdown(view: LessonView) -> str:
    """A step as one Markdown text: title and prose."""
    return f"## {view.step_title}\n\n{view.prose.strip()}"


def note_markdown(note: Note) -> str:
    """A remark as a quote with its kind in bold, so that it stands apart without colour too."""
    title = _NOTE_TITLE.get(note.kind, note.kind.replace("-", " ").capitalize())
    lines = f"**{title}.** {note.say.strip()}".splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def answers_block(view: LessonView) -> Content:
    """What was predicted and measured, what was answered, and how predictions fit over the course."""
    blocks = [predictions_block(view.predictions)]
    blocks += [_answered(each) for each in view.exercises if each.is_done and each.feedback]
    if any(prediction.actual and not prediction.skipped for prediction in view.predictions):
        blocks.append(Content.styled(present.calibrated(view.calibration), "$quiet"))
    return Content("\n\n").join([block for block in blocks if block.plain])


def _answered(view: ExerciseView) -> Content:
    assert view.feedback is not None
    return Content.assemble((f"✓ {view.exercise.ask}\n", "$success"), (view.feedback.text, ""))


def predictions_block(predictions: tuple[Prediction, ...]) -> Content:
    """What was said and what was measured, side by side."""
    lines: list[Content] = []
    for prediction in predictions:
        if prediction.skipped and not prediction.actual:
            continue
        close = present.hit(prediction)
        sign, style = (
            ("≈", "$quiet") if not prediction.actual else ("✓", "$success") if close else ("≠", "$warning")
        )
        said = present.with_unit(prediction.predicted, prediction.unit) or "no guess"
        why = prediction.why.strip() if prediction.actual else ""
        lines.append(
            Content.assemble(
                (f"{sign} {prediction.ask}\n", style),
                ("  you  ", "$quiet"),
                (said, "bold"),
                ("    measured  ", "$quiet"),
                (present.fact(prediction), "bold" if prediction.actual else "$quiet"),
                (f"\n{why}" if why else "", "$quiet"),
            )
        )
    return Content("\n\n").join(lines)
