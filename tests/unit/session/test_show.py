from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tests.unit.session.lab import Lab, open_lab
from tests.unit.session.test_inside import do
from tutor.core.events import Said, Shown
from tutor.session.table import symbols_table

Show = Callable[[str], Awaitable[Shown]]
MODULES = "path\tx\nmod\tfromscratch/service\t(devel)\ndep\tgolang.org/x/net\tv0.1.0\nbuild\t-trimpath=true\n"
PROGRAM = elf_bytes(
    Elf(
        interpreter="/lib/ld-musl-x86_64.so.1",
        symbols=True,
        build_info=go_build_info("go1.21.13", MODULES),
    )
)


@pytest.fixture
async def show(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Show]:
    labs: list[Lab] = []

    async def shown(line: str) -> Shown:
        body = "```yaml do\nbuild: {tag: multi}\nrun: {tag: multi}\n```\n" + do(
            f"show: {{tag: multi, {line}}}"
        )
        one = await open_lab(tmp_path, clock, body)
        labs.append(one)
        one.engine.script.final_files = {"server": PROGRAM, "etc/passwd": b"root"}
        one.engine.script.stage_files |= {"lib/apk/db/installed": b"P:musl\nV:1\n\nP:busybox\n"}
        await one.next()
        await one.next()
        result = await one.shown()
        assert one.lesson.place.pending() is None
        return result

    yield shown
    for each in labs:
        await each.course.close()
        each.course.store.close()  # type: ignore[attr-defined]  # the real store


def row(shown: Shown, name: str) -> tuple[str, ...]:
    return next(row[1:] for row in shown.rows if row[0] == name)


async def test_files_stand_largest_first(show: Show) -> None:
    shown = await show("what: files")
    assert [row[-1] for row in shown.rows] == ["/server", "/etc/passwd"]
    assert shown.rows[0][1] == "-rwxr-xr-x"
    assert shown.foot == "2 files."


async def test_container_shows_only_what_the_image_does_not_hold(show: Show) -> None:
    shown = await show("what: container")
    assert [row[0] for row in shown.rows] == ["/etc/hosts"]


async def test_binary_tells_loader_and_symbols(show: Show) -> None:
    shown = await show("what: binary")
    assert row(shown, "asks for the loader") == ("/lib/ld-musl-x86_64.so.1",)
    assert row(shown, "static") == ("no",)
    assert row(shown, "symbol table") == ("yes",)
    assert row(shown, "Go version") == ("go1.21.13",)


async def test_sections_and_the_rest_add_up_to_the_file(show: Show) -> None:
    shown = await show("what: sections")
    assert ".symtab" in [row[0] for row in shown.rows]
    sizes = sum(int(row[1].replace(" ", "")) for row in shown.rows)
    rest = int(shown.foot.partition("all, ")[2].partition(" of")[0].replace(" ", ""))
    assert sizes + rest == len(PROGRAM)


def test_program_without_a_symbol_table_says_so() -> None:
    assert symbols_table(elf_bytes(Elf())).rows == (("no symbols",),)


async def test_modules_are_said_to_be_a_claim(show: Show) -> None:
    shown = await show("what: modules")
    assert row(shown, "module") == ("fromscratch/service",)
    assert row(shown, "depends on") == ("golang.org/x/net v0.1.0",)
    assert "claim" in shown.foot


async def test_surface_lays_the_stage_beside_the_image(show: Show) -> None:
    shown = await show("what: surface")
    assert shown.header == ("", "builder stage", "image")
    assert row(shown, "OS packages") == ("2", "0")
    assert row(shown, "Go modules linked in") == ("0", "1")


async def test_layers_and_config_are_told(show: Show) -> None:
    assert len((await show("what: layers")).rows) == 1


async def test_config_tells_how_it_starts(show: Show) -> None:
    shown = await show("what: config")
    assert row(shown, "entry point") == ("/server",)
    assert row(shown, "user") == ("root (none is set)",)


async def test_kept_stage_can_be_shown(show: Show) -> None:
    shown = await show("what: files, stage: builder")
    assert "stage builder" in shown.title
    assert "/usr/local/go/bin/go" in [row[-1] for row in shown.rows]


async def test_images_are_compared_as_far_as_they_are_built(show: Show) -> None:
    shown = await show("what: compare")
    assert [row[0] for row in shown.rows] == ["multi"]


async def test_nothing_built_is_said_and_stays_to_be_done(tmp_path: Path, clock: FakeClock) -> None:
    one = await open_lab(tmp_path, clock, do("build: {tag: multi}") + do("show: {tag: multi, what: files}"))
    await one.next()
    one.engine.tags.clear()
    events = await one.next()
    assert isinstance(events[-1], Said)
    assert one.lesson.place.pending() is not None
    await one.course.close()
    one.course.store.close()  # type: ignore[attr-defined]  # the real store


async def test_log_tells_what_the_running_container_wrote(show: Show) -> None:
    shown = await show("what: log")
    assert shown.title == "What the container of multi wrote"
    assert [row[0] for row in shown.rows] == ["listening"]


async def test_a_stage_that_the_last_build_does_not_have_is_named(tmp_path: Path, clock: FakeClock) -> None:
    body = "```yaml do\nbuild: {tag: multi}\n```\n" + do("show: {tag: multi, stage: builder, what: layers}")
    one = await open_lab(tmp_path, clock, body)
    (one.lesson.workspace / "Dockerfile").write_text("FROM golang:1.21-alpine\nRUN go build\n")
    await one.next()
    told = [event.text for event in await one.next() if isinstance(event, Said)]
    assert "no stage builder" in told[-1]
    await one.course.close()
    one.course.store.close()  # type: ignore[attr-defined]  # the real store
