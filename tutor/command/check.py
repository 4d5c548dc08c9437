"""``fromscratch check``: a checkpoint without a screen."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tutor.core.errors import BaseImageMissing, TutorError
from tutor.core.events import (
    BaseNeeded,
    BuildFailed,
    BuildStarted,
    EndpointProbed,
    ImageMeasured,
    Said,
    SessionEvent,
    StepFinished,
    StepStarted,
)
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.base import BasePlan
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Engine
    from tutor.session.checkpoint import Checkpoint, CheckpointJob

EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.UNKNOWN: 2}
CHECK_TAG = "check"
"""The tag of images built here from folders that are not the learner's workspace."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What the command line asked for."""

    lesson: str
    workspace: Path | None
    answer: Path | None
    engine: str
    builder: str
    use_cache: bool
    base: str
    as_json: bool
    is_quiet: bool = False
    """Nothing is told but the result."""
    lessons_folder: Path | None = None


async def run_check(request: CheckRequest) -> int:
    """Grade and print; the exit code."""
    wiring = Wiring(request.engine, request.builder, request.lessons_folder)  # type: ignore[arg-type]  # click.Choice checked them
    try:
        return await _run(request, wiring)
    except TutorError as error:
        if request.as_json:
            click.echo(json.dumps(_fault(request, error), indent=2))
        else:
            click.echo(str(error), err=True)
        return error.exit_code if error.exit_code != 1 else 2
    finally:
        wiring.close()


def _fault(request: CheckRequest, error: TutorError) -> dict[str, object]:
    return {
        "schema": 1,
        "lesson": request.lesson,
        "outcome": Outcome.UNKNOWN.value,
        "exit_code": 2,
        "error": {"what": error.what, "where": error.where, "next_step": error.next_step},
    }


async def _run(request: CheckRequest, wiring: Wiring) -> int:
    lesson = wiring.course.find(request.lesson)
    engine = await wiring.engine()
    try:
        await engine.sweep()
        graded = Grading(request, wiring, engine, lesson)
        try:
            report = await graded.grade()
        finally:
            graded.tidy()
    finally:
        await engine.close()
    if request.as_json:
        from tutor.grading.report import json_report

        click.echo(json.dumps(json_report(report, graded.evidence), indent=2))
    else:
        from tutor.grading.report import text_report

        click.echo(text_report(report))
    return EXIT_CODES[report.outcome]


