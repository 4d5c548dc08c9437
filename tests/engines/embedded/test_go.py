"""The whole way with the Go toolchain. A cold build takes up to a minute, so there is one for all."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engines.embedded.conftest import Bench, MemoryJournal
from tutor.core.clock import SystemClock
from tutor.core.errors import BaseImageMissing
from tutor.core.events import WorkProgressed
from tutor.core.image import FileKind
from tutor.engine.embedded.engine import EmbeddedEngine
from tutor.inspect.archive import read_image

pytestmark = pytest.mark.embedded

SERVICE = Path(__file__).parents[3] / "assets" / "service"
BASE = "golang:1.21-alpine"
COMPILED = f"""\
FROM {BASE} AS builder
WORKDIR /src
COPY go.mod *.go ./
RUN CGO_ENABLED=0 go build -ldflags=-s -o /app .
"""
TWO_STAGES = COMPILED + 'FROM scratch\nCOPY --from=builder /app /app\nEXPOSE 8080\nENTRYPOINT ["/app"]\n'


@pytest.fixture
async def go_bench(bench: Bench) -> Bench:
    """The service's context, and the stand-in base."""
    async for _ in bench.engine.images.make_stand_in(BASE, "run"):
        pass
    for path in SERVICE.glob("*"):
        if not path.name.endswith("_test.go"):
            bench.write(path.name, path.read_bytes())
    return bench


async def test_the_stand_in_says_what_it_is_and_is_made_once(go_bench: Bench) -> None:
    images = go_bench.engine.images
    summary = await images.find(BASE)
    assert summary is not None
    assert summary.stand_in
    assert ("fromscratch.stand-in", "1") in summary.config.labels
    assert "GOTOOLCHAIN=local" in summary.config.env
    assert 195_000_000 < summary.listed_bytes < 205_000_000
    again: list[WorkProgressed] = [event async for event in images.make_stand_in("golang:1.21", "run")]
    assert again == []
    other = await images.find("docker.io/library/golang:1.21")
    assert other is not None
    assert other.image_id == summary.image_id


async def test_only_the_version_that_is_installed_can_stand_in(bench: Bench) -> None:
    for reference in ("golang:1.99", "golang", "nginx:1"):
        plan = await bench.engine.images.plan_base(reference)
        assert (plan.stand_in, plan.pull_bytes) == (False, None)
        assert plan.stand_in_note
        with pytest.raises(BaseImageMissing):
            async for _ in bench.engine.images.make_stand_in(reference, "run"):
                pass
    plan = await bench.engine.images.plan_base(BASE)
    assert plan.stand_in
    assert plan.registry_error


async def test_two_stages_give_a_small_image_that_answers(go_bench: Bench) -> None:
    built = await go_bench.build(TWO_STAGES, keep_stages=("builder",))
    builder, final = [await go_bench.engine.images.find(image.image_id) for image in built.finished.images]
    assert builder is not None
    assert final is not None
    assert not builder.stand_in
    assert not final.stand_in
    assert 255_000_000 < builder.listed_bytes < 290_000_000
    assert 4_000_000 < final.listed_bytes < 7_000_000
    again = await go_bench.build(TWO_STAGES, keep_stages=("builder",))
    assert all(again.cached)
    assert again.finished.images == built.finished.images
    container = await go_bench.start()
    await go_bench.listening(container)
    answers = [await go_bench.engine.probe.request(container, path) for path in ("/", "/health")]
    state = await go_bench.engine.runtime.stop(container.container_id, 10.0)
    await go_bench.engine.runtime.remove(container.container_id)
    assert [answer.status for answer in answers] == [200, 200]
    assert '"healthy"' in answers[1].body
    assert state.exit_code in (0, 2)


async def test_the_archive_reads_back_to_the_same_bytes(go_bench: Bench) -> None:
    built = await go_bench.build(TWO_STAGES)
    image = built.finished.images[-1]
    summary = await go_bench.engine.images.find(image.image_id)
    assert summary is not None

    def read() -> tuple[int, list[str], bool]:
        with go_bench.engine.images.open_archive(image.image_id) as archive:
            found = read_image(archive, summary.config, image_id=image.image_id)
        names = [entry.path for entry in found.files if entry.kind is FileKind.FILE]
        assert found.elf is not None
        return found.unpacked_bytes, names, found.elf.is_static

    assert await asyncio.to_thread(read) == (summary.listed_bytes, ["/app"], True)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        ("go build -buildmode=pie", "exec /app: no such file or directory"),
        (
            "GOARCH=$([ $(go env GOARCH) = amd64 ] && echo arm64 || echo amd64) go build",
            "exec /app: exec format error",
        ),
    ],
)
async def test_a_binary_that_this_root_cannot_load_is_told_in_dockers_words(
    go_bench: Bench, build: str, error: str
) -> None:
    go_bench.write("small/main.go", "package main\n\nfunc main() {}\n")
    go_bench.write("small/go.mod", "module small\n\ngo 1.21\n")
    await go_bench.build(
        f"FROM {BASE} AS b\nWORKDIR /s\nCOPY small .\nRUN {build} -o /app .\n"
        'FROM scratch\nCOPY --from=b /app /\nENTRYPOINT ["/app"]\n'
    )
    state, _ = await go_bench.run()
    assert state.error == error


async def test_the_compiler_of_this_machine_is_out_of_reach(go_bench: Bench) -> None:
    built = await go_bench.build(
        f"FROM {BASE}\nRUN go env CGO_ENABLED GOROOT; which gcc cc git || echo none\n"
    )
    assert built.log in ((), ("0", "/usr/local/go", "none"))


async def test_progress_of_the_stand_in_is_told(tmp_path: Path, go_bench: Bench) -> None:
    engine = await EmbeddedEngine.create(tmp_path / "other", MemoryJournal(), SystemClock())
    events = [event async for event in engine.images.make_stand_in(BASE, "run")]
    assert events[-1].current == events[-1].total
    assert [event.current for event in events] == sorted(event.current for event in events)
    mine = await go_bench.engine.images.find(BASE)
    other = await engine.images.find(BASE)
    assert mine is not None
    assert other is not None
    assert mine.image_id == other.image_id
    report = await engine.clean()
    assert {entry.object_id for entry in report.removed} == {BASE}
    assert report.reclaimed_bytes > 190_000_000
    assert await engine.images.find(BASE) is None
    await engine.ping()


@pytest.mark.docker
async def test_docker_loads_the_archive_under_the_same_id(
    go_bench: Bench, tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]
) -> None:
    docker = shutil.which("docker")
    if docker is None:
        engine_is_missing("there is no docker command")
    go_bench.tag = "fromscratch/embedded-test:loaded"
    built = await go_bench.build(TWO_STAGES)
    image_id = built.finished.images[-1].image_id
    place = tmp_path / "image.tar"

    def load_and_run() -> str:
        with go_bench.engine.images.open_archive(image_id) as archive, place.open("xb") as file:
            shutil.copyfileobj(archive, file)
        assert tarfile.is_tarfile(place)
        subprocess.run([docker, "load", "-i", str(place)], check=True, capture_output=True)
        try:
            inspected = subprocess.run(
                [docker, "image", "inspect", "--format", "{{.Id}}", go_bench.tag],
                check=True,
                capture_output=True,
            )
            return inspected.stdout.decode().strip()
        finally:
            subprocess.run([docker, "rmi", go_bench.tag], check=True, capture_output=True)

    assert await asyncio.to_thread(load_and_run) == image_id
