"""What is done inside a running container: commands, files fetched, health asked, the end awaited."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from tutor.core.events import (
    CommandShown,
    ContainerExited,
    EndpointProbed,
    SessionEvent,
    Shown,
    WorkspaceChanged,
)
from tutor.core.lesson import Exec, Fetch, RunHealthcheck, Stop
from tutor.core.text import clean_line
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.image import Container, ExecResult
    from tutor.session.scene import Scene

IN_FLIGHT_SECONDS = 0.5
"""How long a request is given to arrive before SIGTERM: the network is this machine's own."""

STOP_GRACE_SECONDS = 10.0
"""What ``docker stop`` waits before it kills."""

OUTPUT_LINES = 400


async def execute(scene: Scene, action: Exec) -> AsyncGenerator[SessionEvent, None]:
    """Run a command in the running container and show what it printed."""
    scene.went_well = None
    run_id = new_run_id()
    async for reason in scene.running(run_id, action.tag):
        yield reason
        return
    container = _container(scene)
    words = shlex.join(action.argv)
    yield CommandShown(run_id, f"docker exec {container.container_id[:12]} {words}")
    result = await scene.engine.runtime.exec(container.container_id, action.argv)
    scene.went_well = result.exit_code == 0 and not result.error
    yield scene.show(_output(run_id, words, result))
    scene.facts.learn(f"exec.{action.tag}.works", scene.went_well)
    for compared in scene.compare(run_id):
        yield compared


async def run_healthcheck(scene: Scene, action: RunHealthcheck) -> AsyncGenerator[SessionEvent, None]:
    """Run the command of the image's HEALTHCHECK once inside, as the engine would."""
    scene.went_well = None
    run_id = new_run_id()
    async for reason in scene.running(run_id, action.tag):
        yield reason
        return
    container = _container(scene)
    summary = await scene.image(action.tag)
    check = summary.config.healthcheck if summary else None
    argv = check.test if check else ()
    match argv:
        case ("CMD", *words) if words:
            command = tuple(words)
        case ("CMD-SHELL", line):
            # The engine itself puts the shell in front.
            command = ("/bin/sh", "-c", line)
        case _:
            scene.went_well = False
            yield scene.say(run_id, "The image has no HEALTHCHECK.")
            return
    words_shown = shlex.join(command)
    yield CommandShown(run_id, f"docker exec {container.container_id[:12]} {words_shown}")
    result = await scene.engine.runtime.exec(container.container_id, command)
    scene.went_well = result.exit_code == 0 and not result.error
    yield scene.show(_output(run_id, f"HEALTHCHECK {words_shown}", result))
    scene.facts.learn(f"health.{action.tag}.exit_code", result.exit_code)
    for compared in scene.compare(run_id):
        yield compared


async def fetch(scene: Scene, action: Fetch) -> AsyncGenerator[SessionEvent, None]:
    """Copy one file out of the running container into the workspace."""
    from tutor.inspect.content import read_file

    scene.went_well = None
    run_id = new_run_id()
    async for reason in scene.running(run_id, action.tag):
        yield reason
        return
    container = _container(scene)
    yield CommandShown(run_id, f"docker cp {container.container_id[:12]}:{action.path} {action.to}")
    runtime = scene.engine.runtime

    def copy() -> int | None:
        with runtime.open_export(container.container_id) as archive:
            found = read_file(archive, action.path)
        if found is None:
            return None
        content, mode = found
        scene.files.lay_file(action.to, content, mode)
        return len(content)

    size_bytes = await asyncio.to_thread(copy)
    scene.went_well = size_bytes is not None
    if size_bytes is None:
        rows: tuple[tuple[str, ...], ...] = ((f"There is no file {action.path} in the container.",),)
    else:
        rows = (("from", action.path), ("to", action.to), ("bytes", f"{size_bytes:,}".replace(",", " ")))
        yield WorkspaceChanged(run_id, (action.to,))
    yield scene.show(Shown(run_id, f"Copied out: {action.path}", rows, is_good=scene.went_well))
    for compared in scene.compare(run_id):
        yield compared


async def stop(scene: Scene, action: Stop) -> AsyncGenerator[SessionEvent, None]:
    """Ask a path, send SIGTERM while it is answered, and tell what became of both."""
    scene.went_well = None
    run_id = new_run_id()
    async for reason in scene.running(run_id, action.tag):
        yield reason
        return
    container = _container(scene)
    engine, clock = scene.engine, scene.course.clock
    patience = STOP_GRACE_SECONDS + 5
    request = asyncio.ensure_future(engine.probe.request(container, action.during, timeout_seconds=patience))
    try:
        done, _ = await asyncio.wait({request}, timeout=IN_FLIGHT_SECONDS)
        yield CommandShown(run_id, f"docker stop {container.container_id[:12]}")
        began = clock.monotonic()
        state = await engine.runtime.stop(container.container_id, STOP_GRACE_SECONDS)
        elapsed = clock.monotonic() - began
        exchange = await request
    finally:
        request.cancel()
    log = await engine.runtime.logs(container.container_id)
    await scene.stop()
    was_answered = exchange.status == 200
    scene.went_well = was_answered
    yield EndpointProbed(run_id, exchange)
    yield ContainerExited(run_id, container.container_id, state.exit_code, state.error, log)
    answer = f"{exchange.status} {exchange.reason}".strip() if exchange.status else exchange.error
    foot = "It was answered before SIGTERM came: ask something slower." if done else ""
    rows = (
        ("the request", answer),
        ("exit code", "none" if state.exit_code is None else str(state.exit_code)),
        ("from SIGTERM to the end", f"{elapsed:.1f} s"),
        *(("log", line) for line in log[-3:]),
    )
    title = f"Stopped while it answered {action.during}"
    yield scene.show(Shown(run_id, title, rows, foot=foot, is_good=was_answered))
    scene.facts.learn(f"stop.{action.tag}.exit_code", -1 if state.exit_code is None else state.exit_code)
    scene.facts.learn(f"stop.{action.tag}.request_answered", was_answered)
    scene.facts.learn(f"stop.{action.tag}.elapsed_seconds", elapsed)
    for compared in scene.compare(run_id):
        yield compared


def _container(scene: Scene) -> Container:
    assert scene.container is not None
    return scene.container


def _output(run_id: str, title: str, result: ExecResult) -> Shown:
    lines = [clean_line(line) for line in result.output.rstrip("\n").split("\n") if result.output.strip()]
    rows = tuple((line,) for line in lines[:OUTPUT_LINES])
    more = f"{len(lines) - OUTPUT_LINES} lines more. " if len(lines) > OUTPUT_LINES else ""
    if result.error:
        rows += ((result.error,),)
    foot = f"{more}Exit code {result.exit_code}."
    return Shown(run_id, title, rows, foot=foot, is_good=result.exit_code == 0 and not result.error)
