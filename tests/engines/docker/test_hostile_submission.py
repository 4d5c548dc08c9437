"""Submissions that mean harm: each ends in its limit, with a verdict that names it, and nothing stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engine_guard import engine_contents
from tests.engines.docker.conftest import left_since
from tutor.command.grade import GradeRequest, grade_all
from tutor.core.submission import SubmissionResult
from tutor.core.verdict import Outcome

pytestmark = pytest.mark.docker
RUBRIC = """\
title: Hostile
read_only: true
limits:
  {build_seconds: 12, build_memory_mb: 200, build_log_mb: 1, disk_mb: 1500,
   run_memory_mb: 64, run_processes: 16}
checks:
  - {id: builds, check: image_builds}
  - {id: starts, check: container_starts}
  - {id: answers, check: endpoint_answers, params: {path: /, json_keys: [service]}}
"""
SERVE = "FROM BASE\n"
BUILDS = {
    "fork-bomb": ("RUN f() { f | f & f; }; f", {"memory", "build time"}),
    "endless-step": ("RUN sleep 100000", {"build time"}),
    "gigabyte-of-log": ("RUN yes a-line-that-is-repeated | head -c 1000000000", {"log"}),
    "filling-the-disk": ("RUN yes | head -c 30000000000 > /full", {"disk", "build time"}),
    "eating-memory": ('RUN x=$(yes | tr "\\n" x | head -c 900000000); echo ${#x}', {"memory"}),
}
RUNS = {
    "never-listens": 'ENTRYPOINT ["/bin/sh", "-c", "while true; do sleep 1; done"]',
    "never-stops": 'ENTRYPOINT ["/bin/sh", "-c", "trap : TERM INT HUP; while true; do sleep 1; done"]',
    "endless-body": (
        'ENTRYPOINT ["/bin/sh", "-c", "while true; do '
        '{ printf \\"HTTP/1.1 200 OK\\\\r\\\\n\\\\r\\\\n\\"; yes; } | nc -l -p 8080; done"]'
    ),
    "forks-when-run": 'ENTRYPOINT ["/bin/sh", "-c", "f() { f | f & f; }; f"]',
    "eats-memory-when-run": 'ENTRYPOINT ["/bin/sh", "-c", "x=$(yes | tr \\"\\\\n\\" x | head -c 900000000)"]',
    "fills-a-volume": 'VOLUME /v\nENTRYPOINT ["/bin/sh", "-c", "yes > /v/full; sleep 1000"]',
    "writes-its-root": 'ENTRYPOINT ["/bin/sh", "-c", "yes > /full"]',
    "floods-its-log": 'ENTRYPOINT ["/bin/sh", "-c", "yes"]',
}


@pytest.fixture
def grade(
    base: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> Callable[..., SubmissionResult]:
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "home"))
    (tmp_path / "rubric.yaml").write_text(RUBRIC)

    def run(dockerfile: str, **files: str) -> SubmissionResult:
        folder = tmp_path / "submission"
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile.replace("BASE", base))
        for name, content in files.items():
            (folder / name).write_text(content)
        before = engine_contents()
        free = shutil.disk_usage("/").free
        request = GradeRequest((folder,), tmp_path / "out", rubric=str(tmp_path / "rubric.yaml"), quiet=True)
        (result,) = grade_all(request)
        assert left_since(before) == []
        assert shutil.disk_usage("/").free > free - 500_000_000
        return result

    return run


@pytest.mark.parametrize("name", BUILDS)
def test_a_build_that_takes_too_much_ends_in_its_limit(
    name: str, grade: Callable[..., SubmissionResult]
) -> None:
    step, limits = BUILDS[name]
    result = grade(f'FROM BASE\n{step}\nENTRYPOINT ["/bin/sh"]\n')
    assert result.outcome is Outcome.FAILED
    (builds,) = (item.verdict for item in result.items if item.verdict.check_id == "builds")
    assert builds.outcome is Outcome.FAILED
    assert builds.actual
    assert limits & set(result.limits_hit), (result.limits_hit, builds.actual)


def test_a_build_reaches_no_network(grade: Callable[..., SubmissionResult]) -> None:
    result = grade("FROM BASE\nRUN cat /proc/net/dev | grep -q eth0\n")
    assert result.outcome is Outcome.FAILED
    assert result.items[0].verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize("name", RUNS)
def test_a_container_that_takes_too_much_fails_and_is_gone(
    name: str, grade: Callable[..., SubmissionResult]
) -> None:
    result = grade(f"FROM BASE\nEXPOSE 8080\n{RUNS[name]}\n")
    assert result.outcome is Outcome.FAILED, result
    assert [item.verdict.check_id for item in result.items if item.verdict.outcome is Outcome.FAILED]


@pytest.mark.parametrize(
    ("dockerfile", "says"),
    [
        ("FROM BASE\nCOPY --from=fromscratch/graded:0123456789abcdef /app /app\n", "the grader's own"),
        ("# syntax=example.com/evil:1\nFROM BASE\n", "names another program"),
    ],
)
def test_what_reaches_for_the_grader_is_refused_before_anything_is_built(
    dockerfile: str, says: str, grade: Callable[..., SubmissionResult]
) -> None:
    result = grade(dockerfile)
    assert result.outcome is Outcome.FAILED
    assert says in result.refused
    assert result.items == ()


def test_a_build_that_cannot_be_limited_here_is_not_made(grade: Callable[..., SubmissionResult]) -> None:
    result = grade("FROM BASE\nRUN --mount=type=cache,target=/x yes > /x/full\n")
    assert result.outcome is Outcome.UNKNOWN
    assert "--throwaway" in result.fault
