"""Mistakes in lessons, collected so that one does not hide the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from tutor.core.errors import LessonError


@dataclass(frozen=True, slots=True)
class LessonProblem:
    """One mistake in a lesson's files."""

    lesson: str
    """The lesson's folder name."""
    file: str
    """Path from the folder that holds the lessons' folder: ``lessons/02-two-stages/lesson.md``."""
    line: int
    """Counts from 1; 0 where no line is to blame."""
    what: str
    next_step: str = ""

    @property
    def where(self) -> str:
        """``lessons/02-two-stages/lesson.md:14``."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_error(self) -> LessonError:
        """The same, to be raised."""
        return LessonError(self.what, where=self.where, next_step=self.next_step)

    def __str__(self) -> str:
        return str(self.as_error())


@dataclass(slots=True)
class ProblemList:
    """The mistakes found so far in one lesson's folder."""

    folder: Path
    found: list[LessonProblem] = field(default_factory=list)

    def add(self, line: int, what: str, next_step: str = "", *, file: str = "lesson.md") -> None:
        """Note a mistake in a file of the lesson's folder; an empty ``file`` is the folder itself."""
        shown = "/".join(part for part in (self.folder.parent.name, self.folder.name, file) if part)
        self.found.append(LessonProblem(self.folder.name, shown, line, what, next_step))

    def __bool__(self) -> bool:
        return bool(self.found)

    def raise_first(self) -> None:
        """Raise the first mistake; the others are counted in its next step.

        Raises:
            LessonError: there is one.
        """
        if not self.found:
            return
        error = self.found[0].as_error()
        if others := self.found[1:]:
            error.next_step = "\n".join([error.next_step, "Also:", *map(str, others)]).lstrip("\n")
        raise error


def one_of(known: Iterable[str], given: str) -> str:
    """What to write instead of ``given``: the nearest known name, or all of them."""
    names = sorted(known)
    if near := get_close_matches(given, names, n=1, cutoff=0.6):
        return f'Did you mean "{near[0]}"?' + (f" Known: {', '.join(names)}." if len(names) > 1 else "")
    return f"Known: {', '.join(names)}." if names else "None are known here."
