"""``fromscratch lesson check``: does a lesson hold what it promises, on the engine in use?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from tutor.command.check import CheckRequest, Grading
from tutor.core.errors import TutorError
from tutor.core.verdict import CheckpointReport, Outcome

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Engine
    from tutor.wiring import Wiring

REPEATS = 2
"""A right answer that passes once by luck would fail learners."""


@dataclass(slots=True)
class LessonResult:
    """What came of one lesson."""

    lesson: str
    problems: list[str] = field(default_factory=list)
    accepted: int = 0
    right: int = 0
    rejected: int = 0
    wrong: int = 0
    start_failed_by: tuple[str, ...] = ()
    elapsed_seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.problems

    def line(self) -> str:
        """One line for a person."""
        sign = "✓" if self.is_good else "✗"
        if not self.right and not self.wrong:
            return f"{sign} {self.lesson:<24} read; no answer was tried"
        return (
            f"{sign} {self.lesson:<24} right {self.accepted}/{self.right} accepted, wrong "
            f"{self.rejected}/{self.wrong} rejected by the intended check, {self.elapsed_seconds:.1f} s"
        )

    def as_dict(self) -> dict[str, object]:
        """For a program."""
        return {
            "lesson": self.lesson,
            "good": self.is_good,
            "right": self.right,
            "accepted": self.accepted,
            "wrong": self.wrong,
            "rejected_as_intended": self.rejected,
            "start_failed_by": list(self.start_failed_by),
            "elapsed_seconds": round(self.elapsed_seconds, 1),
            "problems": self.problems,
        }


async def check_lessons(wiring: Wiring, names: Sequence[str], *, as_json: bool, static: bool) -> int:
    """Check these lessons, or all when none is named; 0 when all are good, else 1.

    Raises:
        UsageError: there is no such lesson.
        EngineError: no engine works.
    """
    results = [
        LessonResult(problem.lesson, [str(problem)])
        for problem in wiring.course.problems
        if not names or any(name.strip("/") in problem.lesson for name in names)
    ]
    broken = {result.lesson for result in results}
    wanted = [name for name in names if not any(name.strip("/") in each for each in broken)]
    lessons = [wiring.course.find(name) for name in wanted] if names else wiring.course.lessons
    engine = await wiring.engine() if lessons and not static else None
    try:
        for lesson in lessons:
            result = await _check_one(wiring, engine, lesson)
            results.append(result)
            if not as_json:
                _tell(result)
    finally:
        if engine is not None:
            await engine.close()
    if as_json:
        click.echo(json.dumps({"schema": 1, "lessons": [each.as_dict() for each in results]}, indent=2))
    else:
        for result in results[: len(broken)]:
            _tell(result)
    return 0 if results and all(result.is_good for result in results) else 1


def _tell(result: LessonResult) -> None:
    click.echo(result.line())
    for problem in result.problems:
        click.echo("    " + problem.replace("\n", "\n    "))


async def _check_one(wiring: Wiring, engine: Engine | None, lesson: Lesson) -> LessonResult:
    from tutor.catalog.answer import load_answers
    from tutor.catalog.review import review_lesson

    result = LessonResult(lesson.name)
    began = monotonic()
    result.problems += [str(problem) for problem in await asyncio.to_thread(review_lesson, lesson)]
    try:
        answers = await asyncio.to_thread(load_answers, lesson)
    except TutorError as error:
        result.problems.append(str(error))
        return result
    if len(answers.right) < 2 or len(answers.wrong) < 4:
        result.problems.append(
            f"{lesson.name}/answers.yaml: {len(answers.right)} right and {len(answers.wrong)} wrong answers; "
            "at least 2 and 4 are wanted."
        )
    if engine is None:
        return result

    async def grade(folder: Path) -> CheckpointReport:
        request = CheckRequest(
            lesson.slug, None, folder, wiring.engine_choice, wiring.builder_choice, True, "auto", False, True
        )
        grading = Grading(request, wiring, engine, lesson)
        try:
            return await grading.grade()
        finally:
            grading.tidy()

    started = await grade(lesson.folder / "start")
    result.start_failed_by = _failed(started)
    if started.outcome is not Outcome.FAILED:
        result.problems.append(f"{lesson.name}/start: the untouched start has to fail, and {_told(started)}.")
    for right in answers.right:
        if engine.info.kind not in right.engines:
            continue
        result.right += 1
        reports = [await grade(right.folder) for _ in range(REPEATS)]
        bad = next((report for report in reports if report.outcome is not Outcome.PASSED), None)
        result.accepted += bad is None
        if bad is not None:
            result.problems.append(f"{lesson.name}/right/{right.name}: has to pass, and {_told(bad)}.")
    for wrong in answers.wrong:
        if engine.info.kind not in wrong.engines:
            continue
        result.wrong += 1
        report = await grade(wrong.folder)
        is_caught = wrong.caught_by in _failed(report)
        result.rejected += is_caught
        if not is_caught:
            result.problems.append(
                f"{lesson.name}/wrong/{wrong.name}: {wrong.caught_by} has to catch it, and {_told(report)}."
            )
    result.elapsed_seconds = monotonic() - began
    return result


def _failed(report: CheckpointReport) -> tuple[str, ...]:
    return tuple(each.check_id for each in report.verdicts if each.outcome is Outcome.FAILED)


def _told(report: CheckpointReport) -> str:
    if report.outcome is Outcome.PASSED:
        return "it passed"
    told = [f"{v.check_id}: {v.actual}" for v in report.verdicts if v.outcome is report.outcome]
    words = "failed by" if report.outcome is Outcome.FAILED else "could not be judged:"
    return f"{words} {'; '.join(told)}".rstrip(".")
