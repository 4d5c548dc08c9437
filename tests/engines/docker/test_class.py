"""A class: several at a time, on one machine and on a cluster; a worker that dies loses nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from tutor.command.grade import GradeRequest, grade_all
from tutor.core.verdict import Outcome

pytestmark = pytest.mark.docker
RUBRIC = "title: Small\nchecks: [{id: builds, check: image_builds}]\n"


@pytest.fixture
def folders(
    base: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> tuple[Path, ...]:
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "home"))
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    found = []
    for number in range(4):
        folder = tmp_path / f"learner-{number}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM {base}\nRUN sleep 2; echo {number} > /number\n")
        found.append(folder)
    return tuple(found)


def request(folders: tuple[Path, ...], tmp_path: Path, **more: object) -> GradeRequest:
    return GradeRequest(
        folders,
        tmp_path / "out",
        rubric=str(tmp_path / "rubric.yaml"),
        quiet=True,
        **more,  # type: ignore[arg-type]  # each test names the fields it is about
    )


def ours() -> list[str]:
    client = docker.from_env()
    try:
        images = [tag for image in client.images.list() for tag in image.tags]
        names = [str(container.name) for container in client.containers.list(all=True)]
        mine = ("fromscratch/graded", "fromscratch-")
        return [
            name
            for name in (*images, *names)
            if name.startswith(mine) and not name.startswith("fromscratch-test")
        ]
    finally:
        client.close()


def test_two_at_a_time_grade_all_and_leave_nothing(folders: tuple[Path, ...], tmp_path: Path) -> None:
    results = grade_all(request(folders, tmp_path, jobs=2))
    assert [result.outcome for result in results] == [Outcome.PASSED] * 4
    assert ours() == []


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(path.parent.name))
    return found


def is_grader(pid: int) -> bool:
    """Whether it grades: it runs Python, and is not the one that watches the others."""
    with contextlib.suppress(OSError):
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes()
        return b"spawn_main" in words and b"resource_tracker" not in words
    return False


def grader(pid: int) -> int | None:
    """A child that grades."""
    return next(filter(is_grader, children(pid)), None)


def test_a_worker_that_is_killed_loses_no_submission(folders: tuple[Path, ...], tmp_path: Path) -> None:
    slots = tmp_path / "home" / "cache" / "grading"
    killed = threading.Event()

    def kill_one() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and not killed.is_set():
            victim = grader(os.getpid())
            if victim is not None and (slots / "slot-0").is_dir():
                os.kill(victim, signal.SIGKILL)
                killed.set()
            killed.wait(0.05)

    watcher = threading.Thread(target=kill_one)
    watcher.start()
    try:
        results = grade_all(request(folders, tmp_path, jobs=2))
    finally:
        watched = killed.is_set()
        killed.set()
        watcher.join()
    assert watched
    assert [result.outcome for result in results] == [Outcome.PASSED] * 4
    grade_all(request(folders[:2], tmp_path, jobs=2, again=True))
    assert ours() == []


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_one_who_started_them_and_leave_nothing(
    folders: tuple[Path, ...], tmp_path: Path, way: signal.Signals
) -> None:
    for folder in folders:
        (folder / "Dockerfile").write_text((folder / "Dockerfile").read_text().replace("sleep 2", "sleep 30"))
    words = [sys.executable, "-m", "tutor", "grade", *map(str, folders), "--jobs", "2", "--quiet"]
    words += ["--rubric", str(tmp_path / "rubric.yaml"), "--out", str(tmp_path / "out")]
    # A shell that starts it in its background has Ctrl+C ignored; the signals that kill it come then, too.
    handler = signal.SIG_DFL if way is signal.SIGINT else signal.SIG_IGN
    # Its own group, so that Ctrl+C can be pressed as in a terminal.
    started = subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )
    until(lambda: len(steps()) == 2)
    workers = [each for each in children(started.pid) if is_grader(each)]
    assert len(workers) == 2
    if way is signal.SIGINT:
        os.killpg(started.pid, way)
    else:
        os.kill(started.pid, way)
    started.communicate(timeout=60)
    until(lambda: not any(map(is_grader, workers)))
    until(lambda: not steps())
    assert ours() == []
    assert not list((tmp_path / "out").glob("*.json"))


def steps() -> list[str]:
    """Containers that steps of a build run in."""
    client = docker.from_env()
    with contextlib.closing(client):
        return [row["Id"] for row in client.api.containers() if "sleep 30" in row["Command"]]


def until(holds: Callable[[], bool]) -> None:
    """Wait for a fact of other processes."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # nothing tells of it


def test_a_neighbour_of_one_that_fills_the_disk_is_graded_again_by_itself(
    base: str, folders: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "rubric.yaml").write_text(f"{RUBRIC}limits: {{disk_mb: 600, build_seconds: 60}}\n")
    filling, honest = folders[:2]
    write = "yes | head -c 900000000 > /full"
    (filling / "Dockerfile").write_text(f"FROM {base}\nRUN {write}\n")
    # Goes on until the other one has filled the disk, so that both are stopped.
    wait = "i=0; while [ $i -lt 40 ]; do sleep 0.5; i=$((i+1)); done"
    (honest / "Dockerfile").write_text(f"FROM {base}\nRUN {wait}\n")
    full, neighbour = grade_all(request((filling, honest), tmp_path, jobs=2))
    assert (full.outcome, full.limits_hit) == (Outcome.FAILED, ("disk",))
    assert (neighbour.outcome, neighbour.limits_hit) == (Outcome.PASSED, ())
    assert ours() == []


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A Dask scheduler and two workers, processes of their own on loopback."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    started = [
        subprocess.Popen(
            [*dask, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    ]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
    options = ["--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    for number in range(2):
        place = tmp_path / f"worker-{number}"
        place.mkdir()
        started.append(
            subprocess.Popen(
                [*worker, *options, "--local-directory", str(place)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    try:
        import json

        until = time.monotonic() + 60
        while not file.exists() and time.monotonic() < until:
            assert started[0].poll() is None
            threading.Event().wait(0.1)
        yield str(json.loads(file.read_text())["address"])
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_of_two_workers_grades_all(
    folders: tuple[Path, ...], tmp_path: Path, scheduler: str
) -> None:
    results = grade_all(request(folders, tmp_path, jobs=2, scheduler=scheduler))
    assert [result.outcome for result in results] == [Outcome.PASSED] * 4
    assert ours() == []
