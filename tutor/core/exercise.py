"""Questions that a learner answers without an engine: quiz, order, fill, recall."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BLANK = re.compile(r"___(\d+)___")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a quiz, and what is said to whoever chooses it."""

    say: str
    because: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question with one right answer; the wrong ones are real misconceptions."""

    id: str
    ask: str
    options: tuple[Option, ...]
    line: int = 0

    @property
    def right(self) -> Option:
        """The right answer."""
        return next(option for option in self.options if option.right)


@dataclass(frozen=True, slots=True)
class Distractor:
    """A line that does not belong, and why."""

    line: str
    because: str


@dataclass(frozen=True, slots=True)
class Order:
    """Lines to be put in order. The right result is written to ``file``."""

    id: str
    ask: str
    lines: tuple[str, ...]
    """In the right order."""
    distractors: tuple[Distractor, ...] = ()
    alternatives: tuple[tuple[str, ...], ...] = ()
    """Other right orders."""
    before: str = ""
    after: str = ""
    file: str = "Dockerfile"
    line: int = 0

    @property
    def right_orders(self) -> tuple[tuple[str, ...], ...]:
        """Every order that is right."""
        return (self.lines, *self.alternatives)

    def text(self, lines: tuple[str, ...]) -> str:
        """The file that these lines make."""
        parts = [self.before.rstrip("\n"), "\n".join(lines), self.after.strip("\n")]
        return "\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True)
class Blank:
    """One gap, what may stand there, and what is said to known wrong answers."""

    answers: tuple[str, ...]
    because: str
    wrong: tuple[Distractor, ...] = ()

    def accepts(self, given: str) -> bool:
        """Whether this is right; white space does not count."""
        return " ".join(given.split()) in {" ".join(answer.split()) for answer in self.answers}

    def said_to(self, given: str) -> str:
        """What is said to a wrong answer that is known; empty when it is not."""
        plain = " ".join(given.split()).lower()
        return next((w.because for w in self.wrong if " ".join(w.line.split()).lower() == plain), "")


@dataclass(frozen=True, slots=True)
class Fill:
    """A text with gaps ``___1___``. The right result is written to ``file``."""

    id: str
    ask: str
    text: str
    blanks: tuple[Blank, ...]
    """``blanks[0]`` is gap 1."""
    file: str = "Dockerfile"
    line: int = 0

    @property
    def sequence(self) -> tuple[int, ...]:
        """Indices of the blanks as they are asked: the last line first, a line from left to right."""
        found = [(m.start(), int(m[1]) - 1) for m in _BLANK.finditer(self.text)]
        by_line = sorted(found, key=lambda at: (-self.text.count("\n", 0, at[0]), at[0]))
        return tuple(index for _, index in by_line)

    def filled(self, given: dict[int, str], gap: str = "____") -> str:
        """The text with these answers in place, by index; gaps that are open show ``gap``."""
        return _BLANK.sub(lambda match: given.get(int(match[1]) - 1, gap), self.text).rstrip("\n") + "\n"


def blank_numbers(text: str) -> tuple[int, ...]:
    """The numbers of the gaps in a text, in the order they stand."""
    return tuple(int(match[1]) for match in _BLANK.finditer(text))


@dataclass(frozen=True, slots=True)
class Recall:
    """A question that only comes up in a review: with an answer to compare, or with options."""

    id: str
    ask: str
    answer: str = ""
    options: tuple[Option, ...] = field(default=())
    line: int = 0
