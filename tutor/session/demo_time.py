"""The time of a demo: what was spent on each step, and what the plan gives to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutor.session.demo_step import DemoKind

if TYPE_CHECKING:
    from tutor.core.ports import Clock
    from tutor.session.demo_step import DemoStep

_WORDS = {
    DemoKind.ASK: 40,
    DemoKind.QUIZ: 60,
    DemoKind.ANSWER: 30,
    DemoKind.TYPE: 40,
    DemoKind.DO: 40,
    DemoKind.CHECK: 60,
}
"""How long a step is talked about, counted in words of prose. A step that is read has its own."""

_FEWEST_WORDS = 20


def planned_seconds(
    steps: Sequence[DemoStep], minutes: int, machine_seconds: Sequence[float] = ()
) -> tuple[float, ...]:
    """The lesson's own minutes, shared out among its steps.

    ``machine_seconds`` is what each step took when it was last rehearsed or recorded, as far as that
    is known. What the machine does not need is for talking, by the number of words.
    """
    machine = [*machine_seconds[: len(steps)]]
    machine += [0.0] * (len(steps) - len(machine))
    words = [_WORDS.get(step.kind, max(_FEWEST_WORDS, len(step.prose.split()))) for step in steps]
    talk = max(0.0, minutes * 60 - sum(machine))
    total = sum(words) or 1
    return tuple(talk * share / total + seconds for share, seconds in zip(words, machine, strict=True))


class TimeBook:
    """Adds up where the time went. It begins at the first step forward, or when it is told to."""

    def __init__(self, clock: Clock, count: int) -> None:
        """``count`` is the number of steps."""
        self._clock = clock
        self._spent = [0.0] * count
        self._index = 0
        self._since: float | None = None
        self.began_at = 0
        """Index of the step where the time began."""

    @property
    def runs(self) -> bool:
        """Whether it began."""
        return self._since is not None

    def begin(self) -> None:
        """Count from now on, and forget what was."""
        self._spent = [0.0] * len(self._spent)
        self._since = self._clock.monotonic()
        self.began_at = self._index

    def stand_at(self, index: int) -> None:
        """The class looks at this step from now on."""
        if index == self._index:
            return
        if self._since is None:
            self._index = index
            self.begin()
            return
        now = self._clock.monotonic()
        self._spent[self._index] += now - self._since
        self._since, self._index = now, index

    def spent_seconds(self, index: int) -> float:
        """On one step so far, all visits together."""
        running = 0.0
        if index == self._index and self._since is not None:
            running = self._clock.monotonic() - self._since
        return self._spent[index] + running
