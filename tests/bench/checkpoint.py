"""A cold build's seconds outside the engine, and cached save → verdict against its bare calls (Docker)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from unittest import mock

import docker

from tests.bench.figure import Figure
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.clock import SystemClock
from tutor.core.events import BuildFinished, CheckpointFinished
from tutor.core.lesson import Lesson, image_reference
from tutor.core.ports import BuildRequest
from tutor.core.verdict import Outcome
from tutor.engine.docker import buildx
from tutor.engine.docker.build_cache import cache_records, prune_records
from tutor.engine.docker.engine import DockerEngine
from tutor.engine.docker.guarded_process import GuardedProcess, start_guarded
from tutor.session.checkpoint import Checkpoint, CheckpointJob
from tutor.session.live import obtain_base
from tutor.session.measure import ImageReader
from tutor.storage.database import SqliteProgressStore
from tutor.storage.journal import SqliteJournal
from tutor.storage.workspace import Workspace, lay_answer

LESSON, ANSWER, BASE = "two-stages", "named-stage", "golang:1.21-alpine"
COLD_ROUNDS, CACHED_ROUNDS = 2, 9
OUTSIDE_BAR_SECONDS, RATIO_BAR = 0.3, 1.2


class _TimedProcesses:
    """Notes when each build process was started and when it was seen to have ended."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def start(self, *words: Any, **named: Any) -> GuardedProcess:
        began = time.monotonic()
        process = await start_guarded(*words, **named)
        wait = process.wait

        async def timed() -> int:
            code = await wait()
            self.seconds += time.monotonic() - began
            return code

        process.wait = timed  # type: ignore[method-assign]  # to time it
        return process


class _Bench:
    """One engine and one answer, laid over a clean copy of the lesson."""

    def __init__(
        self, folder: Path, engine: DockerEngine, lesson: Lesson, store: SqliteProgressStore
    ) -> None:
        self.engine, self.lesson = engine, lesson
        self.context = folder / "context"
        self.reference = image_reference(lesson.slug, "bench")
        self.reader = ImageReader(engine.images, store)
        answer = lesson.folder / "right" / ANSWER
        lay_answer(lesson.context, lesson.folder / "start", answer, self.context)

    async def cold_build(self) -> tuple[float, float]:
        """Seconds of a build without cache, and those of them in which no build process ran."""
        request = BuildRequest(
            uuid.uuid4().hex, self.context, self.reference, keep_stages=("builder",), use_cache=False
        )
        processes = _TimedProcesses()
        began = time.monotonic()
        with mock.patch.object(buildx, "start_guarded", processes.start):
            async with aclosing(self.engine.builder.build(request)) as events:
                told = [event async for event in events]
        elapsed = time.monotonic() - began
        assert isinstance(told[-1], BuildFinished), told[-1]
        await self.engine.builder.close()
        return elapsed, elapsed - processes.seconds

    def save(self) -> None:
        """What an editor does: the file changes, what it builds does not."""
        with (self.context / "Dockerfile").open("a", encoding="utf-8") as file:
            file.write("# saved\n")

    async def verdict(self) -> float:
        """Seconds from a saved file to its verdict."""
        self.save()
        began = time.monotonic()
        sha256 = Workspace(self.context, self.context).sha256()
        job = CheckpointJob(self.lesson, self.context, self.reference, uuid.uuid4().hex, sha256)
        checkpoint = Checkpoint(self.engine, self.reader, SystemClock())
        async with aclosing(checkpoint.run(job)) as events:
            told = [event async for event in events]
        elapsed = time.monotonic() - began
        last = told[-1]
        assert isinstance(last, CheckpointFinished)
        assert last.report.outcome is Outcome.PASSED, last.report
        await self.engine.builder.close()
        return elapsed

    def bare_calls(self) -> float:
        """The same by hand: build the stage, build the whole, save, run, ask what is asked, remove."""
        self.save()
        began = time.monotonic()
        labels = [f"--label=fromscratch.{name}" for name in ("owner=1", "home=bench")]
        for target in (
            ["--target", "builder", "--tag", f"{self.reference}-builder"],
            ["--tag", self.reference],
        ):
            command = [
                "docker",
                "buildx",
                "build",
                "--provenance=false",
                "--load",
                "--quiet",
                *labels,
                *target,
            ]
            subprocess.run([*command, str(self.context)], check=True, capture_output=True)
        client = docker.from_env()
        try:
            for piece in client.images.get(self.reference).save():
                del piece
            ports: Any = {"8080/tcp": ("127.0.0.1", None)}
            container = client.containers.run(self.reference, detach=True, ports=ports)
            try:
                container.reload()
                bound: Any = container.ports
                port = bound["8080/tcp"][0]["HostPort"]
                for path in ("/", "/", "/health"):
                    _ask(f"http://127.0.0.1:{port}{path}")
                container.logs()
            finally:
                container.remove(force=True)
        finally:
            client.close()
        return time.monotonic() - began


