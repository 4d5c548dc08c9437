"""Grading one submission in a worker: a function that any executor can call, on this machine or another."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import SubmissionRefused, TutorError
from tutor.core.submission import SubmissionResult, Taken
from tutor.core.verdict import Outcome
from tutor.session.bounded import DISK_LIMIT
from tutor.session.regrade import GradingTerms
from tutor.wiring import BuilderChoice, EngineChoice, Wiring

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Engine
    from tutor.grading.course_file import Course
    from tutor.grading.rubric import Rubric

RUBRICS = ("lab", "capstone")
"""Names of the rubrics that are shipped."""
_GATE = "alone.lock"
"""Held by the one that grades alone; the others pass it one by one."""


@dataclass(frozen=True, slots=True)
class GradeTask:
    """One submission to grade. Paths are the same on every machine that grades."""

    name: str
    path: Path
    out: Path
    """Folder of the results."""
    terms: GradingTerms
    rubric: str = ""
    """A file, a shipped name, or empty: the checkpoint of the bundle's lesson, else ``lab``."""
    lesson: str = ""
    course: Path | None = None
    engine: EngineChoice = "docker"
    builder: BuilderChoice = "classic"
    slots: int = 1
    """How many are graded at a time on one machine; more than one pins each to a core."""

    @property
    def result_file(self) -> Path:
        """Where the result goes."""
        return self.out / f"{self.name}.json"

    @property
    def evidence_file(self) -> Path:
        """Where the evidence goes."""
        return self.out / f"{self.name}.evidence.json"


def source_mark(path: Path) -> str:
    """Changes when what was handed in changes: names, sizes and times."""
    import hashlib

    digest = hashlib.sha256()
    paths = sorted(path.rglob("*")) if path.is_dir() else [path]
    for each in paths[:20_000]:
        status = each.lstat()
        digest.update(
            f"{each.relative_to(path.parent)} {status.st_size} {status.st_mtime_ns}\n".encode(
                errors="replace"
            )
        )
    return digest.hexdigest()


def grade_submission(task: GradeTask) -> str:
    """Grade, write the result and the evidence, and return the result's outcome. Never raises."""
    try:
        with _slot(task) as (home, core):
            result = asyncio.run(_grade(task, home, core))
        if DISK_LIMIT in result.limits_hit and task.slots > 1:
            # Who filled the disk is known only of one that is graded alone.
            with _alone(task) as (home, core):
                result = asyncio.run(_grade(task, home, core))
    # Whatever happens, a result says so: a class is not stopped by one submission.
    except Exception as fault:  # noqa: BLE001 - see above
        result = _crashed(task, fault)
    _write(task, result)
    return result.outcome.value


def _write(task: GradeTask, result: SubmissionResult) -> None:
    from tutor.grading.result_report import encode_result
    from tutor.storage.atomic import write_atomically

    task.out.mkdir(parents=True, exist_ok=True)
    marked = replace(result, name=task.name, source_mark=source_mark(task.path) if task.path.exists() else "")
    write_atomically(task.result_file, encode_result(marked))


def _crashed(task: GradeTask, fault: Exception) -> SubmissionResult:
    told = str(fault) if isinstance(fault, TutorError) else f"{type(fault).__name__}: {fault}"
    where = "" if isinstance(fault, TutorError) else traceback.format_exc(limit=-2).splitlines()[-2].strip()
    return SubmissionResult(
        name=task.name,
        kind="folder" if task.path.is_dir() else "bundle",
        sha256="",
        outcome=Outcome.UNKNOWN,
        rubric=task.rubric,
        rubric_sha256="",
        engine=task.engine,
        official=False,
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        elapsed_seconds=0.0,
        points=0.0,
        max_points=0.0,
        fault=f"{told} {where}".strip(),
    )


@contextmanager
def _slot(task: GradeTask) -> Iterator[tuple[Path, str]]:
    """A home and a core that no other worker of this machine uses meanwhile."""
    import filelock

    base = _base()
    count = max(1, task.slots)
    while True:
        with filelock.FileLock(base / _GATE):
            pass
        for number in range(count):
            lock = filelock.FileLock(base / f"slot-{number}.lock")
            try:
                lock.acquire(timeout=0 if number < count - 1 else 1.0)
            except filelock.Timeout:
                continue
            try:
                with _core(number if count > 1 else None) as processors:
                    yield base / f"slot-{number}", processors
            finally:
                lock.release()
            return


@contextmanager
def _alone(task: GradeTask) -> Iterator[tuple[Path, str]]:
    """A home, while no other worker of this machine grades; none begins before this one is done."""
    import filelock

    base = _base()
    with contextlib.ExitStack() as held:
        held.enter_context(filelock.FileLock(base / _GATE))
        for number in range(task.slots):
            held.enter_context(filelock.FileLock(base / f"slot-{number}.lock"))
        yield base / "slot-0", held.enter_context(_core(0))


def _base() -> Path:
    base = Wiring().location.cache_folder / "grading"
    base.mkdir(parents=True, exist_ok=True)
    return base


