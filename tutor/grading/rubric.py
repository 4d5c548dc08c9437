"""A rubric: which checks, what each is worth, and what a submission may use. Read from YAML."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tutor.core.errors import LessonError, UsageError
from tutor.core.lesson import CheckSpec, Lesson
from tutor.core.submission import GradedItem
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import known_checks
from tutor.grading.runner import validate

FINAL = "final"
"""The tag that a rubric's checks are made on."""


class _Check(msgspec.Struct, forbid_unknown_fields=True):
    check: str
    id: str = ""
    points: Annotated[float, Meta(ge=0)] = 1.0
    required: bool = True
    title: str = ""
    why: str = ""
    next: str = ""
    needs: tuple[str, ...] = ()
    params: dict[str, object] = {}


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a submission may use. Megabytes are 10^6 bytes."""

    build_seconds: Annotated[float, Meta(gt=0)] = 300
    build_memory_mb: Annotated[int, Meta(ge=64)] = 2000
    build_log_mb: Annotated[float, Meta(gt=0)] = 8
    disk_mb: Annotated[int, Meta(ge=50)] = 4000
    run_memory_mb: Annotated[int, Meta(ge=16)] = 256
    run_processes: Annotated[int, Meta(ge=8)] = 64
    submission_mb: Annotated[int, Meta(ge=1)] = 64
    submission_files: Annotated[int, Meta(ge=1)] = 2000


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    checks: tuple[_Check, ...] = ()
    lesson: str = ""
    lesson_points: Annotated[float, Meta(gt=0)] = 100.0
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    dockerfile: str = ""
    par_bytes: int | None = None
    network: bool = False
    read_only: bool = True
    stand_in: bool = False
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class RubricItem:
    """One check and its weight."""

    spec: CheckSpec
    points: float
    required: bool


@dataclass(frozen=True, slots=True)
class Rubric:
    """A rubric that was read and found sound."""

    title: str
    sha256: str
    items: tuple[RubricItem, ...]
    limits: Limits
    lesson: str = ""
    """Slug of the lesson it belongs to, if any."""
    port: int | None = None
    """Where the service listens; None finds it out."""
    dockerfile: str = ""
    par_bytes: int | None = None
    network: bool = False
    read_only: bool = True
    stand_in: bool = False
    """Whether a base made here in place of the real one counts for an official grade."""

    @property
    def specs(self) -> tuple[CheckSpec, ...]:
        """The checks to make."""
        return tuple(item.spec for item in self.items)

    @property
    def max_points(self) -> float:
        """What a submission can earn."""
        return sum(item.points for item in self.items)


def read_rubric(path: Path, lessons: tuple[Lesson, ...] = ()) -> Rubric:
    """Read a rubric file. ``lessons`` are those that its ``lesson`` may name.

    Raises:
        UsageError: it cannot be read.
        LessonError: a field, a check or a parameter in it does not exist.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The rubric {path} cannot be read: {error.strerror}") from error
    try:
        document = msgspec.yaml.decode(text, type=_Document)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise LessonError(
            f"The rubric cannot be read: {error}",
            where=path.name,
            next_step="docs/grading.md tells its fields.",
        ) from error
    items: list[RubricItem] = []
    par = document.par_bytes
    port = document.port
    if document.lesson:
        lesson = _lesson(document.lesson, lessons, path)
        share = document.lesson_points / len(lesson.checks)
        items += [RubricItem(_on_final(spec), share, True) for spec in lesson.checks]
        par, port = par or lesson.par_bytes, port or lesson.port
    items += [
        RubricItem(_spec(check, index), check.points, check.required)
        for index, check in enumerate(document.checks, 1)
    ]
    if not items:
        raise LessonError(
            "The rubric has no check.", where=path.name, next_step="Give it checks, or a lesson."
        )
    try:
        validate([item.spec for item in items])
    except LessonError as error:
        raise LessonError(error.what, where=path.name, next_step=error.next_step) from error
    return Rubric(
        title=document.title,
        sha256=hashlib.sha256(text).hexdigest(),
        items=tuple(items),
        limits=document.limits,
        lesson=document.lesson,
        port=port,
        dockerfile=document.dockerfile,
        par_bytes=par,
        network=document.network,
        read_only=document.read_only,
        stand_in=document.stand_in,
    )


def lesson_rubric(lesson: Lesson) -> Rubric:
    """The checkpoint of a lesson as a rubric of a hundred points."""
    share = 100.0 / max(1, len(lesson.checks))
    digest = hashlib.sha256(msgspec.json.encode([msgspec.to_builtins(spec) for spec in lesson.checks]))
    return Rubric(
        title=lesson.title,
        sha256=digest.hexdigest(),
        items=tuple(RubricItem(_on_final(spec), share, True) for spec in lesson.checks),
        limits=Limits(),
        lesson=lesson.slug,
        port=lesson.port,
        par_bytes=lesson.par_bytes,
    )


def _lesson(slug: str, lessons: tuple[Lesson, ...], path: Path) -> Lesson:
    for lesson in lessons:
        if slug in (lesson.slug, lesson.name):
            return lesson
    known = ", ".join(lesson.slug for lesson in lessons)
    raise LessonError(f'There is no lesson "{slug}".', where=path.name, next_step=f"There are: {known}.")


def _on_final(spec: CheckSpec) -> CheckSpec:
    head, *rest = spec.on.split(".")
    on = ".".join([head, FINAL, *rest[1:]]) if rest else head
    return replace(spec, on=on)


def _spec(check: _Check, index: int) -> CheckSpec:
    info = known_checks().get(check.check)
    subject = f"image.{FINAL}" if info is None or "image" in info.subjects else info.subjects[0]
    return CheckSpec(
        id=check.id or f"{check.check.replace('_', '-')}-{index}",
        check=check.check,
        on=subject,
        why=check.why,
        title=check.title or (info.title if info is not None else ""),
        needs=check.needs,
        params=check.params,
        next_step=check.next,
    )


def score(rubric: Rubric, verdicts: tuple[Verdict, ...]) -> tuple[Outcome, tuple[GradedItem, ...]]:
    """Points for every check, and how the whole ended.

    Failed when a required check failed or waits for one that failed; else unknown when a check could
    not be judged, since points may be missing; else passed.
    """
    by_id = {verdict.check_id: verdict for verdict in verdicts}
    graded = tuple(
        GradedItem(
            by_id[item.spec.id],
            item.points if by_id[item.spec.id].outcome is Outcome.PASSED else 0.0,
            item.points,
            item.required,
        )
        for item in rubric.items
        if item.spec.id in by_id
    )
    required = {item.verdict.outcome for item in graded if item.required}
    if Outcome.FAILED in required:
        return Outcome.FAILED, graded
    if any(item.verdict.outcome is Outcome.UNKNOWN for item in graded) or not graded:
        return Outcome.UNKNOWN, graded
    return (Outcome.FAILED if Outcome.WAITING in required else Outcome.PASSED), graded
