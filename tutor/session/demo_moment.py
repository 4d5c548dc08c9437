"""What a demo shows at one step, live or recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tutor.core.events import SessionEvent
    from tutor.core.image import SizeRow
    from tutor.core.lesson import Lesson
    from tutor.core.verdict import Prediction
    from tutor.session.demo_step import DemoStep

EVENT_LIMIT = 4_000
"""So many events of one step are remembered; those that only tell of progress are not."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One step after it was done."""

    number: int
    """Of the step, from 1."""
    file: str
    """The file that is shown, by name."""
    before: str
    """Its text before the step; what a typed change starts from."""
    after: str
    prose: str = ""
    """The lesson's text, with measured values filled in."""
    events: tuple[SessionEvent, ...] = ()
    at_seconds: tuple[float, ...] = ()
    """When each event came, counted from the start of the step."""
    seconds: float = 0.0
    sizes: tuple[SizeRow, ...] = ()
    address: str = ""
    predictions: tuple[Prediction, ...] = ()
    """Those of the class for this step of the lesson."""
    notes: tuple[str, ...] = ()
    """The lesson's remarks for the presenter, with measured values filled in."""
    went_well: bool | None = None
    """Whether it ended as the lesson means it to; None where nothing ran."""


class Show(Protocol):
    """What a demo screen drives: the live demo, or a recording of one."""

    lesson: Lesson
    steps: tuple[DemoStep, ...]
    is_replay: bool
    index: int
    """Of the step on the screen, from 0."""

    @property
    def source(self) -> str:
        """Which engine, or which recording."""
        ...

    def moment(self, index: int) -> Moment | None:
        """What is shown at a step; None while it was not reached."""
        ...

    def forward(self) -> AsyncGenerator[SessionEvent, None]:
        """Do the next step and tell what happens."""
        ...

    def back(self) -> AsyncGenerator[SessionEvent, None]:
        """The step before, with its world; at the start nothing happens."""
        ...

    def jump(self, number: int) -> AsyncGenerator[SessionEvent, None]:
        """To any step by its number, from 1; what lies between is done."""
        ...

    def predict(self, answer: str) -> str | None:
        """Take the class's prediction; what is wrong with it instead, when it is none."""
        ...

    def redo(self) -> AsyncGenerator[SessionEvent, None]:
        """Do the step on the screen once more."""
        ...

    async def restore(self) -> None:
        """The world of the step on the screen, after a step was stopped in the middle."""
        ...
