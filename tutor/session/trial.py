"""Trials on an engine: what a check asks for beyond one build, one run and its endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import ContainerError, LearnerError
from tutor.core.events import BuildFailed, BuildFinished, SessionEvent, StepFinished, StepStarted
from tutor.core.image import ContainerState, ExecResult, Healthcheck
from tutor.core.ports import BuildRequest, RunRequest, stage_reference
from tutor.core.trial import Drain, HealthRun, LockedDown, Rebuild, RebuiltStep, SecondBuild
from tutor.session.live import Started, start_and_settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tutor.core.ports import Engine

HEAD_START_SECONDS = 0.7
"""Between a slow request and the signal to stop: time to arrive."""
GRACE_SECONDS = 15.0
"""Between the signal to stop and the end by force."""
HEALTH_SECONDS = 30.0
"""How long a health check may take, unless the image says less; what engines allow by default."""
ALONE_SECONDS = 10.0
"""How long a health check may look for a service that is not there."""
TIMED_OUT_CODE = 124
"""As ``timeout`` ends."""
EDIT = "\n// edited to see what a second build does again\n"


@asynccontextmanager
async def running(engine: Engine, request: RunRequest, path: str = "/") -> AsyncIterator[Started]:
    """A container that had its chance to start; removed afterwards.

    Raises:
        ContainerError: the engine refused to create it.
    """
    started = await start_and_settle(engine, request, path)
    try:
        yield started
    finally:
        await asyncio.shield(engine.runtime.remove(started.container.container_id))


async def try_locked_down(engine: Engine, request: RunRequest, paths: tuple[str, ...]) -> LockedDown:
    """Run with a read-only root; capabilities are dropped from every run."""
    try:
        async with running(engine, replace(request, read_only=True), paths[0]) as started:
            container = started.container
            exchanges = []
            if started.state.is_running:
                exchanges = [await engine.probe.request(container, path) for path in paths]
            return LockedDown(
                await engine.runtime.state(container.container_id),
                tuple(exchanges),
                await engine.runtime.logs(container.container_id),
            )
    except ContainerError as error:
        return LockedDown(ContainerState("exited", None, error.what))


def health_command(check: Healthcheck | None) -> tuple[str, ...]:
    """The command of a HEALTHCHECK as an engine runs it; empty when there is none."""
    if check is None or not check.test:
        return ()
    kind, *words = check.test
    if kind == "CMD":
        return tuple(words)
    return ("/bin/sh", "-c", *words) if kind == "CMD-SHELL" else ()


async def try_health(engine: Engine, request: RunRequest, check: Healthcheck | None) -> HealthRun:
    """Run the HEALTHCHECK's command once beside the service, and once where no service runs."""
    argv = health_command(check)
    if not argv:
        return HealthRun(())
    try:
        async with running(engine, request) as started:
            if not started.state.is_running:
                return HealthRun(argv, None, started.state)
            patience = min(HEALTH_SECONDS, check.timeout_seconds or HEALTH_SECONDS) if check else 0.0
            result = await _health_result(engine, started.container.container_id, argv, patience)
    except ContainerError as error:
        return HealthRun(argv, None, ContainerState("exited", None, error.what))
    alone = await _alone(engine, request, argv) if result.exit_code == 0 and not result.error else None
    return HealthRun(argv, result, started.state, alone)


async def _health_result(
    engine: Engine, container_id: str, argv: tuple[str, ...], patience_seconds: float
) -> ExecResult:
    try:
        async with asyncio.timeout(patience_seconds):
            return await engine.runtime.exec(container_id, argv)
    except TimeoutError:
        return ExecResult(TIMED_OUT_CODE, f"it had not ended after {patience_seconds:g} s")


async def _alone(engine: Engine, request: RunRequest, argv: tuple[str, ...]) -> ContainerState | None:
    """How the command does as a container's only process; None when the engine refused to try.

    The container of the service is gone by then: where containers share the machine's network, its
    port is free again.
    """
    try:
        container = await engine.runtime.start(replace(request, entry_point=argv, command=()))
    except ContainerError:
        return None
    pause = 0.02
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALONE_SECONDS):
                while (await engine.runtime.state(container.container_id)).is_running:
                    await asyncio.sleep(pause)
                    pause = min(0.25, pause * 1.5)
        return await engine.runtime.state(container.container_id)
    finally:
        await asyncio.shield(engine.runtime.remove(container.container_id))


