"""Forty bundles: two workers against one, one of them killed, and all against the bare calls (Docker).

Forty real answers, each with a source of its own, so that no build finds anything that another one
left. They stand on the base image that the engine holds; where there is none, on the stand-in, whose
Go cache is empty, as that of the real image is: then one build takes half a minute of one core.
``FROMSCRATCH_BENCH_BUNDLES=4`` takes fewer.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import docker
import docker.errors

from tests.bench.figure import Figure
from tests.engines.warm_base import WARM_LABEL
from tutor import __version__
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.submission import BUNDLE_SCHEMA, BUNDLE_SUFFIX, BundleManifest
from tutor.core.verdict import Outcome
from tutor.grading.result_report import decode_result
from tutor.session.action import new_run_id
from tutor.session.live import obtain_base
from tutor.storage.bundle import bundled_files, write_bundle
from tutor.storage.workspace import lay_answer
from tutor.wiring import Wiring

BUNDLES = int(os.environ.get("FROMSCRATCH_BENCH_BUNDLES", "40"))
KILLED_BUNDLES = 8
"""So many are enough to kill a worker in the middle of."""
RATE_BAR, BARE_BAR = 1.7, 1.15
BASE = "golang:1.21-alpine"
LESSONS = ("two-stages", "stripping", "attack-surface")
"""Whose right answers stand for what learners hand in."""
MEMORY = "2000000000"
"""As the rubric limits a build."""
_MADE = re.compile(r"^ ---> ([0-9a-f]{12})$", re.MULTILINE)
_PORTS = ("/", "/health")


@dataclass(slots=True)
class _Class:
    """What learners handed in, and how it is graded."""

    place: Path
    rubric: Path
    folders: list[Path] = field(default_factory=list)
    bundles: list[Path] = field(default_factory=list)

    def hand_in(self, number: int, lesson: str, answer: str) -> None:
        """One more learner: a right answer whose program says another version of itself."""
        found = load_course(*shipped_folders()).find(lesson)
        folder = self.place / f"learner-{number:02}"
        lay_answer(found.context, found.folder / "start", found.folder / "right" / answer, folder)
        (folder / "learner.go").write_text(
            f'package main\n\nfunc init() {{ version = "{number}.{number * 7919}" }}\n', "utf-8"
        )
        manifest = BundleManifest(
            schema=BUNDLE_SCHEMA,
            lesson=lesson,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tool_version=__version__,
            lesson_sha256="0" * 64,
            learner={"name": f"Learner {number}", "id": str(number)},
            course="",
            token="",
            workspace_sha256="0" * 64,
            files=bundled_files(folder),
        )
        bundle = self.place / f"learner-{number:02}{BUNDLE_SUFFIX}"
        write_bundle(bundle, folder, manifest)
        self.folders.append(folder)
        self.bundles.append(bundle)

    def grade(self, bundles: Sequence[Path], out: Path, jobs: int, core: int | None) -> subprocess.Popen[str]:
        """The command as staff types it; with one worker it is kept to one core from outside."""
        words = [sys.executable, "-m", "tutor", "grade", *map(str, bundles), "--rubric", str(self.rubric)]
        words += ["--jobs", str(jobs), "--out", str(out), "--format", "json", "--quiet"]
        keep = None if core is None else functools.partial(os.sched_setaffinity, 0, {core})
        return subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=keep
        )

    def graded(self, jobs: int, core: int | None = None) -> float:
        """Seconds to grade all from clean."""
        out = self.place / f"results-{jobs}"
        began = time.monotonic()
        process = self.grade(self.bundles, out, jobs, core)
        _, said = process.communicate()
        elapsed = time.monotonic() - began
        lost = self.lost(self.bundles, out)
        assert not lost, f"{lost} of {len(self.bundles)} were not graded as passed: {said}"
        return elapsed

    def lost(self, bundles: Sequence[Path], out: Path) -> int:
        """How many have no result, or one that is not what they deserve."""
        results = [out / f"{bundle.name.removesuffix(BUNDLE_SUFFIX)}.json" for bundle in bundles]
        return sum(
            not path.exists() or decode_result(path.read_bytes()).outcome is not Outcome.PASSED
            for path in results
        )

    def lost_to_a_killed_worker(self) -> int:
        """Kill one of two workers when half of the results are there."""
        bundles, out = self.bundles[:KILLED_BUNDLES], self.place / "results-killed"
        process = self.grade(bundles, out, 2, None)
        killed = False
        while process.poll() is None:
            done = len(list(out.glob("*.json"))) - len(list(out.glob("*.evidence.json")))
            if not killed and done >= len(bundles) // 2 and (worker := _a_worker(process.pid)):
                os.kill(worker, signal.SIGKILL)
                killed = True
            time.sleep(0.1)  # results are files of another process
        _, said = process.communicate()
        assert killed, f"all were graded before a worker could be killed: {said}"
        return self.lost(bundles, out)


def _a_worker(parent: int) -> int | None:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                words = path.with_name("cmdline").read_bytes()
                if b"spawn_main" in words:
                    return int(path.parent.name)
    return None


def _bare(folder: Path, core: int, name: str) -> list[str]:
    """Build, run and ask one by hand, within the same limits; the ids of all that it made."""
    keep = ["taskset", "--cpu-list", str(core)]
    environ = os.environ | {"DOCKER_BUILDKIT": "0"}
    limits = ["--cpuset-cpus", str(core), "--memory", MEMORY, "--memory-swap", MEMORY, "--network", "none"]
    built = subprocess.run(
        [*keep, "docker", "build", "--no-cache", *limits, "--tag", name, str(folder)],
        env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    run = ["docker", "run", "--detach", "--cpuset-cpus", str(core), "--publish", "127.0.0.1::8080"]
    container = _said([*keep, *run, name])
    try:
        address = _said([*keep, "docker", "port", container, "8080/tcp"]).splitlines()[0]
        for path in _PORTS:
            ask = [*keep, "curl", "--silent", "--fail", "--max-time", "5", f"http://{address}{path}"]
            while subprocess.run(ask, capture_output=True).returncode:
                time.sleep(0.02)  # a loop in a shell, which is what this stands for
    finally:
        _said([*keep, "docker", "rm", "--force", container])
    return _MADE.findall(built.stdout)


def _said(words: list[str]) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _bare_class(folders: Sequence[Path], cores: Sequence[int]) -> float:
    """Seconds by hand, one at a time on each core. What it made is removed after the clock stopped."""
    names = [f"fromscratch-bench:{folder.name}" for folder in folders]
    made: list[str] = []

    def work(share: int) -> None:
        for folder, name in list(zip(folders, names, strict=True))[share :: len(cores)]:
            made.extend(_bare(folder, cores[share], name))

    began = time.monotonic()
    try:
        with ThreadPoolExecutor(len(cores)) as pool:
            list(pool.map(work, range(len(cores))))
        return time.monotonic() - began
    finally:
        _remove(names, made)


def _remove(names: Sequence[str], made: Sequence[str]) -> None:
    """By name, then what has no name, youngest first; never what was there before."""
    client: Any = docker.from_env(timeout=120)
    try:
        for reference in (*names, *reversed(made)):
            with contextlib.suppress(docker.errors.NotFound):
                if reference in names or not client.api.inspect_image(reference)["RepoTags"]:
                    with contextlib.suppress(docker.errors.APIError):
                        client.api.remove_image(reference, noprune=True)
    finally:
        client.close()


async def _base_image() -> str:
    with contextlib.closing(Wiring("docker", "classic")) as wiring:
        engine = await wiring.engine()
        try:
            if await engine.images.find(BASE) is not None:
                client: Any = docker.from_env()
                with contextlib.closing(client):
                    warm = WARM_LABEL in (client.images.get(BASE).labels or {})
                return f"on the {'WARM ' if warm else ''}{BASE} of this engine"
            async with aclosing(obtain_base(engine, BASE, "stand-in", new_run_id())) as events:
                async for _event in events:
                    pass
            return f"on a stand-in for {BASE}"
        finally:
            await engine.close()


async def _clean() -> None:
    with contextlib.closing(Wiring("docker", "classic")) as wiring:
        engine = await wiring.engine()
        await engine.clean()
        await engine.close()


@contextlib.contextmanager
def _own_home(place: Path) -> Iterator[None]:
    before = os.environ.get("FROMSCRATCH_HOME")
    os.environ["FROMSCRATCH_HOME"] = str(place)
    try:
        yield
    finally:
        os.environ.pop("FROMSCRATCH_HOME")
        if before is not None:
            os.environ["FROMSCRATCH_HOME"] = before


def _measured(place: Path, cores: Sequence[int]) -> Iterator[Figure]:
    base = asyncio.run(_base_image())
    rubric = place / "rubric.yaml"
    shipped = shipped_folders()[1].parent / "rubrics" / "lab.yaml"
    rubric.write_text(f"{shipped.read_text('utf-8')}\nstand_in: true\n", "utf-8")
    room = _Class(place, rubric)
    course = load_course(*shipped_folders())
    answers = [
        (name, path.name)
        for name in LESSONS
        for path in sorted((course.find(name).folder / "right").iterdir())
    ]
    for number, (lesson, answer) in enumerate(islice(cycle(answers), BUNDLES), 1):
        room.hand_in(number, lesson, answer)
    # The first build reads the base image from the disk; that is nobody's time.
    _bare_class(room.folders[:1], cores[:1])
    bare = _bare_class(room.folders, cores)
    note = f"{BUNDLES} bundles, two at a time, {base}"
    yield Figure("docker build, docker run and curl by hand", bare, "s", note=note)
    two = room.graded(2)
    yield Figure("two workers grade them", two, "s", note=f"{two / BUNDLES:.1f} s each")
    yield Figure("whole class / bare calls", two / bare, "×", BARE_BAR)
    one = room.graded(1, cores[0])
    yield Figure("one worker grades them", one, "s", note=f"{one / BUNDLES:.1f} s each")
    yield Figure("rate of two workers / rate of one", one / two, "×", RATE_BAR, at_least=True)
    yield Figure("submissions lost with a worker killed half-way", room.lost_to_a_killed_worker(), "", 0)


def measure() -> Iterator[Figure]:
    """Nothing without a Docker engine, two cores and curl."""
    if not all(shutil.which(name) for name in ("docker", "curl", "taskset")):
        return
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2 or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return
    with tempfile.TemporaryDirectory() as folder, _own_home(Path(folder) / "home"):
        try:
            yield from _measured(Path(folder), cores)
        finally:
            asyncio.run(_clean())
