"""A checkpoint: build, read, run, probe, judge. One way for the screen and the command line."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import BaseImageMissing, ContainerError, DockerfileError, TutorError
from tutor.core.events import (
    BaseNeeded,
    BuildCancelled,
    BuildFailed,
    BuildFinished,
    CheckJudged,
    CheckpointFinished,
    CheckStarted,
    CommandShown,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    ImageMeasured,
    Said,
    SessionEvent,
)
from tutor.core.evidence import BuildEvidence, ContainerEvidence, Evidence
from tutor.core.image import ContainerState, SizeRole
from tutor.core.ports import BuildRequest, RunRequest
from tutor.core.trial import TEXT_LIMIT_BYTES
from tutor.core.verdict import CheckpointReport, overall
from tutor.session.gathered import Gathered
from tutor.session.live import (
    bases_are_stand_ins,
    missing_bases,
    read_dockerfile,
    read_stages,
    start_and_settle,
    why_unreachable,
)
from tutor.session.measure import ImageReader
from tutor.session.merge import merged
from tutor.session.port import start_where_it_listens
from tutor.session.step_log import StepLog
from tutor.session.trial_run import TrialRun

if TYPE_CHECKING:
    from tutor.core.http import HttpExchange
    from tutor.core.image import BuiltImage
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Clock, Engine


@dataclass(frozen=True, slots=True)
class CheckpointJob:
    """What to grade: a folder, as an answer to a lesson."""

    lesson: Lesson
    context: Path
    reference: str
    """The tag the final image gets."""
    run_id: str
    workspace_sha256: str
    use_cache: bool = True
    token: str = ""
    """What the learner's program has to say of itself; empty leaves it to a file of the folder."""
    dockerfile: Path | None = None
    """Default: ``Dockerfile`` in the folder."""
    build_args: Mapping[str, str] = field(default_factory=dict)
    finds_port: bool = False
    """Ask where EXPOSE says, then where the service listens, instead of on the lesson's port."""