async def try_drain(engine: Engine, request: RunRequest, path: str, monotonic: Callable[[], float]) -> Drain:
    """Ask a slow path, send the stop signal while it runs, and see what becomes of both."""
    try:
        async with running(engine, request) as started:
            if not started.state.is_running:
                return Drain(None, started.state)
            container = started.container
            asking = asyncio.ensure_future(
                engine.probe.request(container, path, timeout_seconds=GRACE_SECONDS + 10)
            )
            try:
                await asyncio.wait({asking}, timeout=HEAD_START_SECONDS)
                began = monotonic()
                state = await engine.runtime.stop(container.container_id, GRACE_SECONDS)
                took = monotonic() - began
                return Drain(await asking, state, took)
            finally:
                asking.cancel()
    except ContainerError as error:
        return Drain(None, ContainerState("exited", None, error.what))


class BuildTrial:
    """A build of a folder under a tag of its own, which is taken away afterwards."""

    def __init__(self, engine: Engine, request: BuildRequest) -> None:
        self._engine = engine
        self._request = request
        self.steps: tuple[RebuiltStep, ...] = ()
        self.finished: BuildFinished | None = None
        self.error = ""
        self.elapsed_seconds = 0.0

    async def run(self) -> AsyncGenerator[SessionEvent, None]:
        """Build, telling nothing but steps; the results are in the attributes."""
        steps: dict[str, RebuiltStep] = {}
        try:
            async with aclosing(self._engine.builder.build(self._request)) as events:
                async for event in events:
                    match event:
                        case StepStarted():
                            steps[event.step_id] = RebuiltStep(event.stage, event.text, False, event.line)
                        case StepFinished() if event.step_id in steps:
                            known = steps[event.step_id]
                            steps[event.step_id] = replace(known, cached=event.cached)
                        case BuildFinished():
                            self.finished, self.elapsed_seconds = event, event.elapsed_seconds
                        case BuildFailed():
                            self.error, self.elapsed_seconds = event.error, event.elapsed_seconds
                        case _:
                            pass
                    if isinstance(event, StepStarted | StepFinished):
                        yield event
        except LearnerError as error:
            self.error = str(error)
        self.steps = tuple(steps.values())

    async def discard(self) -> None:
        """Take its images away."""
        tag = self._request.tag
        for reference in (tag, *(stage_reference(tag, stage) for stage in self._request.keep_stages)):
            await self._engine.images.remove(reference)


async def try_rebuild(
    engine: Engine, request: BuildRequest, file: str, result: list[Rebuild]
) -> AsyncGenerator[SessionEvent, None]:
    """Edit one line of a copy of the folder, build that with the cache, and note what ran again."""
    place = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="fromscratch-"))
    copy = place / "context"
    try:
        edited = await asyncio.to_thread(_edited_copy, request.context, copy, file)
        if not edited:
            result.append(Rebuild(""))
            return
        dockerfile = None
        if request.dockerfile is not None:
            dockerfile = copy / request.dockerfile.relative_to(request.context)
        trial = BuildTrial(engine, replace(request, context=copy, dockerfile=dockerfile, use_cache=True))
        try:
            async with aclosing(trial.run()) as events:
                async for event in events:
                    yield event
        finally:
            await asyncio.shield(trial.discard())
        done = trial.finished is not None
        result.append(Rebuild(edited, done, trial.steps, trial.error, trial.elapsed_seconds))
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, place, ignore_errors=True))


def _edited_copy(folder: Path, copy: Path, file: str) -> str:
    """Copy the folder and append a line to the file, or to another Go file; its name, or nothing."""
    shutil.copytree(folder, copy, symlinks=True)
    wanted = copy / file
    if not wanted.is_file() or wanted.is_symlink():
        others = sorted(path for path in copy.rglob("*.go") if path.is_file() and not path.is_symlink())
        others = [path for path in others if not path.name.endswith("_test.go")]
        if not others:
            return ""
        wanted = others[0]
    with wanted.open("a", encoding="utf-8") as text:
        text.write(EDIT)
    return str(wanted.relative_to(copy))


async def try_second_build(
    engine: Engine,
    request: BuildRequest,
    read_program: Callable[[str], AsyncGenerator[SessionEvent, None]],
    digest_of: Callable[[str], str],
    result: list[SecondBuild],
) -> AsyncGenerator[SessionEvent, None]:
    """Build once more without cache and note the digest of the program that the image starts."""
    trial = BuildTrial(engine, replace(request, use_cache=False))
    try:
        async with aclosing(trial.run()) as events:
            async for event in events:
                yield event
        if trial.finished is None:
            result.append(SecondBuild(False, "", trial.error))
            return
        image_id = trial.finished.images[-1].image_id
        async with aclosing(read_program(image_id)) as reading:
            async for event in reading:
                yield event
        result.append(SecondBuild(True, digest_of(image_id)))
    finally:
        await asyncio.shield(trial.discard())
