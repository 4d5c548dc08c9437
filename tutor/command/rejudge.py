"""Evidence that was stored, judged again: no engine, no build, no run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tutor.core.errors import StorageError
from tutor.core.evidence import Evidence
from tutor.core.submission import SubmissionResult
from tutor.wiring import Wiring


def rejudge(path: Path, rubric: str, lesson: str) -> SubmissionResult:
    """The verdicts that a rubric, or a lesson, gives on stored evidence.

    Raises:
        StorageError: the evidence is damaged or of another schema.
        LessonError: the rubric does not fit.
    """
    from tutor.command.grade_work import rubric_path
    from tutor.grading.evidence_json import decode_evidence
    from tutor.grading.rubric import FINAL, lesson_rubric, read_rubric, score
    from tutor.grading.runner import judge

    try:
        evidence = decode_evidence(path.read_bytes())
    except OSError as error:
        raise StorageError(f"The evidence cannot be read: {error.strerror}", where=str(path)) from error
    wiring = Wiring()
    try:
        lessons = wiring.course.lessons
        if lesson:
            chosen = lesson_rubric(wiring.course.find(lesson))
        elif not rubric and evidence.lesson in {each.slug for each in lessons}:
            chosen = lesson_rubric(wiring.course.find(evidence.lesson))
        else:
            chosen = read_rubric(rubric_path(rubric or "lab"), lessons)
    finally:
        wiring.close()
    evidence = renamed(evidence, FINAL)
    outcome, items = score(chosen, tuple(judge(chosen.specs, evidence)))
    final = evidence.images.get(FINAL)
    stages = [image.unpacked_bytes for name, image in evidence.images.items() if "/" in name]
    return SubmissionResult(
        name=path.name.removesuffix(".evidence.json").removesuffix(".json"),
        kind="evidence",
        sha256="",
        outcome=outcome,
        rubric=chosen.title,
        rubric_sha256=chosen.sha256,
        engine=evidence.engine,
        official=False,
        taken_at=evidence.taken_at,
        elapsed_seconds=0.0,
        points=round(sum(item.points for item in items), 4),
        max_points=chosen.max_points,
        items=items,
        final_bytes=final.unpacked_bytes if final else None,
        builder_bytes=max(stages, default=None),
        stand_in=evidence.stand_in,
        notes=("Judged from stored evidence: nothing was built or run.",),
    )


def renamed(evidence: Evidence, tag: str) -> Evidence:
    """The evidence as if its one image had been built under another tag."""
    tags = {name.partition("/")[0] for name in (*evidence.images, *evidence.containers)}
    old = next(iter(tags), tag)

    def moved(name: str) -> str:
        return tag + name.removeprefix(old) if name.partition("/")[0] == old else name

    return replace(
        evidence,
        images={moved(name): image for name, image in evidence.images.items()},
        containers={moved(name): each for name, each in evidence.containers.items()},
        exchanges={moved(name): each for name, each in evidence.exchanges.items()},
    )
