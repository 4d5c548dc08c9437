"""Lines to be put in order: those taken above, numbered, the others below."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class OrderField(Static, can_focus=True):
    """j and k move, space takes or leaves a line, J and K move a taken line."""

    class Tried(Message):
        """Enter: is this the order?"""

        def __init__(self, lines: tuple[str, ...]) -> None:
            super().__init__()
            self.lines = lines

    class Rearranged(Message):
        """A line was taken, left or moved: what was said of the order before is about another one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "j,down",
            "move(1)",
            "Go",
            key_display="j k",
            id="order-down",
            tooltip="j to the next line, k back.",
        ),
        Binding("k,up", "move(-1)", "Up", show=False, id="order-up", tooltip="To the line before."),
        Binding("space", "take", "Take or leave", id="order-take", tooltip="Take this line, or leave it."),
        Binding(
            "J,shift+down",
            "shift(1)",
            "Move line",
            key_display="J K",
            id="order-later",
            tooltip="J moves a taken line down, K up.",
        ),
        Binding(
            "K,shift+up",
            "shift(-1)",
            "Move up",
            show=False,
            id="order-earlier",
            tooltip="Move a taken line up.",
        ),
        Binding("enter", "try", "Try", id="order-try", tooltip="See whether this is the order."),
    ]

    def __init__(self, pool: tuple[str, ...]) -> None:
        super().__init__(id="order-field", markup=False)
        self._pool = pool
        self._taken: list[str] = []
        self._at = 0

    @property
    def taken(self) -> tuple[str, ...]:
        """The lines taken so far, in their order."""
        return tuple(self._taken)

    @property
    def pointed(self) -> str:
        """The line that space would take or leave."""
        return self._all[self._at]

    @property
    def _left(self) -> list[str]:
        return [line for line in self._pool if line not in self._taken]

    @property
    def _all(self) -> list[str]:
        return [*self._taken, *self._left]

    def on_mount(self) -> None:
        """The first picture."""
        self._draw()

    def action_move(self, by: int) -> None:
        """To another line."""
        self._at = (self._at + by) % len(self._pool)
        self._draw()

    def action_take(self) -> None:
        """Take the line, or leave it."""
        line = self._all[self._at]
        if line in self._taken:
            self._taken.remove(line)
            self._at = min(self._at, len(self._pool) - 1)
        else:
            self._taken.append(line)
            # On to the next line that is still to be taken.
            self._at = min(self._at + 1, len(self._pool) - 1) if self._left else len(self._taken) - 1
            self._at = max(self._at, len(self._taken)) if self._left else self._at
        self._draw()
        self.post_message(self.Rearranged())

    def action_shift(self, by: int) -> None:
        """Move a taken line."""
        to = self._at + by
        if self._at < len(self._taken) and 0 <= to < len(self._taken):
            self._taken.insert(to, self._taken.pop(self._at))
            self._at = to
            self._draw()
            self.post_message(self.Rearranged())

    def action_try(self) -> None:
        """Ask whether this is the order."""
        self.post_message(self.Tried(self.taken))

    def on_click(self, event: events.Click) -> None:
        """A click on a line is as good as going there and space."""
        row = event.y - (1 if event.y > len(self._taken) else 0)
        if event.y != len(self._taken) and 0 <= row < len(self._pool):
            self._at = row
            self.action_take()
        event.stop()

    def _draw(self) -> None:
        rows = [(f"{number:>3}  {line}", "", number - 1) for number, line in enumerate(self._taken, 1)] + [
            (f"  ·  {line}", "$quiet", len(self._taken) + n) for n, line in enumerate(self._left)
        ]
        parts: list[tuple[str, str]] = []
        for text, style, index in rows:
            if index == len(self._taken):
                parts.append((f"{'─' * 24}\n", "$quiet"))
            mark = "▸" if index == self._at else " "
            parts.append((f"{mark}{text}\n", "bold $accent" if index == self._at else style))
        if not self._left:
            parts.append(("─" * 24, "$quiet"))
        self.update(Content.assemble(*parts))
