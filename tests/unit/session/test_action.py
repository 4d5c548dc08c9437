from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tests.unit.session.lab import Lab, open_lab
from tests.unit.session.test_inside import do, predict
from tutor.core.events import (
    BuildFailed,
    ContainerExited,
    ImageMeasured,
    PredictionCompared,
    Said,
    WorkspaceChanged,
)
from tutor.session.view import NextKind

Open = Callable[[str], Awaitable[Lab]]


@pytest.fixture
async def lab(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Open]:
    labs: list[Lab] = []

    async def make(body: str) -> Lab:
        labs.append(await open_lab(tmp_path, clock, body))
        return labs[-1]

    yield make
    for each in labs:
        await each.course.close()
        each.course.store.close()  # type: ignore[attr-defined]  # the real store


async def test_build_takes_arguments_another_file_and_no_cache(lab: Open) -> None:
    one = await lab(do("build: {tag: multi, args: {V: 1.2}, file: main.go, cache: false}"))
    assert one.lesson.next().command == (
        "docker build -t fromscratch/lab:multi --build-arg V=1.2 -f main.go --no-cache ."
    )
    (one.lesson.workspace / "main.go").write_text("FROM scratch\n")
    await one.next()
    [request] = one.engine.builds
    assert dict(request.build_args) == {"V": "1.2"}
    assert request.dockerfile == one.lesson.workspace / "main.go"
    assert request.use_cache is False


async def test_missing_dockerfile_is_named(lab: Open) -> None:
    one = await lab(do("build: {tag: multi, file: main.go}"))
    (one.lesson.workspace / "main.go").unlink()
    [failed] = await one.next()
    assert isinstance(failed, BuildFailed)
    assert "main.go" in failed.error


async def test_run_takes_user_environment_and_a_read_only_root(lab: Open) -> None:
    body = do("build: {tag: multi}\nrun: {tag: multi, user: 65532, env: {PORT: 9000}, read_only: true}")
    one = await lab(body)
    await one.next()
    assert one.lesson.next().command == (
        "docker run -d -p 127.0.0.1::8080 --read-only --user 65532 -e PORT=9000 fromscratch/lab:multi"
    )
    await one.next()
    [request] = one.engine.started
    assert (request.user, dict(request.env), request.read_only) == ("65532", {"PORT": "9000"}, True)


async def test_container_that_the_engine_refuses_is_one_that_does_not_start(lab: Open) -> None:
    body = do("build: {tag: multi}") + predict("container.multi.starts")
    one = await lab(body + do("run: {tag: multi, expect: failure}"))
    await one.next()
    one.lesson.questions.predict("yes", 1)
    one.engine.script.start_error = "unable to find user nonroot: no matching entries in passwd file"
    events = await one.next()
    assert [e.error for e in events if isinstance(e, ContainerExited)] == [one.engine.script.start_error]
    assert [e.prediction.actual for e in events if isinstance(e, PredictionCompared)] == ["no"]
    assert one.lesson.scene.facts["container.error"] == one.engine.script.start_error
    assert one.lesson.place.pending() is None


async def test_cached_steps_and_context_are_measured(lab: Open) -> None:
    body = predict("build.multi.cached_steps") + predict("build.multi.context_bytes")
    one = await lab(body + do("build: {tag: multi}"))
    (one.lesson.workspace / "big").write_bytes(b"x" * 3_000_000)
    one.lesson.questions.predict("0", 1)
    one.lesson.questions.predict("3", 1)
    compared = [e.prediction for e in await one.next() if isinstance(e, PredictionCompared)]
    assert {p.actual for p in compared} == {"1", "3.0"}


async def test_dockerignore_keeps_bytes_out_of_the_context(lab: Open) -> None:
    one = await lab(do("build: {tag: multi}\nshow: {tag: multi, what: context}"))
    (one.lesson.workspace / "big").write_bytes(b"x" * 3_000_000)
    (one.lesson.workspace / ".dockerignore").write_text("big\n")
    await one.next()
    assert isinstance(sent := one.lesson.scene.facts["build.multi.context_bytes"], int)
    assert sent < 1000
    shown = await one.shown()
    assert shown.foot == "Left out: big."


async def test_packed_size_is_computed_only_where_a_lesson_names_it(lab: Open) -> None:
    one = await lab("Ships {{ packed.multi.bytes }}.\n" + do("build: {tag: multi}"))
    assert one.lesson.view().prose == "Ships not measured yet."
    events = await one.next()
    rows = [event.row for event in events if isinstance(event, ImageMeasured)]
    assert [row.name for row in rows if row.packed_bytes] == ["multi"]
    assert one.lesson.view().prose.endswith(" MB.")


async def test_change_appends_a_line_that_no_build_has_seen(lab: Open) -> None:
    one = await lab(do("change: {file: main.go}") + do("change: {file: main.go}"))
    events = await one.next()
    assert [event.paths for event in events if isinstance(event, WorkspaceChanged)] == [("main.go",)]
    await one.next()
    text = (one.lesson.workspace / "main.go").read_text()
    assert text == "package main\n// one line more 1\n// one line more 2\n"
    one.lesson.undo_lay()
    assert (one.lesson.workspace / "main.go").read_text() == "package main\n// one line more 1\n"


async def test_two_tags_are_compared_whichever_is_measured_last(lab: Open) -> None:
    body = do("build: {tag: other}") + predict("smaller.multi.other.percent") + do("build: {tag: multi}")
    one = await lab(body)
    one.engine.script.final_files = {"server": b"x" * 8_000_000}
    await one.next()
    one.lesson.questions.predict("50", 1)
    one.engine.script.final_files = {"server": b"x" * 2_000_000}
    [compared] = [e.prediction for e in await one.next() if isinstance(e, PredictionCompared)]
    assert compared.actual == "75.0"


def program(version: str) -> dict[str, bytes]:
    info = go_build_info(version, "")
    return {"server": elf_bytes(Elf(build_info=info, symbols=True))}


async def test_two_builds_of_the_same_program_agree(lab: Open) -> None:
    one = await lab(do("twice: {tag: multi}"))
    one.engine.script.final_files = program("go1.21.13")
    await one.next()
    assert [request.use_cache for request in one.engine.builds] == [False, False]
    assert one.lesson.scene.facts["twice.multi.same"] is True
    assert one.lesson.next().kind is NextKind.CHECK


async def test_two_builds_that_differ_say_in_which_section(lab: Open) -> None:
    one = await lab(do("twice: {tag: multi}"))
    one.engine.script.later_files = [program("go1.21.13"), program("go1.21.99")]
    await one.next()
    assert one.lesson.scene.facts["twice.multi.same"] is False
    shown = one.lesson.scene.shown
    assert shown is not None
    assert (".go.buildinfo", "2") in [row[:2] for row in shown.rows]


async def test_image_without_a_program_cannot_be_compared(lab: Open) -> None:
    one = await lab(do("twice: {tag: multi}"))
    last = (await one.next())[-1]
    assert isinstance(last, Said)
    assert one.lesson.place.pending() is not None


async def test_facts_outlive_the_program(lab: Open, tmp_path: Path, clock: FakeClock) -> None:
    body = "It has {{ image.multi.unpacked_bytes }}.\n" + do("build: {tag: multi}")
    one = await lab(body)
    await one.next()
    await one.course.close()
    again = await lab(body)
    assert again.lesson.view().prose == "It has 4.7 MB."
