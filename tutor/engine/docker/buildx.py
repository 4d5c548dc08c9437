"""Builds by ``docker buildx build --progress=rawjson`` as a child process."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from tutor.core.dockerfile import Stage
from tutor.core.errors import EngineLost
from tutor.core.events import BuildEvent
from tutor.core.ports import BuildRequest, Clock
from tutor.engine.docker.attempt import Attempt
from tutor.engine.docker.build_lock import BuildLock
from tutor.engine.docker.build_plan import BuildPlan, dockerfile_path
from tutor.engine.docker.builder import DockerBuilder, Pass
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.discovery import Candidate
from tutor.engine.docker.guarded_process import start_guarded
from tutor.engine.docker.ledger import Ledger
from tutor.engine.docker.ownership import image_labels
from tutor.engine.docker.pump import pump
from tutor.engine.docker.removal import inspect_image
from tutor.engine.docker.solve import SolveTranscript
from tutor.engine.docker.step_book import StepBook

OLDEST_BUILDX = (0, 12)
"""The first that takes ``--progress=rawjson``."""
_VERSION = re.compile(r"buildx v?(\d+)\.(\d+)")


class BuildxBuilder(DockerBuilder):
    """Always the builder of the context's own docker driver: another would keep the result to itself."""

    kind = "buildx"

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        clock: Clock,
        lock: BuildLock,
        engine_name: str,
        environ: Mapping[str, str],
    ) -> None:
        super().__init__(connection, ledger, clock, lock, engine_name)
        self._environ = environ

    async def run_pass(
        self, request: BuildRequest, current: Pass, plan: BuildPlan, book: StepBook, attempt: Attempt
    ) -> AsyncGenerator[BuildEvent, None]:
        """One ``docker buildx build``."""
        transcript = SolveTranscript(request.run_id, plan, book)
        dockerfile, target = dockerfile_path(request), current.stage
        stage = plan.find_stage(target) if target else None
        if stage is not None and not stage.name:
            target = plan.stage_label(stage)
            dockerfile = await asyncio.to_thread(self._named_copy, dockerfile, plan, stage)
        command = buildx_command(
            request, current, dockerfile, target, self._connection.candidate, self._ledger.home
        )
        try:
            process = await start_guarded(command, self._environ)
        except OSError as fault:
            raise EngineLost(f"docker buildx cannot be started: {fault}") from fault
        ended = False
        try:
            async with contextlib.aclosing(
                pump(lambda: process.output.read(256 * 1024), transcript, book)
            ) as events:
                async for event in events:
                    yield event
            code = await process.wait()
            ended = True
        finally:
            if not ended:
                await asyncio.shield(asyncio.create_task(process.stop()))
        if code != 0:
            current.error = transcript.error or f"docker buildx ended with exit code {code}"
            current.error_line = transcript.error_line
            return
        found = await inspect_image(self._connection, current.reference)
        if found is None:
            current.error = f"docker buildx succeeded, but there is no image {current.reference}"
            return
        current.image_id = str(found["Id"])
        await attempt.note_image(current.image_id)

    def _named_copy(self, dockerfile: Path, plan: BuildPlan, stage: Stage) -> Path:
        text = dockerfile.read_text(encoding="utf-8", errors="surrogateescape")
        copy = Path(self._environ["BUILDX_CONFIG"]) / dockerfile.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(plan.named_copy(text, stage), encoding="utf-8", errors="surrogateescape")
        return copy


def buildx_command(
    request: BuildRequest, current: Pass, dockerfile: Path, target: str, candidate: Candidate, home: str
) -> list[str]:
    """The whole command of one pass."""
    words = ["docker", "buildx", "build", "--builder", candidate.context or "default"]
    # An attestation would hold the time, and give the same files a new image id each time.
    words += ["--progress=rawjson", "--load", "--provenance=false"]
    words += ["--tag", current.reference, "--file", str(dockerfile)]
    for name, value in image_labels(request.lesson, home).items():
        words += ["--label", f"{name}={value}"]
    for name, value in request.build_args.items():
        words += ["--build-arg", f"{name}={value}"]
    if request.limits is not None and not request.limits.network:
        # The only limit that BuildKit takes from its caller.
        words.append("--network=none")
    if target:
        words += ["--target", target]
    if not current.use_cache:
        words.append("--no-cache")
    return [*words, str(request.context)]


def buildx_environment(environ: Mapping[str, str], candidate: Candidate, folder: Path) -> dict[str, str]:
    """What the child sees: the endpoint that we found, and a folder of its own for buildx's records."""
    child = {
        name: value
        for name, value in environ.items()
        if name
        not in ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER", "BUILDKIT_PROGRESS", "DOCKER_BUILDKIT")
        and not name.startswith("OTEL_")
    }
    if candidate.context:
        child["DOCKER_CONTEXT"] = candidate.context
    else:
        child["DOCKER_HOST"] = candidate.url
    return child | {
        "BUILDX_CONFIG": str(folder),
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "BUILDX_GIT_INFO": "0",
        "DOCKER_CLI_HINTS": "false",
        "NO_COLOR": "1",
    }


async def buildx_fault(environ: Mapping[str, str]) -> str:
    """Why buildx cannot be used; empty when it can."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            "buildx",
            "version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environ),
        )
    except OSError:
        return "there is no docker command in PATH"
    try:
        async with asyncio.timeout(10):
            output, _ = await process.communicate()
    except TimeoutError:
        return "`docker buildx version` gives no answer"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    match = _VERSION.search(output.decode("utf-8", errors="replace"))
    if process.returncode != 0 or match is None:
        return "the docker command has no buildx plug-in"
    if (int(match[1]), int(match[2])) < OLDEST_BUILDX:
        return f"buildx {match[1]}.{match[2]} is too old: 0.12 or newer is needed"
    return ""
