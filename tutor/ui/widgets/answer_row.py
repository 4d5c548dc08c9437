"""Where NEXT is answered: an option of a quiz; or a prediction, then how sure the learner is."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tutor.core.lesson import Predict, Quiz, Unit
from tutor.session.answer import checked_answer
from tutor.ui import present
from tutor.ui.message import AnswerGiven, AnswerSkipped, OptionChosen
from tutor.ui.widgets.choice_field import Choice, ChoiceField

_SURE = tuple(Choice(str(level), present.CONFIDENCE[level], str(level)) for level in (1, 2, 3))


class AnswerInput(Input):
    """An input that leaves keys to the screen as long as nothing was typed and the key is no digit."""

    def on_key(self, event: events.Key) -> None:
        """A letter in the empty field is a key like anywhere else outside the editor."""
        if not self.value and event.is_printable and not self._begins_a_number(event.character):
            event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """The same, for the footer."""
        return super().check_consume_key(key, character) and (
            bool(self.value) or self._begins_a_number(character)
        )

    @staticmethod
    def _begins_a_number(character: str | None) -> bool:
        return character is not None and character in "0123456789.,-~<>"


class AnswerRow(Horizontal):
    """A number with its unit, or choices; then the confidence, 1 to 3."""

    class Complained(Message):
        """The answer is none; ``text`` says why. Empty: it is one now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="answer")
        self._question: Predict | Quiz | None = None
        self._answer = ""
        self._empty_before = False

    def compose(self) -> ComposeResult:
        """Fields come with the first question."""
        yield from ()

    async def _complete(self) -> None:
        if not self.children:
            # All fields; one shows at a time.
            await self.mount(
                AnswerInput(id="answer-input", compact=True),
                Static(id="answer-unit", markup=False),
                ChoiceField("answer-choices"),
                Static(id="answer-said", markup=False),
                ChoiceField("answer-sure"),
            )

    @property
    def field(self) -> Widget:
        """The part that takes keys now."""
        if self._answer:
            return self.query_one("#answer-sure")
        if isinstance(self._question, Quiz) or (
            self._question and self._question.unit in {Unit.YES_NO, Unit.CHOICE}
        ):
            return self.query_one("#answer-choices")
        return self.query_one("#answer-input")

    async def ask(self, question: Predict | Quiz | None) -> None:
        """Ask a question, or nothing."""
        self._question = question
        self._answer = ""
        self._empty_before = False
        if question is None:
            self._hand_back_focus()
        self.display = question is not None
        if question is None:
            return
        await self._complete()
        if isinstance(question, Quiz):
            options = enumerate(question.options, 1)
            await self._choices.offer(tuple(Choice(str(n), option.say, str(n)) for n, option in options))
            self._show_phase()
            return
        entry = self.query_one("#answer-input", Input)
        entry.value = ""
        entry.placeholder = "your guess"
        unit = "" if question.unit is Unit.NUMBER else question.unit.value
        self.query_one("#answer-unit", Static).update(Content(f" {unit}"))
        if question.unit is Unit.YES_NO:
            await self._choices.offer((Choice("y", "yes", "yes"), Choice("n", "no", "no")))
        elif question.unit is Unit.CHOICE:
            await self._choices.offer(
                tuple(Choice(str(n), text, text) for n, text in enumerate(question.choices, 1))
            )
        self._show_phase()

    def _hand_back_focus(self) -> None:
        """Give the keys to the line this row is part of: hiding alone would give them to any widget."""
        focused = self.screen.focused
        if focused is not None and self in focused.ancestors_with_self:
            owner = next(
                (node for node in self.ancestors if isinstance(node, Widget) and node.can_focus), None
            )
            self.screen.set_focus(owner)

    @property
    def _choices(self) -> ChoiceField:
        return self.query_one("#answer-choices", ChoiceField)

    def _show_phase(self) -> None:
        current = self.field
        for widget in self.query("#answer-input, #answer-choices, #answer-sure"):
            widget.display = widget is current
        self.query_one("#answer-unit").display = current.id == "answer-input"
        self.query_one("#answer-said").display = current.id == "answer-sure"

    @on(Input.Submitted)
    async def take_number(self, event: Input.Submitted) -> None:
        """Take what was typed, or say what is wrong with it."""
        event.stop()
        text = event.value.strip()
        if not text:
            if self._empty_before:
                self.post_message(AnswerSkipped())
                return
            self._empty_before = True
            self.post_message(
                self.Complained("A rough guess is enough. Enter again, or s, skips the question.")
            )
            return
        await self._take(text)

    @on(ChoiceField.Chosen, "#answer-choices")
    async def take_choice(self, event: ChoiceField.Chosen) -> None:
        """Take the choice."""
        event.stop()
        if isinstance(self._question, Quiz):
            self.post_message(OptionChosen(int(event.value) - 1))
            return
        await self._take(event.value)

    async def _take(self, text: str) -> None:
        if not isinstance(self._question, Predict):
            return
        _, problem = checked_answer(text, self._question.unit, self._question.choices)
        if problem:
            self.post_message(self.Complained(f"“{text[:40]}” is no answer. {problem}"))
            return
        self._answer = text
        self.post_message(self.Complained(""))
        said = present.with_unit(text, "" if self._question.unit in text else self._question.unit)
        self.query_one("#answer-said", Static).update(
            Content.assemble(" ", (said[:40], "bold"), "  How sure? ")
        )
        await self.query_one("#answer-sure", ChoiceField).offer(_SURE, default="2")
        self._show_phase()
        self.field.focus()

    @on(ChoiceField.Chosen, "#answer-sure")
    def take_confidence(self, event: ChoiceField.Chosen) -> None:
        """Now the prediction is complete."""
        event.stop()
        self.post_message(AnswerGiven(self._answer, int(event.value)))

    @on(ChoiceField.GivenUp)
    def step_back(self, event: ChoiceField.GivenUp) -> None:
        """Escape goes from the confidence to the answer, from there to NEXT; Enter says what to do."""
        event.stop()
        if event.key == "enter":
            self.post_message(self.Complained("Press the key of your choice, or s to skip the question."))
        elif self._answer:
            self._answer = ""
            self._show_phase()
            self.field.focus()
        else:
            # Digits choose panes again; Enter comes back to the question.
            self._hand_back_focus()