@contextmanager
def _core(number: int | None) -> Iterator[str]:
    """Keep this thread to one core while it grades, where the system can; which cores builds and runs use.

    Without a number, what was allowed to this process from outside holds for them as well.
    """
    if sys.platform != "linux":
        yield ""
        return
    allowed = sorted(os.sched_getaffinity(0))
    if number is None:
        yield ",".join(map(str, allowed)) if len(allowed) < (os.cpu_count() or 1) else ""
        return
    core = allowed[number % len(allowed)]
    os.sched_setaffinity(0, {core})
    try:
        yield str(core)
    finally:
        os.sched_setaffinity(0, allowed)


async def _obtain(task: GradeTask, engine: Engine, base: Path, reference: str, how: str) -> None:
    """Pull a base, load it or make its stand-in, for the grader itself: it outlives a submission."""
    import filelock

    from tutor.session.action import new_run_id
    from tutor.session.live import obtain_base

    own = Wiring(task.engine, task.builder) if engine.info.kind == "docker" else None
    lock = filelock.FileLock(base / "base.lock", thread_local=False)
    while not lock.is_locked:
        with contextlib.suppress(filelock.Timeout):
            await asyncio.to_thread(lock.acquire, timeout=1.0)
    by = await own.engine() if own is not None else engine
    try:
        if await by.images.find(reference) is None:
            async with aclosing(obtain_base(by, reference, how, new_run_id())) as events:
                async for _event in events:
                    pass
    finally:
        lock.release()
        if own is not None:
            await by.close()
            own.close()


async def _grade(task: GradeTask, home: Path, core: str) -> SubmissionResult:
    from tutor.core.clock import SystemClock
    from tutor.grading.course_file import read_course, with_lateness
    from tutor.grading.evidence_json import encode_evidence
    from tutor.session.action import new_run_id
    from tutor.session.regrade import Regrading
    from tutor.storage.atomic import write_atomically
    from tutor.storage.intake import discard, take
    from tutor.storage.location import Location

    course = read_course(task.course) if task.course is not None else None
    location = Location.discover({"FROMSCRATCH_HOME": str(home)}, home)
    kit = Wiring().kit
    wiring = Wiring(task.engine, task.builder, _location=location, _kit=kit, _kit_sought=True)
    run_id = new_run_id()
    scratch = location.cache_folder / "submissions" / run_id
    base = home.parent
    engine: Engine | None = None
    other: list[Engine] = []

    async def buildkit() -> Engine:
        also = Wiring("docker", "buildx", _location=location, _kit=kit, _kit_sought=True)
        other.append(await also.engine())
        return other[0]

    async def obtain(reference: str, how: str) -> None:
        assert engine is not None
        await _obtain(task, engine, base, reference, how)

    try:
        engine = await wiring.engine()
        await engine.sweep()
        shutil.rmtree(scratch.parent, ignore_errors=True)
        taken, refused = None, None
        limits_of = _rubric(task, None, course, wiring)
        terms = replace(task.terms, processors=core or task.terms.processors)
        regrading = Regrading(
            engine, wiring.store, SystemClock(), limits_of, terms, buildkit, obtain, _free_bytes(engine)
        )
        try:
            taken = take(task.path, scratch, regrading.intake_limits)
        except SubmissionRefused as error:
            refused = error
        if taken is None or refused is not None:
            kind = "folder" if task.path.is_dir() else "bundle"
            return regrading.refuse(
                Taken(task.name, kind, ""), refused or SubmissionRefused("Nothing was taken.")
            )
        if taken.manifest is not None:
            regrading.rubric = _rubric(task, taken.manifest.lesson, course, wiring)
        result = await regrading.grade(replace(taken, name=task.name), scratch, run_id)
        if regrading.evidence is not None:
            task.out.mkdir(parents=True, exist_ok=True)
            write_atomically(task.evidence_file, encode_evidence(regrading.evidence).encode())
        return with_lateness(result, course)
    finally:
        discard(scratch)
        for each in (*other, *([engine] if engine is not None else [])):
            # Nothing of a submission stays for the next one to build on.
            if each.info.kind == "docker":
                with contextlib.suppress(TutorError):
                    await each.clean()
            await each.close()
        wiring.close()


def _rubric(task: GradeTask, lesson: str | None, course: Course | None, wiring: Wiring) -> Rubric:
    from tutor.grading.rubric import lesson_rubric, read_rubric

    slug = task.lesson or lesson or ""
    if task.rubric:
        return read_rubric(rubric_path(task.rubric), wiring.course.lessons)
    terms = course.lessons.get(slug) if course is not None else None
    if terms is not None and terms.rubric and task.course is not None:
        return read_rubric(task.course.parent / terms.rubric, wiring.course.lessons)
    if slug:
        found: Lesson = wiring.course.find(slug)
        return lesson_rubric(found)
    return read_rubric(rubric_path("lab"), wiring.course.lessons)


def rubric_path(name: str) -> Path:
    """A shipped rubric by its name, else a file."""
    from tutor.catalog.location import shipped_folders

    if name in RUBRICS:
        return shipped_folders()[1].parent / "rubrics" / f"{name}.yaml"
    return Path(name)


def _free_bytes(engine: Engine) -> _Free | None:
    return _Free(engine.info.data_folder) if engine.info.data_folder else None


@dataclass(frozen=True, slots=True)
class _Free:
    """How much room the disk has that an engine keeps its data on."""

    folder: str

    def __call__(self) -> int:
        return shutil.disk_usage(self.folder).free
