"""A real engine, a base image of a few hundred kilobytes, and a guard over what a test leaves."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from tests.engine_guard import Leftover, engine_contents
from tests.engines.docker.laboratory import Laboratory
from tutor.core.clock import SystemClock
from tutor.core.errors import EngineUnavailable
from tutor.engine.docker.busybox import local_busybox
from tutor.engine.docker.engine import BuilderChoice, DockerEngine
from tutor.storage.journal import SqliteJournal

BASE = "fromscratch-test/busybox:1"


def busybox_tar() -> bytes:
    """An image of one program, as an archive of its files."""
    program = local_busybox()
    assert program is not None, "apt-get install busybox-static"
    content = program.read_bytes()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("bin/busybox")
        entry.size, entry.mode = len(content), 0o755
        tar.addfile(entry, io.BytesIO(content))
        for name in ("sh", "sleep", "cat", "echo", "wget", "httpd", "nc", "yes", "head", "tr", "touch"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
            tar.addfile(link)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(folder)
    return out.getvalue()


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """An image with a shell, not ours by label, gone after the session."""
    client = docker.from_env(timeout=60)
    repository, _, tag = BASE.rpartition(":")
    image_id = client.api.import_image_from_data(busybox_tar(), repository=repository, tag=tag)
    assert "error" not in image_id
    yield BASE
    client.api.remove_image(BASE, force=True)
    client.close()


@pytest.fixture(params=["classic", "buildx"])
def choice(request: pytest.FixtureRequest) -> BuilderChoice:
    """Each test runs with both builders."""
    value: BuilderChoice = request.param
    return value


@pytest.fixture
async def laboratory(
    choice: BuilderChoice, base: str, tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]
) -> AsyncIterator[Laboratory]:
    """An engine with this builder. Everything is cleaned, and the engine is held to be as before."""
    before = engine_contents()
    journal = SqliteJournal(tmp_path / "journal.sqlite3")
    try:
        engine = await DockerEngine.connect(
            journal, SystemClock(), lock_path=tmp_path / "state/build.lock", builder=choice
        )
    except EngineUnavailable as missing:
        journal.close()
        engine_is_missing(missing.what)
    try:
        yield Laboratory(engine, journal, tmp_path, base)
        await engine.runtime.remove_all()
        report = await engine.clean()
        assert report.left == ()
        assert journal.entries() == ()
    finally:
        await engine.close()
        journal.close()
    assert left_since(before) == []


def left_since(before: dict[tuple[str, str], Leftover]) -> list[str]:
    """What was not there before, and what is not there any more. On a shared engine only what is ours."""
    after = engine_contents()
    strict = os.environ.get("FROMSCRATCH_REQUIRE_ENGINES") == "1"
    left = [f"left {row}" for key, row in after.items() if key not in before and (strict or row.ours)]
    gone = [f"gone {row}" for key, row in before.items() if key not in after and (strict or row.ours)]
    return left + gone
