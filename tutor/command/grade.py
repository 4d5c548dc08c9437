"""``fromscratch grade``: a class of submissions, on this machine or on a cluster."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from tutor.command.grade_work import GradeTask, grade_submission, source_mark
from tutor.command.worker import begin_worker, grade_in_worker
from tutor.core.errors import StorageError, UsageError
from tutor.core.extra import install_command
from tutor.core.submission import BUNDLE_SUFFIX, SubmissionResult
from tutor.core.verdict import Outcome
from tutor.session.regrade import GradingTerms
from tutor.wiring import BuilderChoice, EngineChoice

EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1}
_TRIES = 3
"""How often a submission whose worker died is begun again."""


@dataclass(frozen=True, slots=True)
class GradeRequest:
    """What the command line asked for."""

    paths: tuple[Path, ...]
    out: Path
    rubric: str = ""
    lesson: str = ""
    course: Path | None = None
    engine: EngineChoice = "docker"
    builder: BuilderChoice = "classic"
    jobs: int = 1
    scheduler: str = ""
    again: bool = False
    quiet: bool = False
    terms: GradingTerms = field(default_factory=GradingTerms)


def tasks_of(request: GradeRequest) -> list[GradeTask]:
    """A task for each submission, in the order given; names made unique."""
    from tutor.storage.intake import submission_name

    tasks: list[GradeTask] = []
    names: dict[str, int] = {}
    for path in request.paths:
        if not path.exists():
            raise UsageError(f"There is no submission at {path}.", next_step="Name folders and bundles.")
        name = submission_name(path)
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            name = f"{name}-{names[name]}"
        tasks.append(
            GradeTask(
                name=name,
                path=path.resolve(),
                out=request.out.resolve(),
                terms=request.terms,
                rubric=request.rubric,
                lesson=request.lesson,
                course=request.course.resolve() if request.course else None,
                engine=request.engine,
                builder=request.builder,
                slots=request.jobs,
            )
        )
    if not tasks:
        raise UsageError(
            "Nothing was named to grade.",
            next_step=f"Name folders, or files that end in {BUNDLE_SUFFIX}: fromscratch grade submissions/*",
        )
    return tasks


def grade_all(request: GradeRequest) -> list[SubmissionResult]:
    """Grade what is not graded yet; the results of all, in the order given.

    Raises:
        UsageError: a path, or a scheduler, that is not there.
        StorageError: results cannot be read or written.
    """
    tasks = tasks_of(request)
    open_tasks = [task for task in tasks if request.again or not is_done(task)]
    for task in open_tasks:
        task.result_file.unlink(missing_ok=True)
    progress = Progress(len(tasks), len(tasks) - len(open_tasks), at_a_time=request.jobs, quiet=request.quiet)
    if request.scheduler:
        _on_cluster(request.scheduler, open_tasks, progress)
    elif request.jobs > 1 and len(open_tasks) > 1:
        _side_by_side(request.jobs, open_tasks, progress)
    else:
        for task in open_tasks:
            grade_submission(task)
            progress.tell([task])
    progress.end()
    return [read_result(task) for task in tasks]


def is_done(task: GradeTask) -> bool:
    """Whether a result of this very submission is there already."""
    with contextlib.suppress(StorageError, OSError):
        result = read_result(task)
        return bool(result.source_mark) and result.source_mark == source_mark(task.path)
    return False


def read_result(task: GradeTask) -> SubmissionResult:
    """What was written of one submission.

    Raises:
        StorageError: there is none, or it is damaged.
    """
    from tutor.grading.result_report import decode_result

    try:
        return decode_result(task.result_file.read_bytes())
    except OSError as error:
        raise StorageError(
            f"There is no result of {task.name}: {error.strerror}", where=str(task.result_file)
        ) from error


def _side_by_side(jobs: int, tasks: Sequence[GradeTask], progress: Progress) -> None:
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    left = list(tasks)
    for _ in range(_TRIES):
        with (
            contextlib.suppress(BrokenProcessPool),
            futures.ProcessPoolExecutor(jobs, mp_context=context, initializer=begin_worker) as pool,
        ):
            try:
                _follow([pool.submit(grade_in_worker, task) for task in left], left, progress)
            except KeyboardInterrupt:
                # Those at work were interrupted as well; none of the others is begun.
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        left = [task for task in left if not task.result_file.exists()]
        if not left:
            return
    _give_up(left)


def _on_cluster(address: str, tasks: Sequence[GradeTask], progress: Progress) -> None:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask, which is not installed.",
            next_step=install_command("cluster"),
        ) from None
    try:
        client: Any = Client(address, timeout="10s")  # type: ignore[no-untyped-call]  # it has no types
    except OSError as error:
        raise UsageError(f"No scheduler answers at {address}: {error}") from error
    with client:
        # No result is kept on the cluster: what counts is written to the folder of results.
        pool = client.get_executor(pure=False, retries=_TRIES)
        progress.at_a_time = sum(client.nthreads().values())
        _follow([pool.submit(grade_submission, task) for task in tasks], tasks, progress)
    _give_up([task for task in tasks if not task.result_file.exists()])


def _follow(running: Sequence[Any], tasks: Sequence[GradeTask], progress: Progress) -> None:
    """Wait for all; what is done is read from the results that were written."""
    pending = set(running)
    while pending:
        _done, pending = futures.wait(pending, timeout=0.5, return_when=futures.FIRST_COMPLETED)
        progress.tell(tasks)
        for each in _done:
            if isinstance(each.exception(), BrokenProcessPool):
                raise BrokenProcessPool
    progress.tell(tasks)


def _give_up(tasks: Sequence[GradeTask]) -> None:
    from tutor.command.grade_work import _crashed, _write

    for task in tasks:
        _write(task, _crashed(task, StorageError(f"Its worker died {_TRIES} times.")))


class Progress:
    """Done, running, left and rate, on standard error."""

    def __init__(self, total: int, done_before: int, *, at_a_time: int, quiet: bool) -> None:
        self.at_a_time = at_a_time
        """How many are graded at a time, on all machines together."""
        self._total = total
        self._before = done_before
        self._quiet = quiet
        self._told: set[str] = set()
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        if done_before and not quiet:
            click.echo(f"{done_before} of {total} are graded already.", err=True)

    def tell(self, tasks: Sequence[GradeTask]) -> None:
        """Look which results are there, and tell the new ones."""
        for task in tasks:
            if task.name in self._told or not task.result_file.exists():
                continue
            self._told.add(task.name)
            if self._quiet:
                continue
            result = read_result(task)
            click.echo(f"{self._line()}  {result.name}: {result.outcome.value}", err=True)

    def _line(self) -> str:
        done = self._before + len(self._told)
        rate = len(self._told) / max(0.001, time.monotonic() - self._began) * 60
        left = self._total - done
        filled = round(20 * done / self._total)
        minutes = f", {left / rate:.1f} min" if left and rate else ""
        bar = "#" * filled + "." * (20 - filled)
        running = min(left, self.at_a_time)
        return f"[{bar}] {done}/{self._total}, {running} running, {left} left{minutes}, {rate:.1f}/min"

    def end(self) -> None:
        """Nothing is left."""
        self._told.clear()


@contextlib.contextmanager
def engine_for(throwaway: bool) -> Iterator[bool]:
    """The engine in use, or one made for this run; whether it is limited as a whole.

    Raises:
        EngineUnavailable: this machine cannot run a throwaway engine.
    """
    if not throwaway:
        yield False
        return
    from tutor.engine.docker.throwaway import ThrowawayLimits, base_images, throwaway_engine

    source = os.environ.get("DOCKER_HOST", "")
    with throwaway_engine(ThrowawayLimits(), base_images(source), source) as host:
        before = dict(os.environ)
        os.environ["DOCKER_HOST"] = host
        os.environ.pop("DOCKER_CONTEXT", None)
        try:
            yield True
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextlib.contextmanager
def output_folder(asked: Path | None) -> Iterator[Path]:
    """Where results go: the folder asked for, else one that is forgotten."""
    if asked is not None:
        yield asked
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fromscratch-") as folder:
        yield Path(folder)


def told(results: Sequence[SubmissionResult], form: str, course_path: Path | None) -> str:
    """The results in the form that was asked for."""
    from tutor.grading.course_file import read_course
    from tutor.grading.result_report import encode_result, gradebook, gradescope, junit, text_result

    course = read_course(course_path) if course_path is not None else None
    if form == "json":
        documents = [json.loads(encode_result(result)) for result in results]
        return json.dumps({"schema": 1, "results": documents}, indent=2, ensure_ascii=False)
    if form == "junit":
        return junit(results).decode()
    if form == "csv":
        return gradebook(results, course).rstrip("\n")
    if form == "html":
        from tutor.grading.page import html_page

        return html_page(results, course)
    if form == "gradescope":
        if len(results) != 1:
            raise UsageError("Gradescope takes one submission at a time.")
        return gradescope(results[0]).decode()
    return "\n\n".join(text_result(result, course) for result in results)


def write_pages(results: Sequence[SubmissionResult], out: Path, course_path: Path | None) -> None:
    """A page for each submission beside its result: ``NAME.html``, to be handed back.

    Raises:
        StorageError: it cannot be written.
    """
    from tutor.grading.course_file import read_course
    from tutor.grading.page import html_page
    from tutor.storage.atomic import write_atomically

    course = read_course(course_path) if course_path is not None else None
    for result in results:
        write_atomically(out / f"{result.name}.html", html_page([result], course).encode())


def exit_code(results: Sequence[SubmissionResult]) -> int:
    """0 when all passed, 1 when one failed, 2 when one could not be judged and none failed."""
    outcomes = {result.outcome for result in results}
    return 1 if Outcome.FAILED in outcomes else 0 if outcomes == {Outcome.PASSED} else 2
