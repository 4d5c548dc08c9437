"""The live operations on an engine that a lesson and a checkpoint are both made of."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError
from tutor.core.events import BaseNeeded, BaseObtained, SessionEvent
from tutor.core.evidence import StageFacts
from tutor.core.image import Container, ContainerState
from tutor.core.ports import RunRequest

if TYPE_CHECKING:
    from tutor.core.http import HttpExchange
    from tutor.core.ports import Engine

START_PATIENCE_SECONDS = 5.0
"""How long a service may take until it answers for the first time."""

SETTLE_SECONDS = 1.0
"""How long a container is watched when nothing answers, before it counts as started."""

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of a Dockerfile, and the images they stand on."""

    facts: tuple[StageFacts, ...]
    bases: tuple[str, ...]

    @property
    def kept(self) -> tuple[str, ...]:
        """Every stage but the last: those whose size is shown beside the final image."""
        return tuple(stage.name or str(stage.index) for stage in self.facts[:-1])


def read_stages(text: str) -> Stages:
    """The stages as far as they can be read.

    A file that our parser refuses may still be one that the engine takes (heredocs, say), and the
    engine's own error is the better one to show: then FROM lines alone are looked at.
    """
    try:
        dockerfile = parse_dockerfile(text)
    except DockerfileError:
        found = [
            StageFacts(index, (match[2] or "").lower(), match[1], text.count("\n", 0, match.start()) + 1)
            for index, match in enumerate(_FROM.finditer(text))
        ]
        names = {stage.name for stage in found} | {"scratch"}
        bases = dict.fromkeys(stage.base for stage in found if stage.base.lower() not in names)
        return Stages(tuple(found), tuple(base for base in bases if "$" not in base))
    return Stages(
        tuple(
            StageFacts(stage.index, stage.name, stage.base, stage.from_instruction.first_line)
            for stage in dockerfile.stages
        ),
        _needed_bases(dockerfile),
    )


def _needed_bases(dockerfile: Dockerfile) -> tuple[str, ...]:
    """Bases to have before a build.

    ``COPY --from=biulder`` reads like an image to a parser. A name with neither a slash nor a colon
    in it is a stage misspelt: the engine's own error is the lesson.
    """
    from_lines = {stage.base for stage in dockerfile.stages}
    return tuple(
        base
        for base in dockerfile.base_images
        if base in from_lines or "$" in "".join(from_lines) or ":" in base or "/" in base
    )


async def missing_bases(
    engine: Engine, bases: tuple[str, ...], run_id: str
) -> AsyncGenerator[BaseNeeded, None]:
    """Tell of the first base image that is not here and could be obtained.

    One that cannot be obtained in any way is left to the build, whose error names it.
    """
    for base in bases:
        if await engine.images.find(base) is not None:
            continue
        plan = await engine.images.plan_base(base)
        if plan.ways:
            yield BaseNeeded(run_id, plan)
            return


async def obtain_base(
    engine: Engine, reference: str, how: str, run_id: str
) -> AsyncGenerator[SessionEvent, None]:
    """Pull the base, load it from the class kit, or make its stand-in, telling progress."""
    images = engine.images
    obtain = {"pull": images.pull, "kit": images.load_from_kit, "stand-in": images.make_stand_in}[how]
    async with aclosing(obtain(reference, run_id)) as progress:
        async for event in progress:
            yield event
    yield BaseObtained(run_id, reference, how == "stand-in", how == "kit")


async def bases_are_stand_ins(engine: Engine, bases: tuple[str, ...]) -> bool:
    """Whether any base was made here in place of the real one."""
    for base in bases:
        summary = await engine.images.find(base)
        if summary is not None and summary.stand_in:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Started:
    """A container after it had its chance to start."""

    container: Container
    state: ContainerState
    first_answer: HttpExchange | None
    """The first answer it gave; None when it gave none."""
    log: tuple[str, ...]


async def start_and_settle(
    engine: Engine, request: RunRequest, path: str, *, patience_seconds: float = START_PATIENCE_SECONDS
) -> Started:
    """Start a container and wait until it answers, ends, or has had its time.

    A container that runs and answers nothing within the patience is given back running: whether
    that is wrong is for the lesson to say.

    Raises:
        ContainerError: the engine refused to create it.
    """
    container = await engine.runtime.start(request)
    try:
        state, answer = await _settle(engine, container, path, patience_seconds)
        log = await engine.runtime.logs(container.container_id)
    except BaseException:
        await asyncio.shield(engine.runtime.remove(container.container_id))
        raise
    return Started(container, state, answer, log)


async def _settle(
    engine: Engine, container: Container, path: str, patience_seconds: float
) -> tuple[ContainerState, HttpExchange | None]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    pause = 0.02
    while True:
        state = await engine.runtime.state(container.container_id)
        if not state.is_running:
            return state, None
        if container.can_be_asked:
            answer = await engine.probe.request(container, path, timeout_seconds=2.0)
            if answer.status is not None:
                return await engine.runtime.state(container.container_id), answer
        elapsed = loop.time() - began
        if elapsed >= patience_seconds or (elapsed >= SETTLE_SECONDS and await _deaf(engine, container)):
            return await engine.runtime.state(container.container_id), None
        await asyncio.sleep(pause)
        pause = min(0.25, pause * 1.5)


async def _deaf(engine: Engine, container: Container) -> bool:
    """Whether it listens already, only not where it is asked: more patience would not help."""
    listeners = await engine.runtime.listeners(container.container_id)
    return bool(listeners) and not any(
        listener.port == container.port and not listener.is_loopback for listener in listeners or ()
    )


async def why_unreachable(engine: Engine, container: Container) -> str:
    """What to look at when a running container gives no answer."""
    listeners = await engine.runtime.listeners(container.container_id)
    if listeners is None:
        return (
            f"Look at the log: does the service listen on port {container.port}, and on all addresses "
            "rather than on 127.0.0.1?"
        )
    if not listeners:
        return "The process runs but listens on no port (yet). Look at its log."
    on_port = [listener for listener in listeners if listener.port == container.port]
    if on_port and all(listener.is_loopback for listener in on_port):
        return (
            f"It listens on 127.0.0.1:{container.port} inside the container, where only the container "
            "itself can reach it. Let it listen on all addresses (0.0.0.0)."
        )
    if not on_port:
        ports = ", ".join(sorted({str(listener.port) for listener in listeners}))
        return (
            f"It listens on port {ports} inside the container, but port {container.port} is the one that is "
            "published. Make the two agree."
        )
    return "It listens where it should, and did not answer. Look at its log."


def log_excerpt(log: tuple[str, ...], lines: int = 6) -> str:
    """The last lines of a log, for an error."""
    return "\n".join(log[-lines:])


def read_dockerfile(context: Path, name: str = "Dockerfile") -> str | None:
    """The Dockerfile's text, or None when there is none that can be read."""
    try:
        return (context / name).read_text("utf-8", errors="replace")
    except OSError:
        return None
