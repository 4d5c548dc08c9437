"""Submissions that mean harm: each ends in its limit, with a verdict that names it, and nothing stays."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import docker
import msgspec
import pytest

from tests.engine_guard import engine_contents
from tests.engines.docker.conftest import left_since
from tutor.command.grade import GradeRequest, grade_all
from tutor.core.submission import BUNDLE_SCHEMA, BundledFile, BundleManifest, SubmissionResult
from tutor.core.verdict import Outcome
from tutor.storage.bundle import FILES, MANIFEST

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
  - {id: healthy, check: healthcheck_passes, required: false}
"""
SERVE = "FROM BASE\n"
BUILDS = {
    "fork-bomb": ("RUN f() { f | f & f; }; f", {"memory", "processes", "build time"}),
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


def disk_taken() -> int:
    """Bytes that the engine's data take; where that cannot be read, those of the whole disk."""
    client = docker.from_env()
    try:
        folder = str(client.info()["DockerRootDir"])
    finally:
        client.close()
    if os.geteuid() != 0 or not Path(folder).is_dir():
        return shutil.disk_usage("/").used
    done = subprocess.run(["du", "--summarize", "--block-size=1", folder], capture_output=True, check=False)
    return int(done.stdout.split()[0])


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
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(dockerfile.replace("BASE", base))
        for name, content in files.items():
            (folder / name).write_text(content)
        before = engine_contents()
        taken = disk_taken()
        request = GradeRequest((folder,), tmp_path / "out", rubric=str(tmp_path / "rubric.yaml"), quiet=True)
        (result,) = grade_all(request)
        assert left_since(before) == []
        assert disk_taken() < taken + 500_000_000
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


def test_a_health_check_that_never_ends_is_ended(grade: Callable[..., SubmissionResult]) -> None:
    serve = (
        'ENTRYPOINT ["/bin/sh", "-c", "while true; do '
        'printf \\"HTTP/1.1 200 OK\\\\r\\\\n\\\\r\\\\n\\" | nc -l -p 8080; done"]'
    )
    result = grade(f"FROM BASE\nEXPOSE 8080\nHEALTHCHECK --timeout=2s CMD sleep 100000\n{serve}\n")
    verdicts = {item.verdict.check_id: item.verdict for item in result.items}
    assert verdicts["starts"].outcome is Outcome.PASSED
    assert verdicts["healthy"].outcome is Outcome.FAILED
    assert "had not ended after 2 s" in verdicts["healthy"].actual


def bundle(path: Path, *members: tuple[str, int, bytes]) -> None:
    """A bundle whose list fits what is in it: names, modes and contents as given."""
    files = tuple(
        BundledFile(name.removeprefix(FILES), hashlib.sha256(content).hexdigest(), len(content))
        for name, _mode, content in members
    )
    manifest = BundleManifest(BUNDLE_SCHEMA, "two-stages", "", "", "", {}, "", "", "", files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, msgspec.json.encode(manifest))
        for name, mode, content in members:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


PLAIN = stat.S_IFREG | 0o644
BOMB = ("workspace/zeros", PLAIN, b"\0" * 90_000_000)
BUNDLES: dict[str, tuple[list[tuple[str, int, bytes]], str]] = {
    "zip-bomb": ([BOMB], "unpacks to more"),
    "climbs-out": ([("workspace/../../outside", PLAIN, b"x")], "leads out"),
    "absolute-name": ([("/etc/cron.d/x", PLAIN, b"x")], "leads out"),
    "link-out": ([("workspace/Dockerfile", stat.S_IFLNK | 0o777, b"/etc/shadow")], "link or a device"),
    "device": ([("workspace/disk", stat.S_IFBLK | 0o600, b"")], "link or a device"),
    "two-in-one": ([("workspace/a", PLAIN, b"x"), ("workspace/A", PLAIN, b"y")], "twice"),
    "too-many-files": ([(f"workspace/{number}", PLAIN, b"") for number in range(2500)], "2000 are taken"),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_that_means_harm_is_refused_and_touches_nothing(
    name: str, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "home"))
    members, says = BUNDLES[name]
    path = tmp_path / f"{name}.fsb.zip"
    bundle(path, *members)
    before = engine_contents()
    (result,) = grade_all(GradeRequest((path,), tmp_path / "out", quiet=True))
    assert result.outcome is Outcome.FAILED
    assert says in result.refused
    assert (tmp_path / "out" / f"{name}.json").is_file()
    assert left_since(before) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["home", "out", path.name])
    assert [each for each in (tmp_path / "home").rglob("*") if each.parent.name == "submissions"] == []


def test_links_out_and_what_is_no_file_never_reach_the_engine(
    grade: Callable[..., SubmissionResult], tmp_path: Path
) -> None:
    trap = tmp_path / "submission"
    trap.mkdir()
    (trap / "passwd").symlink_to("/etc/passwd")
    (trap / "up").symlink_to("..")
    os.mkfifo(trap / "pipe")
    result = grade("FROM BASE\nCOPY . /all/\nRUN test -z \"$(ls /all | grep -v '^Dockerfile$')\"\n")
    assert result.items[0].verdict.outcome is Outcome.PASSED, result.items[0].verdict.actual
    assert len([note for note in result.notes if "left out" in note]) == 3