class Grading:
    """One grading of one folder."""

    def __init__(self, request: CheckRequest, wiring: Wiring, engine: Engine, lesson: Lesson) -> None:
        from tutor.session.scene import new_run_id

        self._request = request
        self._wiring = wiring
        self._engine = engine
        self._lesson = lesson
        self._run_id = new_run_id()
        self._scratch: Path | None = None
        self.evidence = None

    def _folder(self) -> tuple[Path, str]:
        """The folder to grade, and the reference its image gets."""
        from tutor.core.lesson import image_reference
        from tutor.storage.token import learner_token
        from tutor.storage.workspace import Workspace, lay_answer

        lesson, request = self._lesson, self._request
        elsewhere = image_reference(lesson.slug, CHECK_TAG)
        if request.workspace is not None:
            return request.workspace.resolve(), elsewhere
        if request.answer is not None:
            self._scratch = self._wiring.scratch_folder / f"{os.getpid()}-{self._run_id}"
            lay_answer(lesson.context, lesson.folder / "start", request.answer, self._scratch)
            return self._scratch, elsewhere
        location = self._wiring.location
        workspace = Workspace(
            location.workspace_folder / lesson.name,
            location.kept_folder / lesson.name,
            token=lambda: learner_token(self._wiring.store),
        )
        workspace.create(lesson.context, lesson.folder / "start")
        return workspace.folder, lesson.reference

    def tidy(self) -> None:
        """Remove the copy that was graded, if one was made."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    async def grade(self) -> CheckpointReport:
        """Run the checkpoint, obtaining base images on the way."""
        from tutor.core.clock import SystemClock
        from tutor.grading.evidence_json import encode_evidence
        from tutor.session.checkpoint import Checkpoint, CheckpointJob
        from tutor.session.measure import ImageReader
        from tutor.storage.workspace import Workspace

        folder, reference = self._folder()
        store = self._wiring.store
        checkpoint = Checkpoint(self._engine, ImageReader(self._engine.images, store), SystemClock())
        job = CheckpointJob(
            lesson=self._lesson,
            context=folder,
            reference=reference,
            run_id=self._run_id,
            workspace_sha256=Workspace(folder, folder).sha256(),
            use_cache=self._request.use_cache,
        )
        report = await self._run(checkpoint, job)
        if await self._fetch(folder, reference):
            # The file it asks for comes out of the very image that was built just now.
            report = await self._run(checkpoint, job)
        self.evidence = checkpoint.evidence  # type: ignore[assignment]  # a run that reported has it
        if self._request.workspace is None and self._request.answer is None and checkpoint.evidence:
            store.add_attempt(report, encode_evidence(checkpoint.evidence))
        return report

    async def _run(self, checkpoint: Checkpoint, job: CheckpointJob) -> CheckpointReport:
        while True:
            needed: BasePlan | None = None
            async with aclosing(checkpoint.run(job)) as events:
                async for event in events:
                    self._tell(event)
                    if isinstance(event, BaseNeeded):
                        needed = event.plan
            if needed is not None:
                await self._obtain(needed)
            elif checkpoint.report is not None:
                return checkpoint.report

    async def _fetch(self, folder: Path, reference: str) -> bool:
        """Copy out of the container what answers.yaml tells; False when that is nothing."""
        from tutor.catalog.answer import ANSWERS_FILE, load_answers
        from tutor.core.ports import RunRequest
        from tutor.session.answer_fetch import fetch_from_image

        lesson, answer = self._lesson, self._request.answer
        is_listed = answer is not None and (lesson.folder / ANSWERS_FILE).is_file()
        fetch = load_answers(lesson).fetch_of(answer) if answer is not None and is_listed else None
        if fetch is None:
            return False
        request = RunRequest(self._run_id, reference, lesson.port, lesson=lesson.slug)
        return await fetch_from_image(self._engine, reference, request, fetch.path, folder / fetch.to)

    async def _obtain(self, plan: BasePlan) -> None:
        from tutor.session.live import obtain_base

        how = self._choose(plan)
        megabytes = (plan.pull_bytes or 0) / 1e6
        words = {
            "pull": f"Pulling {plan.reference} ({megabytes:.0f} MB)",
            "kit": f"Loading {plan.reference} from the class kit",
            "stand-in": f"Making a stand-in for {plan.reference}: {plan.stand_in_note}",
        }
        click.echo(words[how], err=True)
        async with aclosing(obtain_base(self._engine, plan.reference, how, self._run_id)) as events:
            async for _event in events:
                pass

    def _choose(self, plan: BasePlan) -> str:
        """How to obtain a base: as asked for; a pull only when agreed to."""
        asked = self._request.base
        megabytes = (plan.pull_bytes or 0) / 1e6
        if asked in plan.ways:
            return asked
        if asked == "auto" and plan.kit_bytes is not None:
            return "kit"
        if asked == "auto" and plan.pull_bytes is not None:
            if sys.stdin.isatty() and click.confirm(
                f"{plan.reference} is not here. Pull {megabytes:.0f} MB?", default=True, err=True
            ):
                return "pull"
            raise BaseImageMissing(
                f"{plan.reference} is not here, and its pull ({megabytes:.0f} MB) needs a yes.",
                next_step="Agree with --base pull, or use a stand-in made here with --base stand-in.",
            )
        if asked == "auto" and plan.stand_in:
            return "stand-in"
        raise BaseImageMissing(
            f"The base image {plan.reference} is not here. {plan.registry_error}".strip(),
            next_step=plan.stand_in_note or "Load it into the engine, then try again.",
        )

    def _tell(self, event: SessionEvent) -> None:
        """Progress for a person: on standard error, so that output stays clean for programs."""
        if self._request.is_quiet:
            return
        match event:
            case BuildStarted():
                click.echo(f"$ {event.command}", err=True)
            case StepStarted():
                click.echo(f"  [{event.stage} {event.number}/{event.total}] {event.text}", err=True)
            case StepFinished() if event.error:
                click.echo("    failed", err=True)
            case BuildFailed():
                click.echo(f"  {event.error}", err=True)
            case ImageMeasured():
                click.echo(f"  {event.row.name}: {event.row.unpacked_bytes / 1e6:.2f} MB unpacked", err=True)
            case EndpointProbed():
                answer = event.exchange.status or event.exchange.error
                click.echo(f"  {event.exchange.method} {event.exchange.path}: {answer}", err=True)
            case Said():
                click.echo(f"  {event.text}", err=True)
            case _:
                pass