def _ask(url: str) -> None:
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            answer.read()
            return
        time.sleep(0.01)  # as a person would, by hand: nothing tells when it listens


@contextlib.asynccontextmanager
async def _bench(folder: Path) -> AsyncIterator[_Bench]:
    journal = SqliteJournal(folder / "journal.sqlite3")
    store = SqliteProgressStore(folder / "progress.sqlite3")
    engine = await DockerEngine.connect(
        journal, SystemClock(), environ=os.environ, lock_path=folder / "state/build.lock", builder="buildx"
    )
    before = set(await cache_records(engine._parts.connection))
    try:
        if await engine.images.find(BASE) is None:
            async with aclosing(obtain_base(engine, BASE, "stand-in", uuid.uuid4().hex)) as events:
                told = [event async for event in events]
            assert told
        yield _Bench(folder, engine, load_course(*shipped_folders()).find(LESSON), store)
        await _remove_what_bare_calls_made(engine, before)
    finally:
        await engine.clean()
        await engine.close()
        store.close()
        journal.close()


async def _remove_what_bare_calls_made(engine: DockerEngine, before: set[str]) -> None:
    """By tag and by id: nothing else that the engine holds is touched."""
    reference = image_reference(LESSON, "bench")
    connection = engine._parts.connection
    await engine.clean()
    for each in (reference, f"{reference}-builder"):
        if await engine.images.find(each) is not None:
            await connection.call("removing", connection.api.remove_image, each)
    await prune_records(connection, set(await cache_records(connection)) - before)


async def _measure(folder: Path) -> Iterator[Figure]:
    async with _bench(folder) as bench:
        cold = [await bench.cold_build() for _ in range(COLD_ROUNDS)]
        await bench.verdict()
        bench.bare_calls()
        pairs = [
            (await bench.verdict(), await asyncio.to_thread(bench.bare_calls)) for _ in range(CACHED_ROUNDS)
        ]
    ratios = [ours / bare for ours, bare in pairs]
    spread = f"median of {CACHED_ROUNDS} pairs, {min(ratios):.2f} to {max(ratios):.2f}"
    outside = [outside for _, outside in cold]
    return iter(
        [
            Figure("a cold build", min(elapsed for elapsed, _ in cold), "s"),
            Figure(
                "of it outside the engine", min(outside), "s", OUTSIDE_BAR_SECONDS, f"most {max(outside):.2f}"
            ),
            Figure("cached save → verdict", statistics.median(ours for ours, _ in pairs), "s"),
            Figure("the bare calls", statistics.median(bare for _, bare in pairs), "s"),
            Figure("cached save → verdict / bare calls", statistics.median(ratios), "×", RATIO_BAR, spread),
        ]
    )


def measure() -> list[Figure]:
    """Nothing without a Docker engine and buildx."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return []
    with tempfile.TemporaryDirectory() as folder:
        return list(asyncio.run(_measure(Path(folder))))
