"""A few answers to choose from by one key or by mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: the key that gives it, what it is called, what it means."""

    key: str
    label: str
    value: str


class ChoiceField(Container, can_focus=True):
    """Shows ``1 a guess   2 think so   3 sure``; Enter takes the default when there is one."""

    @dataclass
    class Chosen(Message):
        """An answer was chosen."""

        field: ChoiceField
        value: str

        @property
        def control(self) -> ChoiceField:
            """The field, for handlers that name it."""
            return self.field

    @dataclass
    class GivenUp(Message):
        """Enter was pressed where there is no default, or Escape."""

        field: ChoiceField
        key: str

    def __init__(self, field_id: str) -> None:
        super().__init__(id=field_id)
        self._choices: tuple[Choice, ...] = ()
        self._default = ""

    def compose(self) -> ComposeResult:
        """Choices are put in by :meth:`offer`."""
        yield from ()

    async def offer(self, choices: Sequence[Choice], default: str = "") -> None:
        """Show these choices. ``default`` is the value that Enter takes."""
        self._choices = tuple(choices)
        self._default = default
        long = sum(len(choice.label) + 6 for choice in choices) > 60
        self.set_class(long, "-column")
        await self.remove_children()
        labels = []
        for choice in choices:
            mark = " (Enter)" if choice.value == default and default else ""
            label = Static(
                Content.assemble((f" {choice.key} ", "bold $accent"), choice.label, (mark, "$quiet")),
                classes="choice",
            )
            label.tooltip = f"Key {choice.key}"
            labels.append(label)
        await self.mount(*labels)

    def on_key(self, event: events.Key) -> None:
        """A choice's own key takes it; other keys stay keys of the screen."""
        if not self.region:
            # The focus can stay for a moment on a field that was just hidden: its keys are the screen's.
            return
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self.post_message(self.Chosen(self, choice.value))
                return
        if event.key == "enter":
            event.stop()
            self.post_message(
                self.Chosen(self, self._default) if self._default else self.GivenUp(self, event.key)
            )
        elif event.key == "escape":
            event.stop()
            self.post_message(self.GivenUp(self, event.key))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keep the footer from offering keys that answer here."""
        return (character or key) in {choice.key for choice in self._choices}

    def on_click(self, event: events.Click) -> None:
        """A click on a label takes it."""
        labels = list(self.query(".choice"))
        for choice, label in zip(self._choices, labels, strict=True):
            if event.widget is label:
                self.post_message(self.Chosen(self, choice.value))
