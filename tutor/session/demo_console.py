"""What a presenter's console is told: notes, the next step, times and guesses, out of a demo as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tutor.core.console import ConsoleNote, ConsoleStep, ConsoleView
from tutor.core.lesson import Fill, Order, Predict, Quiz
from tutor.session.answer import as_far_as_known
from tutor.session.demo_time import TimeBook, planned_seconds

if TYPE_CHECKING:
    from tutor.core.ports import Clock
    from tutor.session.demo_moment import Moment, Show
    from tutor.session.demo_step import DemoStep

PROSE_LIMIT_CHARACTERS = 20_000
NOTE_LIMIT_CHARACTERS = 2_000
"""Of what is sent; both have some hundred."""


class ConsoleStory:
    """Puts together what the console shows. ``times`` is fed by whoever moves the demo."""

    def __init__(self, show: Show, clock: Clock, machine_seconds: Sequence[float] = ()) -> None:
        """``machine_seconds`` is what each step took last time, as far as that is known."""
        self.times = TimeBook(clock, len(show.steps))
        self._planned = planned_seconds(show.steps, show.lesson.minutes, machine_seconds)

    def view(
        self, show: Show, index: int, *, runs: str = "", notice: str = "", is_away: bool = False
    ) -> ConsoleView:
        """As it is now. ``index`` is the step that the class looks at: that which runs, while one does."""
        step, moment = show.steps[index], _known(show, index)
        task = step.task if not runs and not show.is_replay else None
        question = task if isinstance(task, Predict) else None
        return ConsoleView(
            lesson=show.lesson.title,
            source=show.source,
            is_replay=show.is_replay,
            steps=tuple(self._step(each, at) for at, each in enumerate(show.steps)),
            index=index,
            prose=(moment.prose if moment else as_far_as_known(step.prose, {}))[:PROSE_LIMIT_CHARACTERS],
            notes=tuple(replace(n, text=n.text[:NOTE_LIMIT_CHARACTERS]) for n in _notes(step, moment)),
            guesses=moment.predictions if moment else (),
            question=question.ask if question else "",
            choices=question.choices if question else (),
            runs=runs,
            notice=notice,
            is_away=is_away,
            clock_runs=self.times.runs,
            due_seconds=sum(self._planned[self.times.began_at : index]),
        )

    def _step(self, step: DemoStep, index: int) -> ConsoleStep:
        return ConsoleStep(
            step.number,
            step.heading,
            step.say,
            step.command,
            self.times.spent_seconds(index),
            self._planned[index],
        )


def _known(show: Show, index: int) -> Moment | None:
    """What is known of a step: its own moment, else the one on the screen where that is of the same text."""
    moment, standing = show.moment(index), show.moment(show.index)
    if moment is None and show.steps[index].lesson_step == show.steps[show.index].lesson_step:
        return standing
    return moment


def _notes(step: DemoStep, moment: Moment | None) -> tuple[ConsoleNote, ...]:
    """What only the presenter should see at a step: answers before the class gives them, and remarks."""
    found: list[ConsoleNote] = []
    match step.task:
        case Quiz() as quiz:
            for letter, option in zip("ABCDEFGH", quiz.options, strict=False):
                kind = "answer" if option.right else "why not"
                found.append(ConsoleNote(kind, f"{letter}  {option.because}"))
        case Predict() as predict if predict.why:
            found.append(ConsoleNote("why", predict.why))
        case Order() as order:
            found += [ConsoleNote("why not", f"{each.line}: {each.because}") for each in order.distractors]
        case Fill() as fill:
            found += [ConsoleNote("why", blank.because) for blank in fill.blanks if blank.because]
        case _:
            pass
    texts = moment.notes if moment else ()
    for at, note in enumerate(step.notes):
        # A recording of before there were notes has none; then no value is known here.
        text = texts[at] if at < len(texts) else as_far_as_known(note.say, {})
        found.append(ConsoleNote(note.kind, text))
    return tuple(found)
