"""Builds a Dockerfile without a daemon. Fills :class:`tutor.core.ports.Builder`."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tutor.core.dockerfile import Stage, parse_dockerfile
from tutor.core.errors import DockerfileError
from tutor.core.events import (
    BuildEvent,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    LogLines,
    StepFinished,
    StepStarted,
)
from tutor.core.image import BuiltImage
from tutor.core.ports import BuildRequest, Clock, stage_reference
from tutor.core.store import Journal
from tutor.core.text import clean_line
from tutor.engine.embedded.build_plan import Build, is_named
from tutor.engine.embedded.build_step import Bench, StepFault, StepOutcome, carry_out, line_error
from tutor.engine.embedded.collection import collect
from tutor.engine.embedded.context import Context
from tutor.engine.embedded.disk import disk_faults
from tutor.engine.embedded.instruction_support import refuse_unsupported
from tutor.engine.embedded.launcher import Isolation
from tutor.engine.embedded.metadata import KEYWORDS as METADATA
from tutor.engine.embedded.metadata import apply_metadata, platform_arguments
from tutor.engine.embedded.stage_state import StageState
from tutor.engine.embedded.store import Store, Tag, normalised
from tutor.engine.embedded.threaded import in_thread
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.work import WorkFolder


class EmbeddedBuilder:
    """Executes Dockerfiles, one build at a time per store."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        journal: Journal,
        clock: Clock,
        isolation: Isolation,
        *,
        go_version: str,
        proot: str = "",
        endpoint: str = "embedded",
    ) -> None:
        self._store = store
        self._pool = pool
        self._journal = journal
        self._clock = clock
        self._isolation = isolation
        self._go_version = go_version
        self._proot = proot
        self._endpoint = endpoint

    async def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        """Build and tell. The last event is BuildFinished or BuildFailed.

        Raises:
            DockerfileError: the file cannot be read, or holds what this engine cannot do.
            BaseImageMissing: FROM names an image that is not here.
            NoSpaceLeft: the disk is full.
        """
        with disk_faults(self._store.folder):
            async with aclosing(self._build(request)) as events:
                async for event in events:
                    yield event

    async def _build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        began = self._clock.monotonic()
        path = request.dockerfile or request.context / "Dockerfile"
        file = parse_dockerfile(await in_thread(lambda: _read(path)))
        refuse_unsupported(file, self._isolation)
        yield BuildStarted(request.run_id, _command(request), "embedded")
        given = platform_arguments() | file.global_variables(request.build_args)
        async with self._alone():
            context = await in_thread(lambda: Context(request.context, path))
            build = Build(request, file, context, self._store, self._go_version, given, began)
            work = await in_thread(
                lambda: WorkFolder(
                    self._store.work_folder, self._journal, self._endpoint, request.run_id, "build"
                )
            )
            try:
                async with aclosing(self._stages(build, work.path)) as events:
                    async for event in events:
                        yield event
            finally:
                build.stopped.set()
                await in_thread(work.remove)
            if build.succeeded:
                yield await in_thread(lambda: self._finish(build))

    async def _stages(self, build: Build, work: Path) -> AsyncGenerator[BuildEvent, None]:
        bench = Bench(
            self._store,
            self._pool,
            self._isolation,
            self._proot,
            work,
            build.request.use_cache,
            build.stopped,
            build.origin,
        )
        for stage in build.needed():
            async with aclosing(self._stage(build, bench, stage)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, BuildFailed):
                        return
        build.succeeded = True

    async def _stage(self, build: Build, bench: Bench, stage: Stage) -> AsyncGenerator[BuildEvent, None]:
        run_id = build.request.run_id
        total = len(stage.instructions) + 1
        state: StageState | None = None
        for number, instruction in enumerate((stage.from_instruction, *stage.instructions), 1):
            step_id = f"{stage.index}.{number}"
            name = stage.name or f"stage-{stage.index}"
            line = instruction.first_line
            yield StepStarted(run_id, step_id, clean_line(instruction.text), name, number, total, line)
            began = self._clock.monotonic()
            outcome = StepOutcome(cached=build.request.use_cache)
            try:
                if state is None:
                    state = await in_thread(lambda: build.begin(stage))
                    build.done[stage.index] = state
                elif instruction.keyword in METADATA:
                    apply_metadata(state, instruction, build.given, build.request.build_args)
                    state.note(instruction.text)
                else:
                    outcome.cached = False
                    async with aclosing(carry_out(bench, state, instruction, outcome)) as output:
                        async for lines in output:
                            yield LogLines(run_id, step_id, lines)
            except (StepFault, DockerfileError) as error:
                fault = line_error(error) if isinstance(error, DockerfileError) else error
                text = clean_line(str(fault))
                now = self._clock.monotonic()
                yield StepFinished(run_id, step_id, now - began, False, text)
                yield BuildFailed(run_id, text, now - build.began, step_id, line, fault.next_step)
                return
            yield StepFinished(run_id, step_id, self._clock.monotonic() - began, outcome.cached)
        assert state is not None
        state.image_id = await in_thread(lambda: self._store.put_image(state.config))
        if state.folder is not None:
            await in_thread(state.folder.remove)
            state.folder = None

    def _finish(self, build: Build) -> BuildFinished:
        request = build.request
        made = self._clock.now().isoformat(timespec="seconds")
        images: list[BuiltImage] = []
        for key in request.keep_stages:
            for state in build.done.values():
                if is_named(state.stage, key):
                    reference = stage_reference(request.tag, key)
                    images.append(BuiltImage(reference, state.image_id, key))
        final = build.done[build.file.stages[-1].index]
        images.append(BuiltImage(request.tag, final.image_id))
        for image in images:
            self._store.tag(Tag(normalised(image.reference), image.image_id, made))
        collect(self._store)
        return BuildFinished(request.run_id, tuple(images), self._clock.monotonic() - build.began)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        lock = FileLock(self._store.folder / "build.lock", thread_local=False)
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                await asyncio.sleep(0.05)
        try:
            yield
        finally:
            lock.release()


def _command(request: BuildRequest) -> str:
    words = ["docker", "build", "-t", request.tag]
    if request.dockerfile is not None:
        words += ["-f", str(request.dockerfile)]
    for name, value in request.build_args.items():
        words += ["--build-arg", f"{name}={value}"]
    if not request.use_cache:
        words.append("--no-cache")
    return shlex.join([*words, "."])


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        raise DockerfileError(
            f"failed to read dockerfile: open {path.name}: no such file or directory",
            where=path.name,
            next_step=f"Make a file named {path.name} in {path.parent}.",
        ) from None
