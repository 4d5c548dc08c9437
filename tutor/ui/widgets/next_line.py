"""NEXT: the one thing that comes next. Enter does it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tutor.core.lesson import Predict, Quiz
from tutor.session.view import NextAction, NextKind
from tutor.ui import present
from tutor.ui.message import ProceedRequested
from tutor.ui.widgets.answer_row import AnswerRow

_BAR_CELLS = 24


class NextLine(Vertical, can_focus=True):
    """What comes next with its real command; a prediction is answered in place."""

    HELP = """\
    ## NEXT

    Enter (or n, or a click) does what stands here: predict, build, run, ask, check, read on.
    A prediction is a choice: s skips it.
    """

    def __init__(self) -> None:
        super().__init__(id="next")
        self._action: NextAction | None = None
        self._busy = ""

    def compose(self) -> ComposeResult:
        """A sentence, and under it the command, the answer's field, or how far the work is."""
        with Horizontal(id="next-row"):
            yield Static(id="next-word", markup=False)
            yield Static(id="next-label", markup=False)
            yield Static(id="next-key", markup=False)
        yield AnswerRow()
        yield Static(id="next-detail", markup=False)

    @property
    def answer(self) -> AnswerRow:
        """Where a prediction is typed."""
        return self.query_one(AnswerRow)

    @property
    def question(self) -> Predict | Quiz | None:
        """The question that is answered in place, if any."""
        return question_of(self._action) if self._action else None

    async def show(self, action: NextAction) -> None:
        """Show what comes next."""
        fresh = self.question is not question_of(action)
        self._action = action
        if fresh:
            await self.answer.ask(question_of(action))
        self._draw()

    def show_busy(self, name: str, clock: str = "") -> None:
        """Show that work is under way; an empty name ends that."""
        # While only the clock moves on, no line changes its height: laying out the screen again would
        # be most of the work.
        layout = name != self._busy
        self._busy = name
        if name:
            label = Content.assemble(name, (f"  {clock}", "$quiet"))
            self.query_one("#next-label", Static).update(label, layout=layout)
            if layout:
                self._set("#next-word", Content.assemble((" NOW ", "bold $primary"), " "))
                self._set("#next-key", Content.assemble(("Esc", "bold $accent"), (" stops ", "$quiet")))
                self.answer.display = False
        else:
            self._draw()
        self.set_class(bool(name), "-busy")

    def show_progress(self, label: str, current: int, total: int | None, unit: str) -> None:
        """Show how far long work is."""
        done = present.bar(current, total or 0, _BAR_CELLS) if total else ""
        self._detail(
            Content.assemble(
                " ",
                (done, "$primary on $bar-rest"),
                (" " * (_BAR_CELLS - len(done)) if total else "", "on $bar-rest"),
                f" {present.percent(current, total)}  {label}  ",
                (present.amount(current, total, unit), "$quiet"),
            )
        )

    def show_command(self, command: str) -> None:
        """Show the real command of what is under way."""
        if self._busy:
            self._detail(Content.assemble((" $ ", "$quiet"), (command, "$quiet")))

    def complain(self, text: str) -> None:
        """Say what is wrong with an answer, next to it; empty takes that away."""
        if not text:
            self._detail(Content(""))
            return
        self._detail(Content.assemble(("! ", "bold $warning"), (text, "$warning")), said=True)

    def _draw(self) -> None:
        if self._action is None or self._busy:
            return
        action = self._action
        self._set("#next-word", Content.assemble((" NEXT ", "bold $accent"), ("▸ ", "$accent")))
        self._set("#next-label", Content(action.label))
        asks = question_of(action) is not None
        self.answer.display = asks
        if asks:
            self._set("#next-key", Content.assemble(("s", "bold $accent"), (" skips ", "$quiet")))
        elif action.kind is NextKind.EDIT:
            keys = (("e", "bold $accent"), " edits · done: ", ("Enter", "bold $accent"), " ")
            self._set("#next-key", Content.assemble(*keys))
        elif action.kind is NextKind.DONE:
            self._set("#next-key", Content(""))
        else:
            self._set("#next-key", Content.assemble(("Enter", "bold $accent"), " "))
        self._detail(
            Content.assemble((" $ ", "$quiet"), (action.command, "$quiet")) if action.command else Content("")
        )

    def _set(self, selector: str, content: Content) -> None:
        self.query_one(selector, Static).update(content)

    def _detail(self, content: Content, *, said: bool = False) -> None:
        detail = self.query_one("#next-detail", Static)
        shown = bool(content.plain)
        changes = said or shown != detail.display or detail.has_class("-said")
        detail.set_class(said, "-said")
        detail.update(content, layout=changes)
        detail.display = shown

    def on_click(self, event: events.Click) -> None:
        """A click on the sentence is as good as Enter."""
        row = self.query_one("#next-row")
        if event.widget is not None and row in event.widget.ancestors_with_self and not self._busy:
            self.post_message(ProceedRequested())


def question_of(action: NextAction) -> Predict | Quiz | None:
    """The question of an action that is answered in place; the others have a screen of their own."""
    return action.exercise if isinstance(action.exercise, Quiz) else action.predict
