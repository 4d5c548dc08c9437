"""What a demo tells its presenter's console, and what the console wishes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tutor.core.verdict import Prediction


class WishKind(StrEnum):
    """What a presenter can wish for from the console."""

    FORWARD = "forward"
    BACK = "back"
    JUMP = "jump"
    """To the step whose number is in the value."""
    GUESS = "guess"
    """The value is what the class says."""
    STOP = "stop"
    """What runs."""
    FALL_BACK = "fall-back"
    """Go on from the recording that the demo offers."""
    CLOCK = "clock"
    """The time counts from now on."""


@dataclass(frozen=True, slots=True)
class ConsoleWish:
    """One wish."""

    kind: WishKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class ConsoleStep:
    """One step of the demo, with its time."""

    number: int
    heading: str
    say: str
    """One sentence: what happens."""
    command: str
    spent_seconds: float
    planned_seconds: float


@dataclass(frozen=True, slots=True)
class ConsoleNote:
    """Something for the presenter only. ``kind``: of a lesson's note, else answer or why."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ConsoleView:
    """Everything a console shows, as it is at one moment. Times go on from there while the clock runs."""

    lesson: str
    source: str
    """Which engine, or which recording."""
    is_replay: bool
    steps: tuple[ConsoleStep, ...]
    index: int
    """Of the step that stands on the demo's screen, or runs there."""
    prose: str
    """Markdown of the lesson's step, with measured values filled in."""
    notes: tuple[ConsoleNote, ...]
    guesses: tuple[Prediction, ...] = ()
    """What the class said at this step of the lesson, each beside its fact."""
    question: str = ""
    """What the class is asked right now; empty when no answer can be typed in."""
    choices: tuple[str, ...] = ()
    runs: str = ""
    """What runs on the demo's screen; empty when it waits for the presenter."""
    notice: str = ""
    """The sentence at the foot of the demo's screen."""
    is_away: bool = False
    """A shell has the demo's screen: nothing wished for would be heard."""
    clock_runs: bool = False
    due_seconds: float = 0.0
    """What the plan gives to the steps from where the clock began up to this one."""

    @property
    def step(self) -> ConsoleStep:
        """The step at ``index``."""
        return self.steps[self.index]

    @property
    def following(self) -> ConsoleStep | None:
        """The step after; None at the end."""
        return self.steps[self.index + 1] if self.index + 1 < len(self.steps) else None

    @property
    def total_seconds(self) -> float:
        """Spent so far on all steps."""
        return sum(step.spent_seconds for step in self.steps)

    @property
    def planned_seconds(self) -> float:
        """The plan for the whole lesson."""
        return sum(step.planned_seconds for step in self.steps)

    def late_seconds(self, more_seconds: float = 0.0) -> float:
        """Behind the plan, ``more_seconds`` after this was told; negative when ahead."""
        here = self.step
        due = self.due_seconds + min(here.spent_seconds + more_seconds, here.planned_seconds)
        return self.total_seconds + more_seconds - due
