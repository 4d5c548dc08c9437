"""The live steps of one lesson: build, run, probe, as a learner does them between checkpoints."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.events import (
    BuildFailed,
    BuildFinished,
    CheckJudged,
    CommandShown,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    ImageMeasured,
    PredictionCompared,
    Said,
    SessionEvent,
)
from tutor.core.image import Container, SizeRole
from tutor.core.lesson import Lesson, Run, image_reference
from tutor.core.ports import BuildRequest, RunRequest
from tutor.session.fact import Facts
from tutor.session.live import (
    missing_bases,
    read_dockerfile,
    read_stages,
    start_and_settle,
    why_unreachable,
)

if TYPE_CHECKING:
    from tutor.core.http import HttpExchange
    from tutor.session.course import CourseSession
    from tutor.session.prediction import PredictionBook


def new_run_id() -> str:
    """A name for one run, never used before."""
    return uuid.uuid4().hex[:12]


class LiveActions:
    """Does the live steps, and learns facts from what happens.

    After a generator came to its end, ``went_well`` says how the action ended: None when it did
    not get to be done at all (a base image is missing, nothing runs).
    """

    def __init__(
        self, course: CourseSession, lesson: Lesson, workspace: Path, predictions: PredictionBook
    ) -> None:
        self._course = course
        self._lesson = lesson
        self._workspace = workspace
        self._predictions = predictions
        self._container: Container | None = None
        self.facts = Facts()
        self.exchanges: dict[str, HttpExchange] = {}
        """The newest answer of each path, in the order asked."""
        self.went_well: bool | None = None

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT`` of the running container; empty when none runs."""
        container = self._container
        return f"{container.host}:{container.host_port}" if container and container.host_port else ""

    def known_paths(self) -> tuple[str, ...]:
        """The paths that the lesson's checks ask for."""
        from tutor.grading.check import probe_paths

        return probe_paths(self._lesson.checks) or ("/",)

    async def build(self, tag: str) -> AsyncGenerator[SessionEvent, None]:
        """Build the workspace and measure what came out."""
        self.went_well = None
        engine = self._course.require_engine()
        run_id = new_run_id()
        text = read_dockerfile(self._workspace)
        if text is None:
            self.went_well = False
            yield BuildFailed(
                run_id,
                "There is no file named Dockerfile in the workspace.",
                0.0,
                next_step="Write one, or reset the lesson from the command palette.",
            )
            return
        stages = read_stages(text)
        async for needed in missing_bases(engine, stages.bases, run_id):
            yield needed
            return
        request = BuildRequest(
            run_id=run_id,
            context=self._workspace,
            tag=image_reference(self._lesson.slug, tag),
            keep_stages=stages.kept,
            lesson=self._lesson.slug,
        )
        built: BuildFinished | None = None
        async with aclosing(engine.builder.build(request)) as events:
            async for event in events:
                if isinstance(event, BuildFinished):
                    built = event
                self.went_well = isinstance(event, BuildFinished) or (
                    False if isinstance(event, BuildFailed) else None
                )
                yield event
                for compared in self.learn(event, tag):
                    yield compared
        if built is not None:
            async with aclosing(self._measure(built, tag, run_id, stages.bases)) as measured:
                async for event_measured in measured:
                    yield event_measured
                    for compared in self.learn(event_measured, tag):
                        yield compared

    async def _measure(
        self, built: BuildFinished, tag: str, run_id: str, bases: tuple[str, ...]
    ) -> AsyncGenerator[SessionEvent, None]:
        reader = self._course.reader()
        wanted = [
            (image.reference, image.stage or tag, SizeRole.BUILDER if image.stage else SizeRole.FINAL)
            for image in reversed(built.images)
        ]
        wanted += [(base, base, SizeRole.BASE) for base in bases[:1]]
        for reference, name, role in wanted:
            source = reader.measure(reference, run_id, name=name, role=role, lesson=self._lesson.slug)
            async with aclosing(source) as events:
                async for event in events:
                    yield event

    async def run(self, action: Run) -> AsyncGenerator[SessionEvent, None]:
        """Start the image and leave it running when it does."""
        self.went_well = None
        engine = self._course.require_engine()
        run_id = new_run_id()
        await self.stop()
        self.exchanges.clear()
        reference = image_reference(self._lesson.slug, action.tag)
        if await engine.images.find(reference) is None:
            yield Said(run_id, "There is no image to run yet. Build it first: b.", "warning")
            return
        request = RunRequest(
            run_id=run_id, image=reference, port=action.port or self._lesson.port, lesson=self._lesson.slug
        )
        started = await start_and_settle(engine, request, self.known_paths()[0])
        container, state = started.container, started.state
        yield CommandShown(run_id, container.command)
        if state.is_running:
            self._container = container
            yield ContainerStarted(
                run_id, container.container_id, action.tag, self.address, container.command
            )
            if started.first_answer is None:
                yield Said(run_id, await why_unreachable(engine, container), "warning")
        else:
            await engine.runtime.remove(container.container_id)
            yield ContainerExited(run_id, container.container_id, state.exit_code, state.error, started.log)
        self.went_well = state.is_running
        self.facts.learn_start(
            action.tag,
            starts=state.is_running,
            reachable=started.first_answer is not None,
            error="" if state.is_running else state.error or "\n".join(started.log[-3:]),
        )
        for compared in self._predictions.compare(self.facts, run_id):
            yield compared

    async def probe(self, paths: tuple[str, ...]) -> AsyncGenerator[SessionEvent, None]:
        """Ask the running container for these paths."""
        self.went_well = None
        engine = self._course.require_engine()
        run_id = new_run_id()
        container = self._container
        if container is None:
            yield Said(run_id, "Nothing runs yet. Run the image first: r.", "warning")
            return
        state = await engine.runtime.state(container.container_id)
        if not state.is_running:
            log = await engine.runtime.logs(container.container_id)
            await self.stop()
            yield ContainerExited(run_id, container.container_id, state.exit_code, state.error, log)
            return
        for path in paths:
            exchange = await engine.probe.request(container, path)
            self.exchanges.pop(path, None)
            self.exchanges[path] = exchange
            self.facts.learn_exchange(exchange)
            yield CommandShown(run_id, exchange.curl)
            yield EndpointProbed(run_id, exchange)
        answers = [self.exchanges[path].status for path in paths]
        self.went_well = all(status is not None and status < 500 for status in answers)
        if None in answers:
            yield Said(run_id, await why_unreachable(engine, container), "warning")
        for compared in self._predictions.compare(self.facts, run_id):
            yield compared

    def learn(self, event: SessionEvent, tag: str) -> list[PredictionCompared]:
        """Take the facts out of an event; predictions that can be compared now are told."""
        match event:
            case BuildFinished():
                self.facts.learn_build(tag, succeeded=True, elapsed_seconds=event.elapsed_seconds)
            case BuildFailed():
                self.facts.learn_build(
                    tag, succeeded=False, elapsed_seconds=event.elapsed_seconds, error=event.error
                )
            case ImageMeasured():
                evidence = self._course.reader().evidence.get(event.row.image_id)
                self._course.keep_size_row(event.row)
                self.facts.learn_size(event, tag, evidence.file_count if evidence else 0)
            case EndpointProbed():
                self.exchanges[event.exchange.path] = event.exchange
                self.facts.learn_exchange(event.exchange)
            case CheckJudged():
                self.facts.learn_verdict(event.verdict)
            case ContainerExited():
                self.facts.learn("container.error", event.error or "\n".join(event.log[-3:]))
            case _:
                return []
        return self._predictions.compare(self.facts, event.run_id)

    async def stop(self) -> None:
        """Remove the running container, if any."""
        container, self._container = self._container, None
        if container is not None and self._course.engine is not None:
            await self._course.engine.runtime.remove(container.container_id)