class Checkpoint:
    """Gathers evidence on one engine and has it judged."""

    def __init__(self, engine: Engine, reader: ImageReader, clock: Clock) -> None:
        self._engine = engine
        self._reader = reader
        self._clock = clock
        self.evidence: Evidence | None = None
        """Of the last run."""
        self.report: CheckpointReport | None = None
        """Of the last run; None while it runs, or when a base image was missing."""

    async def run(self, job: CheckpointJob) -> AsyncGenerator[SessionEvent, None]:
        """Do all of it, telling every step.

        Ends with CheckpointFinished; or with BaseNeeded, when a base image has to be chosen first.
        A fault that is not the learner's becomes verdicts that say ``unknown``.
        """
        self.evidence = self.report = None
        began = self._clock.monotonic()
        taken_at = self._clock.now().isoformat(timespec="seconds")
        gathered = Gathered()
        try:
            async with aclosing(self._gather(job, gathered)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, BaseNeeded | BuildCancelled):
                        return
        except TutorError as error:
            gathered.fault = str(error)
        evidence = gathered.evidence(job.lesson, self._engine.info, taken_at, job.token)
        self.evidence = evidence
        async with aclosing(self._judge(job, evidence, taken_at, began)) as events:
            async for event in events:
                yield event

    async def _gather(self, job: CheckpointJob, gathered: Gathered) -> AsyncGenerator[SessionEvent, None]:
        from tutor.grading.check import demand_of

        text = read_dockerfile(job.context, str(job.dockerfile or "Dockerfile"))
        if text is None:
            gathered.build = BuildEvidence(False, 0.0, "There is no file named Dockerfile in the workspace.")
            return
        gathered.dockerfile_sha256 = hashlib.sha256(text.encode()).hexdigest()
        gathered.dockerfile = text[:TEXT_LIMIT_BYTES]
        gathered.stages = read_stages(text)
        trying = TrialRun(self._engine, self._reader, self._clock, demand_of(job.lesson.checks))
        given = (job.lesson.folder / "start", job.lesson.context)
        await trying.look_at_folder(self._build_request(job, gathered), given)
        gathered.trials = trying.trials
        async for needed in missing_bases(self._engine, gathered.stages.bases, job.run_id):
            yield needed
            return
        async with aclosing(self._build(job, gathered)) as events:
            async for event in events:
                yield event
        if not gathered.build.succeeded:
            return
        gathered.stand_in = await bases_are_stand_ins(self._engine, gathered.stages.bases)
        final = gathered.built[-1]
        async with aclosing(
            merged(self._read_images(job, gathered), self._run_and_probe(job, gathered, final))
        ) as merged_events:
            async for event in merged_events:
                yield event
        summary = await self._engine.images.find(final.image_id)
        container = gathered.containers.get(job.lesson.tag)
        if summary is None or container is None or gathered.fault:
            return
        try:
            request = self._build_request(job, gathered)
            run = RunRequest(job.run_id, final.image_id, container.port, lesson=job.lesson.slug)
            async with aclosing(trying.try_image(summary, request, run)) as trial_events:
                async for event in trial_events:
                    yield event
        finally:
            gathered.trials = trying.trials

    def _build_request(self, job: CheckpointJob, gathered: Gathered) -> BuildRequest:
        return BuildRequest(
            run_id=job.run_id,
            context=job.context,
            tag=job.reference,
            keep_stages=gathered.stages.kept,
            use_cache=job.use_cache,
            lesson=job.lesson.slug,
            dockerfile=job.dockerfile,
            build_args=job.build_args,
        )

    async def _build(self, job: CheckpointJob, gathered: Gathered) -> AsyncGenerator[SessionEvent, None]:
        try:
            request = self._build_request(job, gathered)
            log = StepLog()
            async with aclosing(self._engine.builder.build(request)) as events:
                async for event in events:
                    log.hear(event)
                    if isinstance(event, BuildFinished):
                        gathered.built = event.images
                        gathered.build = BuildEvidence(True, event.elapsed_seconds)
                    elif isinstance(event, BuildFailed):
                        gathered.build = BuildEvidence(
                            False, event.elapsed_seconds, log.error_of(event), event.line
                        )
                    yield event
        except DockerfileError as error:
            gathered.build = BuildEvidence(False, 0.0, str(error), error.line or None)
            yield BuildFailed(job.run_id, error.what, 0.0, line=error.line or None, next_step=error.next_step)
        except BaseImageMissing as error:
            gathered.build = BuildEvidence(False, 0.0, str(error))
            gathered.fault = str(error)

    async def _read_images(
        self, job: CheckpointJob, gathered: Gathered
    ) -> AsyncGenerator[SessionEvent, None]:
        measured = self._reader.measure_built(
            gathered.built,
            job.run_id,
            tag=job.lesson.tag,
            lesson=job.lesson.slug,
            stand_in=gathered.stand_in,
        )
        async with aclosing(measured) as events:
            async for event in events:
                if isinstance(event, ImageMeasured):
                    row, tag = event.row, job.lesson.tag
                    key = f"{tag}/{row.name}" if row.role is SizeRole.BUILDER else tag
                    gathered.images[key] = self._reader.evidence[row.image_id]
                yield event
        read = {image.image_id for image in gathered.images.values()}
        for image in gathered.built:
            if image.image_id not in read:
                gathered.fault = f"The image {image.reference} was removed while it was being read."

    async def _run_and_probe(
        self, job: CheckpointJob, gathered: Gathered, final: BuiltImage
    ) -> AsyncGenerator[SessionEvent, None]:
        from tutor.grading.check import probe_paths

        tag = job.lesson.tag
        port = job.lesson.port
        request = RunRequest(run_id=job.run_id, image=final.image_id, port=port, lesson=job.lesson.slug)
        paths = probe_paths(job.lesson.checks)
        try:
            path = paths[0] if paths else "/"
            summary = await self._engine.images.find(final.image_id) if job.finds_port else None
            if summary is not None:
                started = await start_where_it_listens(self._engine, request, path, summary.config)
            else:
                started = await start_and_settle(self._engine, request, path)
        except ContainerError as error:
            gathered.containers[tag] = ContainerEvidence(ContainerState("exited", None, error.what), port)
            yield ContainerExited(job.run_id, "", None, error.what, (), error.next_step)
            return
        container = started.container
        try:
            address = f"{container.host}:{container.host_port}" if container.host_port else ""
            yield ContainerStarted(job.run_id, container.container_id, tag, address, container.command)
            exchanges: list[HttpExchange] = []
            if started.state.is_running:
                for path in paths:
                    exchange = await self._engine.probe.request(container, path)
                    exchanges.append(exchange)
                    yield CommandShown(job.run_id, exchange.curl)
                    yield EndpointProbed(job.run_id, exchange)
            gathered.exchanges[tag] = tuple(exchanges)
            state = await self._engine.runtime.state(container.container_id)
            gathered.containers[tag] = ContainerEvidence(
                state=state,
                port=container.port,
                log=await self._engine.runtime.logs(container.container_id),
                listeners=await self._engine.runtime.listeners(container.container_id)
                if state.is_running
                else None,
            )
            if not state.is_running:
                yield ContainerExited(
                    job.run_id,
                    container.container_id,
                    state.exit_code,
                    state.error,
                    gathered.containers[tag].log,
                )
            elif started.first_answer is None and container.can_be_asked:
                yield Said(job.run_id, await why_unreachable(self._engine, container), "warning")
        finally:
            await asyncio.shield(self._engine.runtime.remove(container.container_id))

    async def _judge(
        self, job: CheckpointJob, evidence: Evidence, taken_at: str, began: float
    ) -> AsyncGenerator[SessionEvent, None]:
        from tutor.grading.runner import judge

        titles = {spec.id: spec.title for spec in job.lesson.checks}
        for spec in job.lesson.checks:
            yield CheckStarted(job.run_id, spec.id, titles[spec.id])
        verdicts = []
        for verdict in judge(job.lesson.checks, evidence):
            verdicts.append(verdict)
            yield CheckJudged(job.run_id, verdict)
        notes = []
        if evidence.stand_in:
            notes.append(
                "The base image is a stand-in made on this machine, since no registry answered: "
                "sizes are near those of the real one, not equal."
            )
        if not self._engine.info.official:
            notes.append("Graded for practice: an official grade is made again elsewhere.")
        self.report = CheckpointReport(
            lesson=job.lesson.slug,
            outcome=overall(tuple(verdicts)),
            verdicts=tuple(verdicts),
            engine=self._engine.info.name,
            taken_at=taken_at,
            elapsed_seconds=self._clock.monotonic() - began,
            workspace_sha256=job.workspace_sha256,
            stand_in=evidence.stand_in,
            notes=tuple(notes),
        )
        yield CheckpointFinished(job.run_id, self.report)
