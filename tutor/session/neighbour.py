"""The right answer that is nearest to what a learner wrote, built beside it: what one change would do."""

from __future__ import annotations

import asyncio
import difflib
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import LessonError
from tutor.core.events import BaseNeeded, CheckpointFinished, CommandShown, ImageMeasured, SessionEvent, Shown
from tutor.core.image import SizeRole
from tutor.core.lesson import image_reference
from tutor.core.text import clean_line
from tutor.core.verdict import Outcome
from tutor.session.checkpoint import Checkpoint, CheckpointJob
from tutor.session.scene import new_run_id
from tutor.session.table import number

if TYPE_CHECKING:
    from tutor.catalog.answer import RightAnswer
    from tutor.core.verdict import CheckpointReport
    from tutor.session.scene import Scene

NEIGHBOUR_TAG = "nearest"
_CHANGED_LINES = 24
_TEXT_LIMIT_BYTES = 256 * 1024


async def build_neighbour(
    scene: Scene, mine: CheckpointReport, my_bytes: int | None
) -> AsyncGenerator[SessionEvent, None]:
    """Grade the nearest right answer and lay its outcome beside the learner's.

    Raises:
        LessonError: the lesson names no right answer for this engine.
    """
    run_id = new_run_id()
    nearest, difference = await asyncio.to_thread(_nearest, scene)
    with tempfile.TemporaryDirectory(prefix="fromscratch-") as made:
        folder = Path(made) / "context"
        await asyncio.to_thread(_overlaid, scene.files.folder, nearest.folder, folder)
        yield CommandShown(run_id, f"fromscratch check {scene.lesson.slug} --answer {nearest.name}")
        reference = image_reference(scene.lesson.slug, NEIGHBOUR_TAG)
        checkpoint = Checkpoint(scene.engine, scene.course.reader(), scene.course.clock)
        job = CheckpointJob(scene.lesson, folder, reference, run_id, "")
        theirs: CheckpointReport | None = None
        their_bytes: int | None = None
        async with aclosing(checkpoint.run(job)) as events:
            async for event in events:
                match event:
                    case CheckpointFinished():
                        theirs = event.report
                    case ImageMeasured():
                        if event.row.role is SizeRole.FINAL:
                            their_bytes = event.row.unpacked_bytes
                    case BaseNeeded():
                        yield event
                    case _:
                        pass
        if theirs is None:
            return
    sizes = ("unpacked bytes", _size(my_bytes), _size(their_bytes))
    rows = [*_verdict_rows(mine, theirs), sizes]
    rows += [("changed" if index == 0 else "", line, "") for index, line in enumerate(difference)]
    yield scene.show(
        Shown(
            run_id,
            f"Yours, and the nearest right answer: {nearest.route}",
            tuple(rows),
            ("", "yours", "nearest"),
            "− stands before a line of yours, + before one of the other. Nothing of yours was changed.",
            theirs.outcome is Outcome.PASSED,
        )
    )


def _size(size_bytes: int | None) -> str:
    return "none" if size_bytes is None else number(size_bytes)


def _verdict_rows(mine: CheckpointReport, theirs: CheckpointReport) -> list[tuple[str, str, str]]:
    """The checks whose outcome differs, with what was seen on either side."""
    other = {verdict.check_id: verdict for verdict in theirs.verdicts}
    rows = []
    for verdict in mine.verdicts:
        there = other.get(verdict.check_id)
        if there is None or there.outcome is verdict.outcome:
            continue
        rows.append(
            (
                verdict.title or verdict.check_id,
                clean_line(verdict.actual.split("\n")[0], 60) or verdict.outcome.value,
                clean_line(there.actual.split("\n")[0], 60) or there.outcome.value,
            )
        )
    return rows


def _nearest(scene: Scene) -> tuple[RightAnswer, tuple[str, ...]]:
    """The right answer whose files differ least from the learner's, and the lines that differ."""
    from tutor.catalog.answer import load_answers

    kind = scene.engine.info.kind
    best: tuple[int, RightAnswer, tuple[str, ...]] | None = None
    for answer in load_answers(scene.lesson).right:
        if kind in answer.engines or kind == "replay":
            lines = difference(scene.files.folder, answer.folder)
            if best is None or len(lines) < best[0]:
                best = (len(lines), answer, lines)
    if best is None:
        raise LessonError(
            "This lesson has no right answer for the engine in use.", where=str(scene.lesson.folder)
        )
    return best[1], best[2][:_CHANGED_LINES]


def difference(mine: Path, answer: Path) -> tuple[str, ...]:
    """The lines that differ between a workspace and the files of an answer. Blank ones do not count."""
    found: list[str] = []
    for path in sorted(path for path in answer.rglob("*") if path.is_file()):
        name = path.relative_to(answer)
        before, after = (_lines(side) for side in (mine / name, path))
        for line in difflib.ndiff(before, after):
            if line[0] in "+-" and line[2:].strip():
                sign = "+" if line[0] == "+" else "−"
                shown = clean_line(line[2:], 200)
                found.append(f"{sign} {shown}" if str(name) == "Dockerfile" else f"{name}: {sign} {shown}")
    return tuple(found)


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _TEXT_LIMIT_BYTES:
            return []
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _overlaid(workspace: Path, answer: Path, target: Path) -> None:
    shutil.copytree(workspace, target, symlinks=True)
    shutil.copytree(answer, target, dirs_exist_ok=True)
