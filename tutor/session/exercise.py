"""Quizzes, lines to order and gaps to fill: what the learner answered, and what is said to it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.core.exercise import Fill, Order, Quiz
from tutor.core.progress import ExerciseAnswer
from tutor.session.answer import with_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tutor.core.lesson import Exercise, Lesson
    from tutor.core.ports import Clock
    from tutor.core.store import LearningStore


OPEN_GAP = "____"
"""Stands in a text where nothing is filled in yet."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is said to an answer."""

    is_right: bool
    text: str
    is_done: bool = False
    """The whole exercise is solved."""
    file_text: str = ""
    """What its file is to hold, once it is solved."""


@dataclass(frozen=True, slots=True)
class ExerciseView:
    """An open exercise, or one that was answered."""

    exercise: Exercise
    pool: tuple[str, ...] = ()
    """Of an order: all lines, shuffled."""
    blank: int | None = None
    """Of a fill: the index of the gap that is asked now."""
    text: str = ""
    """Of a fill: the text with what is filled in so far; open gaps show ``gap``."""
    filled: frozenset[int] = frozenset()
    """Of a fill: indices of the gaps that are filled."""
    gap: str = OPEN_GAP
    feedback: Feedback | None = None
    """What was said to the newest answer."""
    is_done: bool = False


class ExerciseBook:
    """All exercises of one lesson."""

    def __init__(self, lesson: Lesson, store: LearningStore, clock: Clock) -> None:
        self._lesson = lesson
        self._store = store
        self._clock = clock
        self._feedback: dict[str, Feedback] = {}
        self._filled: dict[str, dict[int, str]] = {}

    def forget(self) -> None:
        """Begin all of them again; what was answered stays stored."""
        self._feedback.clear()
        self._filled.clear()

    def answer_quiz(self, quiz: Quiz, index: int, facts: Mapping[str, object]) -> Feedback:
        """Take a chosen option."""
        option = quiz.options[index]
        text = with_facts(option.because, facts)
        return self._said(quiz, option.say, Feedback(option.right, text, option.right))

    def try_order(self, order: Order, lines: tuple[str, ...]) -> Feedback:
        """Take lines in an order."""
        given = "\n".join(lines)
        if lines in order.right_orders:
            text = f"That is it. {order.file} holds it now."
            return self._said(order, given, Feedback(True, text, True, order.text(lines)))
        return self._said(order, given, Feedback(False, _why_not(order, lines)))

    def fill_blank(self, fill: Fill, given: str) -> Feedback:
        """Take a text for the gap that is asked now."""
        index = self.open_blank(fill)
        if index is None:
            return Feedback(True, "", True)
        blank = fill.blanks[index]
        if not blank.accepts(given):
            said = blank.said_to(given) or f'"{given}" does not fit here. Look at the lines around it.'
            return self._said(fill, f"{index + 1}: {given}", Feedback(False, said))
        filled = self._filled.setdefault(fill.id, {})
        filled[index] = " ".join(given.split())
        is_done = self.open_blank(fill) is None
        file_text = fill.filled(filled) if is_done else ""
        feedback = Feedback(True, blank.because, is_done, file_text)
        return self._said(fill, f"{index + 1}: {given}", feedback)

    def open_blank(self, fill: Fill) -> int | None:
        """The index of the gap that is asked now; None when all are filled."""
        filled = self._filled.get(fill.id, {})
        return next((index for index in fill.sequence if index not in filled), None)

    def skip(self, exercise: Exercise) -> None:
        """Store that the learner went on without it."""
        self._store.add_answer(self._answer(exercise, "", is_right=False))

    def view(self, exercise: Exercise, *, is_done: bool) -> ExerciseView:
        """What a screen shows of it."""
        feedback = self._feedback.get(exercise.id)
        match exercise:
            case Order():
                return ExerciseView(exercise, shuffled(exercise), feedback=feedback, is_done=is_done)
            case Fill():
                blank = self.open_blank(exercise)
                filled = self._filled.get(exercise.id, {})
                text = exercise.filled(filled, OPEN_GAP)
                return ExerciseView(exercise, (), blank, text, frozenset(filled), OPEN_GAP, feedback, is_done)
            case Quiz():
                return ExerciseView(exercise, feedback=feedback, is_done=is_done)

    def _said(self, exercise: Exercise, given: str, feedback: Feedback) -> Feedback:
        self._store.add_answer(self._answer(exercise, given, is_right=feedback.is_right))
        self._feedback[exercise.id] = feedback
        return feedback

    def _answer(self, exercise: Exercise, given: str, *, is_right: bool) -> ExerciseAnswer:
        now = self._clock.now().isoformat(timespec="seconds")
        return ExerciseAnswer(self._lesson.slug, exercise.id, given, is_right, now)


def shuffled(order: Order) -> tuple[str, ...]:
    """All lines in an order of their own: the same each time, and never a right one."""
    lines = [*order.lines, *(distractor.line for distractor in order.distractors)]
    source = random.Random(order.id)  # noqa: S311 - a shuffle that is the same each time, no secret
    source.shuffle(lines)
    if tuple(lines) in order.right_orders:
        lines.reverse()
    return tuple(lines)


def _why_not(order: Order, lines: tuple[str, ...]) -> str:
    """The most useful thing to say of an order that is not right."""
    for distractor in order.distractors:
        if distractor.line in lines and not any(distractor.line in right for right in order.right_orders):
            return f"{distractor.line}: {distractor.because}"
    if not lines:
        return "Nothing is taken yet. Space takes the line that is marked."
    # Measured against the right order that it is nearest to.
    right = max(order.right_orders, key=lambda other: _agreeing(other, lines))
    missing = [line for line in right if line not in lines]
    at = _agreeing(right, lines)
    if at < len(lines) and at < len(right):
        if lines[at] in right and at == 0:
            return f"{lines[at]} does not come first."
        if lines[at] in right:
            return f"Up to line {at} it is right. {lines[at]} does not come next."
        return f"{lines[at]} does not belong there."
    if missing:
        return f"So far it is right. {len(missing)} more belong to it."
    return "All that belongs is there, and something more."


def _agreeing(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many lines agree from the top."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
