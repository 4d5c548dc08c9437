"""Makes the trials that the checks of a lesson ask for, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tutor.core.errors import TutorError
from tutor.core.events import Said, SessionEvent, WorkProgressed
from tutor.core.ports import BuildRequest, RunRequest
from tutor.core.trial import Demand, Rebuild, SecondBuild, Sighting, Trials
from tutor.session.measure import ImageReader
from tutor.session.merge import ThreadWork
from tutor.session.trial import try_drain, try_health, try_locked_down, try_rebuild, try_second_build
from tutor.session.workspace_fact import changed_sources, read_context, read_workspace_file

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from tutor.core.image import ImageSummary
    from tutor.core.ports import Clock, Engine


@dataclass(slots=True)
class TrialRun:
    """One checkpoint's trials. A trial that cannot be made is a fault of its own, not of all."""

    engine: Engine
    reader: ImageReader
    clock: Clock
    demand: Demand
    trials: Trials = field(default_factory=Trials)

    async def look_at_folder(self, request: BuildRequest, given: tuple[Path, ...]) -> None:
        """The trials that need no image: files of the workspace, its source, and its build context.

        ``given``: the folders that the workspace was made of, the lesson's own first.
        """
        for name in self.demand.files:
            self.trials.files[name] = await asyncio.to_thread(read_workspace_file, request.context, name)
        if self.demand.source:
            changed = await asyncio.to_thread(changed_sources, request.context, given)
            self.trials = replace(self.trials, changed_sources=changed)
        if self.demand.context:
            try:
                facts = await asyncio.to_thread(read_context, request.context, request.dockerfile)
                self.trials = replace(self.trials, context=facts)
            except (OSError, TutorError) as error:
                self.trials.faults["context"] = f"The build context cannot be read: {error}"

    async def try_image(
        self, image: ImageSummary, build: BuildRequest, run: RunRequest
    ) -> AsyncGenerator[SessionEvent, None]:
        """The trials on an image that was built, one after the other."""
        demand, run_id = self.demand, build.run_id
        if demand.health:
            yield Said(run_id, "Running the health check")
            await self._note("health", try_health(self.engine, run, image.config.healthcheck))
        if demand.locked_down is not None:
            yield Said(run_id, "Running it with a read-only root")
            await self._note("locked_down", try_locked_down(self.engine, run, demand.locked_down))
        if demand.drain_path:
            yield Said(run_id, f"Stopping it during {demand.drain_path}")
            slow = try_drain(self.engine, run, demand.drain_path, self.clock.monotonic)
            await self._note("drain", slow)
        sources: list[tuple[str, str, Callable[[], AsyncGenerator[SessionEvent, None]]]] = []
        if demand.markers:
            sources.append(("sightings", "Searching every layer", lambda: self._search(image, run_id)))
        if demand.rebuild_file:
            sources.append(("rebuild", "Building again after an edit", lambda: self._rebuild(build)))
        if demand.second_build:
            sources.append(("second_build", "Building again without cache", lambda: self._second(build)))
        for name, words, source in sources:
            yield Said(run_id, words)
            try:
                async with aclosing(source()) as events:
                    async for event in events:
                        yield event
            except (TutorError, OSError) as error:
                self.trials.faults[name] = str(error)

    async def _note(self, name: str, work: Awaitable[object]) -> None:
        try:
            found = await work
        except TutorError as error:
            self.trials.faults[name] = str(error)
        else:
            self.trials = replace(self.trials, **{name: found})  # type: ignore[arg-type]  # named for its field

    async def _search(self, image: ImageSummary, run_id: str) -> AsyncGenerator[SessionEvent, None]:
        from tutor.inspect.search import find_markers

        def search(progress: Callable[[int], None], cancelled: threading.Event) -> tuple[Sighting, ...]:
            with self.engine.images.open_archive(image.image_id) as archive:
                return find_markers(
                    archive,
                    self.demand.markers,
                    image_id=image.image_id,
                    architecture=image.config.architecture,
                    on_progress=progress,
                    cancelled=cancelled,
                )

        work = ThreadWork(search)
        async for done in work.progress():
            yield WorkProgressed(run_id, "Searching every layer", done, None)
        self.trials = replace(self.trials, sightings=work.result, searched=self.demand.markers)

    async def _rebuild(self, build: BuildRequest) -> AsyncGenerator[SessionEvent, None]:
        result: list[Rebuild] = []
        request = replace(build, tag=f"{build.tag}-edited")
        async with aclosing(try_rebuild(self.engine, request, self.demand.rebuild_file, result)) as events:
            async for event in events:
                yield event
        self.trials = replace(self.trials, rebuild=result[0])

    async def _second(self, build: BuildRequest) -> AsyncGenerator[SessionEvent, None]:
        from tutor.grading.provenance_check import started_program

        async def read(image_id: str) -> AsyncGenerator[SessionEvent, None]:
            summary = await self.engine.images.find(image_id)
            if summary is not None:
                async with aclosing(self.reader.read(summary, build.run_id, "Opening it")) as events:
                    async for event in events:
                        yield event

        def digest(image_id: str) -> str:
            evidence = self.reader.evidence.get(image_id)
            program = started_program(evidence) if evidence is not None else None
            return program.sha256 if program is not None else ""

        result: list[SecondBuild] = []
        request = replace(build, tag=f"{build.tag}-again")
        async with aclosing(try_second_build(self.engine, request, read, digest, result)) as events:
            async for event in events:
                yield event
        self.trials = replace(self.trials, second_build=result[0])
