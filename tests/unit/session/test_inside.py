from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.session.lab import Lab, open_lab
from tutor.core.events import CommandShown, ContainerExited, PredictionCompared, Said, WorkspaceChanged
from tutor.core.image import ExecResult

RUNNING = "```yaml do\nbuild: {tag: multi}\nrun: {tag: multi}\n```\n"


def do(line: str) -> str:
    return f"\n```yaml do\n{line}\n```\n"


def predict(measure: str) -> str:
    return f"\n```yaml predict\nask: What?\nmeasure: {measure}\n```\n"


@pytest.fixture
async def lab(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Callable[[str], Awaitable[Lab]]]:
    labs: list[Lab] = []

    async def make(body: str) -> Lab:
        labs.append(await open_lab(tmp_path, clock, RUNNING + body))
        await labs[-1].next()
        await labs[-1].next()
        return labs[-1]

    yield make
    for each in labs:
        await each.course.close()
        each.course.store.close()  # type: ignore[attr-defined]  # the real store


Open = Callable[[str], Awaitable[Lab]]


async def test_command_inside_shows_its_output_and_exit_code(lab: Open) -> None:
    one = await lab(do("exec: {tag: multi, argv: [/bin/ls, /], expect: any}"))
    one.engine.script.exec_results = {"/bin/ls": ExecResult(0, "app\n\x1b[31metc\n")}
    assert one.lesson.next().command == "docker exec CONTAINER /bin/ls /"
    events = await one.next()
    assert isinstance(events[0], CommandShown)
    shown = one.lesson.scene.shown
    assert shown is not None
    assert shown.rows == (("app",), ("etc",))
    assert (shown.foot, shown.is_good) == ("Exit code 0.", True)
    assert one.lesson.scene.facts["exec.multi.works"] is True


async def test_command_that_is_not_there_is_the_engines_error_and_does_not_work(lab: Open) -> None:
    body = predict("exec.multi.works") + do("exec: {tag: multi, argv: [/bin/sh], expect: failure}")
    one = await lab(body)
    assert one.lesson.questions.predict("y", 3) is None
    events = await one.next()
    [compared] = [event for event in events if isinstance(event, PredictionCompared)]
    assert (compared.prediction.predicted, compared.prediction.actual) == ("yes", "no")
    shown = one.lesson.scene.shown
    assert shown is not None
    assert "executable file not found" in shown.rows[-1][0]
    assert one.lesson.place.pending() is None


async def test_command_that_was_to_work_and_does_not_is_not_done(lab: Open) -> None:
    one = await lab(do("exec: {tag: multi, argv: [/bin/sh]}"))
    await one.next()
    assert one.lesson.place.pending() is not None


async def test_nothing_is_done_inside_when_nothing_runs(lab: Open) -> None:
    one = await lab(do("exec: {tag: multi, argv: [/bin/sh]}"))
    await one.lesson.scene.stop()
    [said] = await one.next()
    assert isinstance(said, Said)
    assert "Run the image first" in said.text
    assert one.lesson.place.pending() is not None


async def test_container_that_ended_meanwhile_is_told(lab: Open) -> None:
    one = await lab(do("exec: {tag: multi, argv: [/bin/sh]}"))
    one.engine.running.clear()
    [exited] = await one.next()
    assert isinstance(exited, ContainerExited)


async def test_fetched_file_lies_in_the_workspace_and_the_old_one_is_kept(lab: Open) -> None:
    one = await lab(do("fetch: {tag: multi, path: /server, to: fetched}"))
    (one.lesson.workspace / "fetched").write_bytes(b"mine")
    one.engine.script.export_files = {"server": b"\x7fELF program"}
    events = await one.next()
    assert (one.lesson.workspace / "fetched").read_bytes() == b"\x7fELF program"
    assert (one.lesson.workspace / "fetched").stat().st_mode & 0o111
    assert [event.paths for event in events if isinstance(event, WorkspaceChanged)] == [("fetched",)]
    one.lesson.undo_lay()
    assert (one.lesson.workspace / "fetched").read_bytes() == b"mine"


async def test_file_that_is_not_in_the_container_is_said(lab: Open) -> None:
    one = await lab(do("fetch: {tag: multi, path: /nothing, to: fetched}"))
    shown = await one.shown()
    assert shown.is_good is False
    assert "no file /nothing" in shown.rows[0][0]
    assert one.lesson.place.pending() is not None


@pytest.mark.parametrize(
    ("status", "code", "answered"), [({"/slow": 200}, 0, True), ({}, 2, False)], ids=["drained", "cut"]
)
async def test_stop_tells_what_became_of_the_request_and_of_the_process(
    lab: Open, status: dict[str, int], code: int, answered: bool
) -> None:
    one = await lab(do("stop: {tag: multi, during: /slow, expect: any}"))
    one.engine.script.statuses = status
    one.engine.script.stop_code = code
    shown = await one.shown()
    facts = one.lesson.scene.facts
    assert facts["stop.multi.exit_code"] == code
    assert facts["stop.multi.request_answered"] is answered
    assert ("exit code", str(code)) in shown.rows
    assert one.engine.running == set()
    assert one.lesson.view().address == ""


@pytest.mark.parametrize(
    ("test", "argv"),
    [
        (("CMD", "/app", "-healthcheck"), "exec /app -healthcheck"),
        (("CMD-SHELL", "curl -f x"), "exec /bin/sh -c curl -f x"),
    ],
)
async def test_healthcheck_is_run_as_the_engine_would(
    tmp_path: Path, clock: FakeClock, test: tuple[str, ...], argv: str
) -> None:
    one = await open_lab(tmp_path, clock, RUNNING + do("healthcheck: {tag: multi, expect: any}"))
    one.engine.script.healthcheck = test
    one.engine.script.exec_results = {"/app": ExecResult(0, "")}
    await one.next()
    await one.next()
    await one.next()
    assert argv in one.engine.asked
    assert one.lesson.scene.facts["health.multi.exit_code"] == (0 if test[0] == "CMD" else 126)
    await one.course.close()
    one.course.store.close()  # type: ignore[attr-defined]  # the real store


async def test_image_without_a_healthcheck_says_so(lab: Open) -> None:
    one = await lab(do("healthcheck: {tag: multi}"))
    [said] = await one.next()
    assert isinstance(said, Said)
    assert "no HEALTHCHECK" in said.text
