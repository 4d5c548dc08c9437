"""A minute of recall: what went wrong or surprised comes back after days."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tutor.session.recall import ReviewBook, ReviewQuestion
from tutor.ui.screens import STYLES
from tutor.ui.widgets.choice_field import Choice, ChoiceField

DRILL_CHOICE = "drill:"
"""In front of the slug of a lesson that the learner wants to rebuild from an empty file."""


class ReviewScreen(ModalScreen[str]):
    """Answers with a drill to begin (:data:`DRILL_CHOICE`), else with an empty text."""

    CSS_PATH = STYLES / "review.tcss"
    HELP = """\
    ## Review

    A few questions that went wrong or surprised you, again. Esc goes on without them; they come back.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Not now", id="review-leave", tooltip="They come back."),
        Binding("enter,n", "proceed", "Go on", id="review-proceed", tooltip="The next question."),
    ]

    def __init__(self, questions: tuple[ReviewQuestion, ...], book: ReviewBook) -> None:
        super().__init__()
        self._questions = questions
        self._book = book
        self._at = 0
        self._is_open = True
        """Whether the question still waits for its answer."""

    def compose(self) -> ComposeResult:
        """The question, its choices, what is said to the answer."""
        with Vertical(id="review-box") as box:
            box.border_subtitle = Content("Esc: not now")
            yield Static(id="review-ask", markup=False)
            yield ChoiceField("review-choices")
            yield Static(id="review-said", markup=False)

    async def on_mount(self) -> None:
        """The first question."""
        await self._show()

    @property
    def _question(self) -> ReviewQuestion:
        return self._questions[self._at]

    async def _show(self) -> None:
        question = self._question
        self._is_open = True
        box = self.query_one("#review-box")
        box.border_title = Content(
            f"Review {self._at + 1} of {len(self._questions)} · {question.lesson_title}"
        )
        self.query_one("#review-ask", Static).update(question.ask)
        self._say("", "")
        if question.is_drill:
            choices = [Choice("y", "begin it now", "drill"), Choice("l", "later", "no")]
        elif question.options:
            choices = [Choice(str(n), o.say, str(n - 1)) for n, o in enumerate(question.options, 1)]
        else:
            choices = [Choice("a", "show the answer", "reveal")]
        await self._field.offer(tuple(choices))
        self._field.focus()

    @property
    def _field(self) -> ChoiceField:
        return self.query_one(ChoiceField)

    def _say(self, text: str, style: str) -> None:
        self.query_one("#review-said", Static).update(Content.styled(text, style))

    @on(ChoiceField.Chosen)
    async def choose(self, event: ChoiceField.Chosen) -> None:
        """Take an answer."""
        event.stop()
        question = self._question
        if not self._is_open:
            return
        match event.value:
            case "drill":
                self._close(question, recalled=True)
                self.dismiss(f"{DRILL_CHOICE}{question.item.lesson}")
            case "no":
                self._close(question, recalled=False)
                await self.action_proceed()
            case "reveal":
                self._say(f"{question.answer} {question.why}".strip(), "bold")
                await self._field.offer(
                    (Choice("y", "I knew it", "knew"), Choice("x", "I did not", "forgot"))
                )
            case "knew" | "forgot":
                self._close(question, recalled=event.value == "knew")
                await self.action_proceed()
            case index:
                option = question.options[int(index)]
                self._close(question, recalled=option.right)
                right = next(each for each in question.options if each.right)
                said = option.because if option.right else f"{option.because} Right is: {right.say}"
                sign, style = ("✓", "$success") if option.right else ("✗", "$warning")
                self._say(f"{sign} {said}  Enter goes on.", style)

    def _close(self, question: ReviewQuestion, *, recalled: bool) -> None:
        self._is_open = False
        self._book.answered(question, recalled=recalled)

    @on(ChoiceField.GivenUp)
    async def given_up(self, event: ChoiceField.GivenUp) -> None:
        """Enter or Escape in the choices."""
        event.stop()
        if event.key == "escape":
            self.action_leave()
        else:
            await self.action_proceed()

    async def action_proceed(self) -> None:
        """The next question; the end after the last."""
        if self._is_open:
            self._say("Press the key of your answer, or Esc for not now.", "$quiet")
        elif self._at + 1 < len(self._questions):
            self._at += 1
            await self._show()
        else:
            self.dismiss("")

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss("")
