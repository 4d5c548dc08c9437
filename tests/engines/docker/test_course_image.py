"""The course's own images: every byte against the tools of others, through every door, line by line."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from tests.engines.course_image import answer_dockerfile, build_answer, obtain_golang
from tests.engines.docker.containerd_engine import containerd_engine
from tests.engines.docker.test_xray import as_oci_layout
from tests.unit.inspect.test_real_tools import readelf_sections
from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy, PackageSource, SectionGroup
from tutor.core.clock import SystemClock
from tutor.core.image import FileKind
from tutor.engine.docker.engine import DockerEngine
from tutor.inspect.binary import read_binary
from tutor.inspect.image import read_image_anatomy
from tutor.inspect.package import package_of
from tutor.inspect.source import read_path
from tutor.inspect.waterfall import make_waterfall
from tutor.storage.journal import SqliteJournal

pytestmark = [pytest.mark.docker, pytest.mark.prove]

ANSWERS = {
    "one-stage": ("one-big-image", "right-port", ""),
    "builder": ("two-stages", "named-stage", "builder"),
    "multi": ("two-stages", "named-stage", ""),
    "stripped": ("stripping", "both-flags", ""),
    "two programs": ("run-it-well", "a-program-to-ask", ""),
}


@dataclass(frozen=True)
class CourseImages:
    """Saved archives of the images, and what was told of each while it stood on the engine."""

    folder: Path
    opened: dict[str, ImageAnatomy]
    history_bytes: dict[str, list[int]]
    """Of each layer that has any, oldest first, as ``docker history`` tells."""
    store: str
    builder: str
    references: dict[str, str]

    def saved(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.tar"


async def connected(folder: Path, host: str | None = None) -> tuple[DockerEngine, SqliteJournal]:
    journal = SqliteJournal(folder / "journal.sqlite3")
    environ = dict(os.environ) | ({"DOCKER_HOST": host} if host is not None else {})
    environ.pop("DOCKER_CONTEXT", None)
    engine = await DockerEngine.connect(
        journal, SystemClock(), environ=environ, lock_path=folder / "state/build.lock"
    )
    return engine, journal


async def opened_on(engine: DockerEngine, reference: str, name: str) -> ImageAnatomy:
    summary = await engine.images.find(reference)
    assert summary is not None
    with engine.images.open_archive(summary.image_id) as archive:
        return read_image_anatomy(
            archive,
            summary.config,
            name=name,
            image_id=summary.image_id,
            listed_bytes=summary.listed_bytes,
        )


@pytest.fixture(scope="module")
def course_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CourseImages]:
    """Built once, saved, and taken from the engine again."""
    folder = tmp_path_factory.mktemp("course-images")
    yield asyncio.run(_make(folder))
    shutil.rmtree(folder)


async def _make(folder: Path) -> CourseImages:
    engine, journal = await connected(folder)
    client = docker.from_env(timeout=300)
    opened: dict[str, ImageAnatomy] = {}
    sizes: dict[str, list[int]] = {}
    references: dict[str, str] = {}
    try:
        await obtain_golang(engine)
        for name, (lesson, answer, stage) in ANSWERS.items():
            image = (await build_answer(engine, lesson, answer, "proof"))[stage]
            references[name] = image.reference
            opened[name] = await opened_on(engine, image.reference, name)
            history = client.api.history(image.image_id)  # type: ignore[no-untyped-call]  # not in the stubs
            sizes[name] = [row["Size"] for row in reversed(history) if row["Size"]]
            saved = folder / f"{name.replace(' ', '-')}.tar"
            save = ["docker", "save", "-o", str(saved), image.reference]
            await asyncio.to_thread(subprocess.run, save, check=True, timeout=300)
        return CourseImages(folder, opened, sizes, engine.info.store, engine.info.builder, references)
    finally:
        client.close()
        await engine.clean()
        await engine.close()
        journal.close()


# To the byte.


@pytest.mark.parametrize("name", ANSWERS)
def test_the_parts_are_the_whole_and_the_layers_agree_with_docker_history(
    course_images: CourseImages, name: str
) -> None:
    found = course_images.opened[name]
    assert sum(part.size_bytes for part in found.parts) == found.unpacked_bytes
    assert sum(layer.unpacked_bytes for layer in found.layers) == found.unpacked_bytes
    assert sum(file.size_bytes for file in found.files) + found.wasted_bytes == found.unpacked_bytes
    if course_images.store != "overlay2":
        pytest.skip(f"the history of {course_images.store} counts blocks of archives")
    # BuildKit's own count leaves out the length of symbolic links; an imported base keeps it.
    base = 1 if name in ("one-stage", "builder") else 0
    expected = [
        layer.unpacked_bytes
        - sum(
            change.size_bytes
            for change in layer.changes
            if change.kind is FileKind.SYMLINK and course_images.builder == "buildx" and index >= base
        )
        for index, layer in enumerate(found.layers)
    ]
    assert course_images.history_bytes[name] == [size for size in expected if size]


# Programs.


def go_tool(*arguments: str) -> str:
    spec = importlib.util.find_spec("go")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    environ = {"PATH": os.environ["PATH"], "GOROOT": str(root), "GOTOOLCHAIN": "local", "GOCACHE": "off"}
    command = [str(root / "bin/go"), *arguments]
    return subprocess.run(
        command, env=environ, check=True, capture_output=True, text=True, timeout=300
    ).stdout


def programs_of(course_images: CourseImages, name: str, folder: Path) -> Iterator[tuple[Path, BinaryAnatomy]]:
    """Each program as a file, and what was told of it inside the image."""
    with tarfile.open(course_images.saved(name)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        newest = json.load(manifest)[0]["Layers"][-1]
        layer = archive.extractfile(newest)
        assert layer is not None
        with tarfile.open(fileobj=layer) as inside:
            for binary in course_images.opened[name].binaries:
                content = inside.extractfile(binary.path.lstrip("/"))
                assert content is not None
                file = folder / binary.path.rpartition("/")[2]
                file.write_bytes(content.read())
                yield file, binary


@pytest.mark.parametrize("name", ["multi", "stripped", "two programs"])
def test_programs_agree_with_readelf_go_version_and_go_tool_nm(
    course_images: CourseImages, name: str, tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]
) -> None:
    if shutil.which("readelf") is None:
        engine_is_missing("readelf is missing: install binutils")
    found = list(programs_of(course_images, name, tmp_path))
    assert len(found) == (2 if name == "two programs" else 1)
    for file, binary in found:
        assert sum(part.size_bytes for part in binary.sections) == file.stat().st_size == binary.size_bytes
        named = [part for part in binary.sections if not part.name.startswith("(")]
        assert Counter((part.name, part.size_bytes) for part in named) == readelf_sections(file)
        told = go_tool("version", "-m", str(file))
        assert binary.go is not None
        assert told.splitlines()[0] == f"{file}: {binary.go.version}"
        settings = re.findall(r"^\tbuild\t([^=]+)=(.*)$", told, re.MULTILINE)
        assert [(key, value.strip('"')) for key, value in settings] == list(binary.go.settings)
        assert re.findall(r"^\tmod\t(\S+)", told, re.MULTILINE) == [binary.go.main_module]
        if binary.source is PackageSource.SYMBOLS:
            totals: dict[str, tuple[int, int]] = {}
            for line in go_tool("tool", "nm", "-size", str(file)).splitlines():
                _, size, kind, symbol = line.split(maxsplit=3)
                if kind in "Tt" and int(size):
                    count, total = totals.get(package_of(symbol), (0, 0))
                    totals[package_of(symbol)] = (count + 1, total + int(size))
            ours = {
                part.name: (part.function_count, part.function_bytes)
                for part in binary.packages
                if part.function_count
            }
            assert ours == totals
        with file.open("rb") as opened:
            alone = read_binary(opened, binary.path)
        assert alone == binary


def test_the_stripped_program_has_the_packages_of_its_twin_within_five_per_cent(
    course_images: CourseImages,
) -> None:
    plain = course_images.opened["multi"].program
    stripped = course_images.opened["stripped"].program
    assert plain is not None
    assert stripped is not None
    assert (plain.source, stripped.source) == (PackageSource.SYMBOLS, PackageSource.LINE_TABLE)
    by_line_table = {part.name: part.code_bytes for part in stripped.packages}
    largest = sorted(plain.packages, key=lambda part: -part.code_bytes)[:10]
    worst = max(abs(by_line_table[part.name] / part.code_bytes - 1) for part in largest)
    print(f"ten largest packages: at most {100 * worst:.2f} % apart")
    assert worst <= 0.05
    assert stripped.unattributed_data_bytes == stripped.group_bytes(SectionGroup.READ_ONLY, SectionGroup.DATA)


# Through every door.


@pytest.fixture(scope="module")
def containerd_host(engine_is_missing: Callable[[str], NoReturn]) -> Iterator[str]:
    with containerd_engine(engine_is_missing) as host:
        yield host


@pytest.fixture
async def containerd(containerd_host: str, tmp_path: Path) -> AsyncIterator[DockerEngine]:
    engine, journal = await connected(tmp_path, containerd_host)
    try:
        yield engine
    finally:
        await engine.close()
        journal.close()


def same(image: ImageAnatomy) -> tuple[object, ...]:
    """All that is told of an image, apart from its name, its id and what a store says of it."""
    return (
        image.unpacked_bytes,
        image.layers,
        image.files,
        image.file_count,
        image.wasted,
        image.binaries,
        image.parts,
        image.start_path,
        image.config.start_command,
        image.config.diff_ids,
    )


@pytest.mark.parametrize("name", ["stripped", "builder"])
async def test_both_stores_docker_save_and_an_oci_layout_give_the_same_answer(
    course_images: CourseImages, containerd: DockerEngine, tmp_path: Path, name: str
) -> None:
    assert containerd.info.store == "containerd"
    here = course_images.opened[name]
    saved = course_images.saved(name)
    layout = tmp_path / "layout"
    await asyncio.to_thread(as_oci_layout, saved, layout)
    reference = course_images.references[name]
    client = docker.DockerClient(base_url=containerd.info.endpoint, timeout=300)
    try:
        with saved.open("rb") as archive:
            client.images.load(archive)
        there = await opened_on(containerd, reference, name)
        again = tmp_path / "again.tar"
        with again.open("wb") as written:
            for piece in client.images.get(reference).save(named=True):
                written.write(piece)
    finally:
        client.images.remove(reference, force=True)
        client.close()
    print(
        f"{name}: {here.unpacked_bytes:,} bytes through all; listed by {course_images.store} "
        f"{here.listed_bytes:,}, by {containerd.info.version} with containerd's store {there.listed_bytes:,}"
    )
    assert same(there) == same(here)
    for path in (saved, layout, again):
        found = await asyncio.to_thread(read_path, path)
        assert isinstance(found, ImageAnatomy)
        assert same(found) == same(here), path.name


# The line that decided.


def told(course_images: CourseImages, before: str, after: str) -> set[tuple[str, str, int]]:
    """Kind, whether it grew or shrank, and line."""
    lesson, answer, _ = ANSWERS[after]
    waterfall = make_waterfall(
        course_images.opened[before], course_images.opened[after], answer_dockerfile(lesson, answer)
    )
    assert waterfall.is_own
    assert waterfall.before_bytes + sum(step.delta_bytes for step in waterfall.steps) == waterfall.after_bytes
    return {
        (step.kind.value, "+" if step.delta_bytes > 0 else "-", step.decision.line or 0)
        for step in waterfall.steps
        if abs(step.delta_bytes) > 1_000 and step.decision is not None
    }


def line(name: str, start: str) -> int:
    """The number of the one line that begins so."""
    lesson, answer, _ = ANSWERS[name]
    dockerfile = answer_dockerfile(lesson, answer)
    lines = [
        instruction.first_line
        for stage in dockerfile.stages
        for instruction in (stage.from_instruction, *stage.instructions)
        if instruction.text.startswith(start)
    ]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("name", ["multi", "stripped", "two programs"])
def test_each_step_of_the_way_has_the_line_that_decided_it(course_images: CourseImages, name: str) -> None:
    begins, copies = line(name, "FROM scratch"), line(name, "COPY --from")
    compiles = line(name, "RUN CGO_ENABLED=0 go build")
    expected = {
        ("base system", "-", begins),
        ("toolchain", "-", begins),
        ("build cache", "-", copies),
        ("source", "-", copies),
    }
    if name != "multi":
        expected |= {("symbol table", "-", compiles), ("debug records", "-", compiles)}
    if name == "two programs":
        expected |= {
            (kind, "+", compiles) for kind in ("line table", "data of the program", "code of the program")
        }
    assert told(course_images, "one-stage", name) == expected
