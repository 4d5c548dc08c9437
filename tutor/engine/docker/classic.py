"""Builds by the engine's classic builder: ``POST /build``, understood by every engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, Iterator
from typing import IO, Any

import docker.errors
import requests
from docker.api.build import process_dockerfile
from docker.utils.build import create_archive, exclude_paths

from tutor.core.errors import EngineError, EngineLost, LearnerError
from tutor.core.events import BuildEvent
from tutor.core.ports import BuildRequest
from tutor.engine.docker.attempt import Attempt
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.builder import DockerBuilder, Pass
from tutor.engine.docker.byte_stream import ByteStream
from tutor.engine.docker.classic_transcript import ClassicTranscript
from tutor.engine.docker.fault import api_text, taken_away
from tutor.engine.docker.ownership import image_labels
from tutor.engine.docker.pump import pump
from tutor.engine.docker.reference import split_reference
from tutor.engine.docker.step_book import StepBook

_PIECE_BYTES = 256 * 1024
_WIND_DOWN_SECONDS = 5.0


class ClassicBuilder(DockerBuilder):
    """The fallback that works everywhere."""

    kind = "classic"

    async def run_pass(
        self, request: BuildRequest, current: Pass, plan: BuildPlan, book: StepBook, attempt: Attempt
    ) -> AsyncGenerator[BuildEvent, None]:
        """One ``POST /build``; none for a stage whose image an earlier pass has told.

        Its cache cannot be asked for that: of the images that one step made on one parent it knows only
        the newest, which may be a neighbour's (measured on Docker 20.10), and the stage would run again.
        """
        stage = plan.find_stage(current.stage) if current.stage else None
        if stage is not None and current.after is not None:
            told = current.after.stage_images
            if len(told) == len(plan.stages):
                await self._keep(current, told[stage.index], attempt)
                return
        if stage is not None and not stage.name:
            # It knows stages by name only: run all, and take the image that this one ended in.
            target, tag = "", ""
        else:
            target, tag = current.stage, current.reference
        transcript = ClassicTranscript(request.run_id, plan, book, self._clock.monotonic)
        context, dockerfile = await asyncio.to_thread(pack_context, request)

        def start() -> requests.Response:
            return self._connection.open(
                "POST",
                "/build",
                params=_parameters(request, current, dockerfile, target, tag, self._ledger.home),
                headers={"Content-Type": "application/x-tar"},
                data=_pieces(context, stream),
            )

        noted: list[asyncio.Task[str]] = []

        def note() -> None:
            attempt.containers = transcript.containers
            attempt.reused.update(transcript.reused)
            noted.extend(
                asyncio.create_task(attempt.note_created(image_id))
                for image_id in transcript.created[len(noted) :]
            )

        ended = False
        stream = ByteStream(self._connection, "building", start)
        try:
            async with stream:
                try:
                    async with contextlib.aclosing(pump(stream.read, transcript, book)) as events:
                        async for event in events:
                            note()
                            yield event
                    ended = True
                finally:
                    if not ended:
                        await asyncio.shield(asyncio.create_task(_wind_down(stream, transcript)))
        except docker.errors.APIError as fault:
            current.error = api_text(fault)
        finally:
            context.close()
            note()
            await asyncio.shield(asyncio.gather(*noted))
        current.error = current.error or transcript.error
        if current.error:
            return
        if not transcript.stage_images:
            raise EngineLost("the engine broke off the build without a word")
        current.stage_images = tuple(transcript.stage_images)
        if stage is not None and not stage.name:
            await self._keep(current, transcript.stage_images[stage.index], attempt)
        else:
            current.image_id = transcript.stage_images[-1]
            await attempt.note_image(current.image_id)

    async def _keep(self, current: Pass, image_id: str, attempt: Attempt) -> None:
        """Give what a stage ended in the stage's tag."""
        current.image_id = image_id
        repository, name = split_reference(current.reference)
        await attempt.note_image(image_id)
        tagged = await self._connection.find("tagging", self._connection.api.tag, image_id, repository, name)
        if tagged is None:
            raise taken_away(f"no such image: {image_id}")


def pack_context(request: BuildRequest) -> tuple[IO[bytes], str]:
    """The build context as a tar, .dockerignore applied, and the Dockerfile's name in it. Blocking.

    Raises:
        LearnerError: something in the folder cannot be read.
    """
    root = request.context.absolute()
    dockerfile = request.dockerfile.absolute() if request.dockerfile else root / "Dockerfile"
    try:
        ignore = root / ".dockerignore"
        patterns: list[str] = []
        if ignore.exists():
            lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
            patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        name, content = process_dockerfile(str(dockerfile), str(root))
        files = sorted(exclude_paths(str(root), patterns, dockerfile=name))
        archive: Any = create_archive(
            str(root),
            files=files,
            fileobj=tempfile.TemporaryFile(),  # noqa: SIM115 - closed when it is sent
            extra_files=[(name, content)] if content is not None else None,
        )
    except OSError as fault:
        raise LearnerError(f"the build context cannot be read: {fault}", where=str(root)) from fault
    return archive, str(name)


async def _wind_down(stream: ByteStream, transcript: ClassicTranscript) -> None:
    """Cancel the build and hear it out: the engine ends the step it is in, and may still make an image."""
    stream.cancel()
    with contextlib.suppress(TimeoutError, EngineError, docker.errors.APIError):
        async with asyncio.timeout(_WIND_DOWN_SECONDS):
            while data := await stream.read():
                transcript.feed(data)


def _pieces(context: IO[bytes], stream: ByteStream) -> Iterator[bytes]:
    while not stream.closed and (piece := context.read(_PIECE_BYTES)):
        yield piece
    if stream.closed:
        raise OSError("the build was cancelled")


def _parameters(
    request: BuildRequest, current: Pass, dockerfile: str, target: str, tag: str, home: str
) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "dockerfile": dockerfile,
        "rm": "1",
        "forcerm": "1",
        "nocache": "0" if current.use_cache else "1",
        "buildargs": json.dumps(dict(request.build_args)),
    }
    if tag:
        parameters["t"] = tag
        # Each label is a step of its own (0.06 s, measured on 20.10). An image that is built to be graded
        # lives for seconds and does without: it is ours by the journal, and by a tag of its own.
        if request.limits is None:
            parameters["labels"] = json.dumps(image_labels(request.lesson, home))
    if target:
        parameters["target"] = target
    return parameters | _limits(request)


def _limits(request: BuildRequest) -> dict[str, Any]:
    """The limits of the containers that steps run in; measured to hold on Docker 20.10 and 26.1."""
    limits = request.limits
    if limits is None:
        return {}
    found: dict[str, Any] = {"memory": limits.memory_bytes, "memswap": limits.memory_bytes}
    if limits.processors:
        found["cpusetcpus"] = limits.processors
    if not limits.network:
        found["networkmode"] = "none"
    if limits.control_group:
        found["cgroupparent"] = limits.control_group
    return found
