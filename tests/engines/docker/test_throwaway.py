"""An engine made for untrusted submissions: limited as a whole, and gone without a trace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import docker
import pytest
from click.testing import CliRunner

from tests.engine_guard import engine_contents
from tests.engines.docker.conftest import left_since
from tutor.cli import cli
from tutor.core.errors import EngineUnavailable
from tutor.engine.docker.throwaway import ThrowawayLimits, base_images, throwaway_engine

pytestmark = pytest.mark.docker
SMALL = ThrowawayLimits(disk_bytes=400_000_000, processes=150, memory_bytes=600_000_000)


def traces() -> set[str]:
    mounts = {line for line in Path("/proc/mounts").read_text().splitlines() if "fromscratch-" in line}
    groups = {str(path) for path in Path("/sys/fs/cgroup").glob("**/fromscratch-*")}
    return mounts | groups


@pytest.fixture
def root(engine_is_missing: Callable[[str], NoReturn]) -> None:
    if os.geteuid() != 0:
        engine_is_missing("a throwaway engine needs root")


def test_a_throwaway_engine_bounds_disk_and_processes_and_leaves_nothing(root: None, base: str) -> None:
    before = traces()
    with throwaway_engine(SMALL, [base, "no-such-image:1"], os.environ.get("DOCKER_HOST", "")) as host:
        client = docker.DockerClient(base_url=host, timeout=120)
        try:
            assert [tag for image in client.images.list() for tag in image.tags] == [base]
            free = shutil.disk_usage(tempfile.gettempdir()).free
            said = client.containers.run(
                base,
                ["/bin/sh", "-c", "yes > /full || { rm /full; echo it is full; }"],
                network_mode="none",
                remove=True,
            )
            assert b"it is full" in said
            assert shutil.disk_usage(tempfile.gettempdir()).free > free - 2 * SMALL.disk_bytes
            bomb = "i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done; echo all of them"
            with pytest.raises(docker.errors.ContainerError):
                client.containers.run(base, ["/bin/sh", "-c", bomb], network_mode="none", remove=True)
        finally:
            client.close()
    assert traces() == before


RUBRIC = """\
title: Throwaway
limits: {build_seconds: 60, build_memory_mb: 500}
checks:
  - {id: builds, check: image_builds}
  - {id: starts, check: container_starts}
"""
BUSYBOX = "busybox:fromscratch-test"
SUBMISSIONS = {
    "honest": "RUN echo built > /built",
    "bomb": "RUN i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done; echo all of them",
    "only-buildkit": "RUN --mount=type=cache,target=/kept echo built > /built",
}


def test_a_class_that_nobody_trusts_is_graded_on_an_engine_of_its_own(
    root: None,
    base: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> None:
    if subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode:
        engine_is_missing("the docker buildx plug-in is not installed")
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tutor.engine.docker.throwaway.ThrowawayLimits", lambda: SMALL)
    (tmp_path / "rubric.yaml").write_text(RUBRIC)
    folders = [tmp_path / name for name in SUBMISSIONS]
    for folder in folders:
        folder.mkdir()
        step = SUBMISSIONS[folder.name]
        (folder / "Dockerfile").write_text(f'FROM {BUSYBOX}\n{step}\nENTRYPOINT ["/bin/sleep", "1000"]\n')
    client = docker.from_env()
    client.images.get(base).tag(BUSYBOX)
    try:
        contents, before = engine_contents(), traces()
        words = ["--throwaway", "--rubric", str(tmp_path / "rubric.yaml"), "--format", "json", "--quiet"]
        done = CliRunner().invoke(cli, ["grade", *map(str, folders), *words])
        assert left_since(contents) == []
        assert traces() == before
    finally:
        client.images.remove(BUSYBOX, noprune=True)
        client.close()
    assert done.exit_code == 1, done.output
    results = {result["name"]: result for result in json.loads(done.output)["results"]}
    assert {name: result["outcome"] for name, result in results.items()} == {
        "honest": "passed",
        "bomb": "failed",
        "only-buildkit": "passed",
    }, done.output
    assert {tuple(result["limits_open"]) for result in results.values()} == {()}
    assert results["bomb"]["limits_hit"] == ["processes"]


def test_a_throwaway_engine_that_cannot_start_leaves_nothing(
    root: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = traces()
    false = tmp_path / "dockerd"
    false.write_text("#!/bin/sh\necho no engine today >&2\nexit 1\n")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        pytest.raises(EngineUnavailable, match="no engine today"),
        throwaway_engine(SMALL, [], os.environ.get("DOCKER_HOST", "")),
    ):
        pytest.fail("it started")
    assert traces() == before


def test_bases_are_told_by_their_names(base: str) -> None:
    names = base_images(os.environ.get("DOCKER_HOST", ""))
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(names) <= set(listed.stdout.split())
    assert base not in names
