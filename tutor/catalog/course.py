"""The whole course: every lesson that can be read, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.catalog.problem import LessonProblem, ProblemList, one_of
from tutor.core.errors import LessonError, UsageError
from tutor.core.lesson import Lesson

if TYPE_CHECKING:
    from tutor.catalog.consistency import KnownCheck

LESSON_FILE = "lesson.md"


@dataclass(frozen=True, slots=True)
class Course:
    """All lessons in order."""

    lessons: tuple[Lesson, ...]
    problems: tuple[LessonProblem, ...] = ()
    """Mistakes in lessons that were left out."""

    def find(self, name: str) -> Lesson:
        """The lesson called ``two-stages``, ``02-two-stages``, ``2`` or ``02``.

        Raises:
            LessonError: there is one of this name, and it cannot be read.
            UsageError: there is none; names the nearest.
        """
        wanted = name.strip().strip("/").lower()
        for lesson in self.lessons:
            if wanted in {lesson.slug, lesson.name} or _is_number(wanted, lesson.number):
                return lesson
        for problem in self.problems:
            number, _, slug = problem.lesson.partition("-")
            is_meant = wanted in {slug, problem.lesson}
            if is_meant or (number.isdecimal() and _is_number(wanted, int(number))):
                raise problem.as_error()
        near = get_close_matches(wanted, [lesson.slug for lesson in self.lessons], n=1, cutoff=0.4)
        known = ", ".join(lesson.slug for lesson in self.lessons)
        raise UsageError(
            f'There is no lesson "{name}".',
            next_step=f'Did you mean "{near[0]}"?' if near else f"Lessons: {known or 'none could be read'}.",
        )


def _is_number(wanted: str, number: int) -> bool:
    return wanted.isascii() and wanted.isdecimal() and int(wanted) == number


def load_course(
    lessons_folder: Path, context_folder: Path, known_checks: Mapping[str, KnownCheck] | None = None
) -> Course:
    """Read every lesson below a folder.

    A broken lesson is left out and told in ``problems``; the others are there.

    Args:
        lessons_folder: holds a folder a lesson, ``NN-slug``.
        context_folder: the files that each lesson's ``start/`` is laid over.
        known_checks: the grader's checks by name; None leaves names, subjects and parameters unchecked.

    Raises:
        LessonError: one of the two folders is not there.
    """
    from tutor.catalog.lesson_file import load_lesson

    for folder in (lessons_folder, context_folder):
        if not folder.is_dir():
            raise LessonError(
                "There is no such folder.", where=str(folder), next_step="Install the package again."
            )
    lessons: list[Lesson] = []
    problems: list[LessonProblem] = []
    for folder in sorted(lessons_folder.iterdir()):
        if not _is_lesson(folder):
            continue
        found = ProblemList(folder)
        lesson = load_lesson(folder, context_folder, known_checks, found)
        if lesson is not None:
            _report_twin(lesson, lessons, found)
        if lesson is not None and not found:
            lessons.append(lesson)
        problems += found.found
    lessons, more = _without_unmet_needs(lessons, {problem.lesson for problem in problems})
    return Course(tuple(lessons), (*problems, *more))


def _is_lesson(folder: Path) -> bool:
    if not folder.is_dir() or folder.name.startswith((".", "_")):
        return False
    return folder.name[:1].isdecimal() or (folder / LESSON_FILE).exists()


def _report_twin(lesson: Lesson, others: list[Lesson], problems: ProblemList) -> None:
    for other in others:
        if lesson.number == other.number or lesson.slug == other.slug:
            problems.add(
                0,
                f"{lesson.name} and {other.name} share a number or a name.",
                "Progress is stored by name and order comes from the number: give it one of its own.",
                file="",
            )


def _without_unmet_needs(
    lessons: list[Lesson], broken: set[str]
) -> tuple[list[Lesson], tuple[LessonProblem, ...]]:
    """Leave out lessons that need one that does not come before them.

    One that needs a broken lesson stays: the broken one is told of already.
    """
    kept: list[Lesson] = []
    problems: list[LessonProblem] = []
    excused = {name.partition("-")[2] for name in broken}
    for lesson in lessons:
        found = ProblemList(lesson.folder)
        earlier = {other.slug for other in lessons if other.number < lesson.number}
        for need in lesson.needs:
            if need not in earlier | excused:
                found.add(1, f'No lesson before this one is called "{need}".', one_of(earlier, need))
        problems += found.found
        if not found:
            kept.append(lesson)
    return kept, tuple(problems)
