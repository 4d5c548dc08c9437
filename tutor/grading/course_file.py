"""``course.yaml``: which lessons count for how much, when they are due, and who a learner is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tutor.core.errors import LessonError, UsageError
from tutor.core.submission import SubmissionResult


class LessonTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lesson of a course."""

    weight: Annotated[float, Meta(ge=0)] = 1.0
    due: datetime | None = None
    rubric: str = ""
    """A file beside course.yaml; empty for the lesson's own checkpoint."""


class LateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What being late costs: a share of the points for each day that has begun."""

    percent_per_day: Annotated[float, Meta(ge=0, le=100)] = 0.0
    grace_minutes: Annotated[float, Meta(ge=0)] = 0.0
    last_day: Annotated[int, Meta(ge=0)] | None = None
    """After so many days nothing is left."""


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    course: str
    learner: tuple[str, ...] = ("name", "id")
    """Fields that say who a learner is; the first names a row of the gradebook."""
    lessons: dict[str, LessonTerms] = {}
    late: LateRule = LateRule()


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late a submission is, and what that leaves of its points."""

    days: int
    factor: float


def read_course(path: Path) -> Course:
    """Read a course file.

    Raises:
        UsageError: it is not there.
        LessonError: it does not fit.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The course file {path} cannot be read: {error.strerror}") from error
    try:
        course = msgspec.yaml.decode(text, type=Course)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise LessonError(
            f"The course file cannot be read: {error}",
            where=path.name,
            next_step="docs/grading.md tells its fields.",
        ) from error
    if not course.learner:
        raise LessonError("The course file names no field of a learner.", where=path.name)
    return course


def lateness(course: Course, lesson: str, submitted_at: str) -> Lateness:
    """By the time that the bundle tells; a submission without one is never late."""
    terms = course.lessons.get(lesson)
    try:
        moment = datetime.fromisoformat(submitted_at)
    except ValueError:
        return Lateness(0, 1.0)
    if terms is None or terms.due is None:
        return Lateness(0, 1.0)
    due = terms.due if terms.due.tzinfo else terms.due.replace(tzinfo=UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    over = (moment - due).total_seconds() - 60 * course.late.grace_minutes
    if over <= 0:
        return Lateness(0, 1.0)
    days = math.ceil(over / 86_400)
    if course.late.last_day is not None and days > course.late.last_day:
        return Lateness(days, 0.0)
    return Lateness(days, max(0.0, 1 - days * course.late.percent_per_day / 100))


def with_lateness(result: SubmissionResult, course: Course | None) -> SubmissionResult:
    """The result with what lateness takes away."""
    if course is None:
        return result
    late = lateness(course, result.lesson, result.submitted_at)
    left = round(result.points * late.factor, 4)
    return replace(
        result,
        course=result.course or course.course,
        late_days=late.days,
        penalty=round(result.points - left, 4),
        points=left,
    )


def who(result: SubmissionResult, course: Course | None) -> str:
    """A learner's name for a row: the first field of the course that is given, else the file's name."""
    for field in course.learner if course is not None else ("name", "id"):
        if result.learner.get(field):
            return result.learner[field]
    return result.name
