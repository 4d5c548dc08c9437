"""An engine made for untrusted submissions: limited as a whole, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import docker
import pytest

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
