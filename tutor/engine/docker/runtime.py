"""Containers: started with limits, looked at, ended."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO

import docker.errors

from tutor.core.errors import ContainerError, ImageNotFound
from tutor.core.image import Container, ContainerState, ExecResult, Listener
from tutor.core.ports import RunRequest
from tutor.core.text import clean_line, clean_text
from tutor.engine.docker.byte_stream import ArchiveStream
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.execution import run_command
from tutor.engine.docker.fault import api_text, no_space, says_no_space, translate
from tutor.engine.docker.ledger import CONTAINER, Ledger
from tutor.engine.docker.ownership import container_labels
from tutor.engine.docker.removal import remove_container
from tutor.engine.docker.socket_table import listeners_of

_LOG_BYTES = "4m"
_VOLUME_BYTES = 16 * 1024 * 1024
# What runc prints into the log of a container whose process it could not start (runc before 1.2).
_EXEC_FAULT = re.compile(
    r"^(?:standard_init_linux\.go:\d+: )?exec (?:user process caused: |/?\S+: |user process caused \")"
    r".*(?:no such file or directory|exec format error|permission denied)"
)
_OCI = re.compile(r"OCI runtime (?:exec|create) failed|executable file .* not found in \$PATH")


class DockerRuntime:
    """Fills :class:`tutor.core.ports.Runtime`."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger
        self._started: dict[str, str] = {}
        self.before_removal: Callable[[str], Awaitable[None]] | None = None
        """Told the id of each container that is about to be removed."""

    async def start(self, request: RunRequest) -> Container:
        """Start a container; see :class:`tutor.core.ports.Runtime`.

        Raises:
            ImageNotFound: the image is not there (any more).
            ContainerError: the engine refused to create it.
        """
        creation = asyncio.create_task(self._create(request))
        try:
            container_id = await asyncio.shield(creation)
            return await self._start(container_id, request)
        except asyncio.CancelledError:
            # The engine may have made it all the same; wait for its id and take it away.
            await asyncio.shield(asyncio.create_task(self._abandon(creation)))
            raise

    async def state(self, container_id: str) -> ContainerState:
        """How it is doing now."""
        found = await self._inspect(container_id)
        if found is None:
            return ContainerState("gone")
        state: dict[str, Any] = found.get("State") or {}
        if state.get("Running"):
            return ContainerState("running")
        error = clean_line(str(state.get("Error") or ""), 2000)
        status = "created" if state.get("Status") == "created" and not error else "exited"
        exit_code = int(state.get("ExitCode") or 0) if status == "exited" else None
        if not error and exit_code:
            error = self._started.get(container_id, "") or await self._exec_fault(container_id)
        return ContainerState(status, exit_code, error, bool(state.get("OOMKilled")))

    async def logs(self, container_id: str, tail: int = 200) -> tuple[str, ...]:
        """The last lines it printed, clean; none when it is gone."""
        api = self._connection.api

        def read() -> bytes:
            value: Any = api.logs(container_id, stdout=True, stderr=True, stream=False, tail=tail)
            return bytes(value)

        raw = await self._connection.find("reading a container's log", read)
        if not raw:
            return ()
        lines = raw.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
        return tuple(clean_line(line) for line in lines[-tail:])

    async def listeners(self, container_id: str) -> tuple[Listener, ...] | None:
        """The TCP sockets listening inside; None where this engine cannot tell."""
        if not self._connection.candidate.is_local:
            return None
        found = await self._inspect(container_id)
        state: dict[str, Any] = (found or {}).get("State") or {}
        if not state.get("Running") or not state.get("Pid"):
            return ()
        return await asyncio.to_thread(listeners_of, int(state["Pid"]), str((found or {}).get("Id")))

    async def exec(self, container_id: str, argv: tuple[str, ...]) -> ExecResult:
        """Run a command inside. Output is kept up to a limit."""
        try:
            code, output = await self._connection.attempt(
                "running a command in a container", run_command, self._connection, container_id, argv
            )
        except docker.errors.NotFound as fault:
            raise ContainerError("the container is gone", where=container_id[:12]) from fault
        except docker.errors.APIError as fault:
            return ExecResult(126, "", api_text(fault))
        text = clean_text(output.decode("utf-8", errors="replace"))
        if code in (126, 127) and _OCI.search(text):
            return ExecResult(code, "", clean_line(text, 2000))
        return ExecResult(code, text)

    async def stop(self, container_id: str, grace_seconds: float = 2.0) -> ContainerState:
        """SIGTERM (or the image's own signal), then SIGKILL. Keeps the container."""
        with contextlib.suppress(docker.errors.APIError):
            await self._connection.attempt(
                "stopping a container",
                self._connection.api.stop,
                container_id,
                timeout=max(1, round(grace_seconds)),
            )
        return await self.state(container_id)

    async def remove(self, container_id: str) -> None:
        """Stop at once and remove it; nothing happens when it is gone or not ours."""
        entry = self._ledger.entry(CONTAINER, container_id, "")
        written = {each.object_id for each in await self._ledger.entries() if each.kind == CONTAINER}
        if container_id not in self._started and container_id not in written:
            return
        if self.before_removal is not None:
            await self.before_removal(container_id)
        reason = await remove_container(self._connection, container_id)
        if reason:
            raise ContainerError(f"the container cannot be removed: {reason}", where=container_id[:12])
        self._started.pop(container_id, None)
        await self._ledger.forget([entry])

    async def remove_all(self) -> None:
        """Remove what this process started and is still there."""
        for container_id in list(self._started):
            await self.remove(container_id)

    def open_export(self, container_id: str) -> AbstractContextManager[BinaryIO]:
        """The running container's files as a tar stream. Blocking: read it in a thread."""
        return self._export(container_id)

    @contextmanager
    def _export(self, container_id: str) -> Iterator[BinaryIO]:
        doing = "reading a container's files"
        try:
            response = self._connection.open("GET", f"/containers/{container_id}/export")
        except docker.errors.NotFound as fault:
            raise ContainerError("the container is gone", where=container_id[:12]) from fault
        except (docker.errors.DockerException, OSError) as fault:
            raise translate(fault, doing) from fault
        with ArchiveStream.buffered(response, doing) as stream:
            yield stream

    async def _create(self, request: RunRequest) -> str:
        api = self._connection.api
        port = f"{request.port}/tcp"
        settings: dict[str, Any] = {}
        if not self._connection.is_podman:
            settings["log_config"] = {
                "Type": "json-file",
                "Config": {"max-size": _LOG_BYTES, "max-file": "1"},
            }
        host = api.create_host_config(
            port_bindings=None if request.isolated else {port: ("127.0.0.1",)},
            network_mode="none" if request.isolated else None,
            cpuset_cpus=request.processors or None,
            mem_limit=request.memory_bytes,
            memswap_limit=request.memory_bytes,
            pids_limit=request.process_limit,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=request.read_only,
            tmpfs=await self._bounded_volumes(request.image) if request.isolated else None,
            **settings,
        )
        try:
            created = await self._connection.attempt(
                "creating a container",
                api.create_container,
                request.image,
                command=list(request.command) or None,
                entrypoint=list(request.entry_point) or None,
                environment=dict(request.env),
                user=request.user or None,
                ports=None if request.isolated else [(request.port, "tcp")],
                labels=container_labels(request.lesson, request.run_id, self._ledger.home),
                name=f"fromscratch-{uuid.uuid4().hex[:12]}",
                host_config=host,
            )
        except docker.errors.NotFound as fault:
            raise ImageNotFound(
                f"the image {request.image} is not there any more", next_step="Build it again."
            ) from fault
        except docker.errors.APIError as fault:
            text = api_text(fault)
            if says_no_space(text):
                raise no_space(text) from fault
            step = "Give the image a CMD or an ENTRYPOINT." if "no command specified" in text.lower() else ""
            raise ContainerError(text, where=request.image, next_step=step) from fault
        container_id = str(created["Id"])
        self._started[container_id] = ""
        await self._ledger.record(self._ledger.entry(CONTAINER, container_id, request.run_id))
        return container_id

    async def _bounded_volumes(self, image: str) -> dict[str, str] | None:
        """Memory in place of the volumes that an image declares: those would be the engine's disk."""
        found = await self._connection.find("looking at an image", self._connection.api.inspect_image, image)
        volumes = ((found or {}).get("Config") or {}).get("Volumes") or {}
        return {str(path): f"size={_VOLUME_BYTES}" for path in volumes} or None

    async def _start(self, container_id: str, request: RunRequest) -> Container:
        try:
            await self._connection.attempt("starting a container", self._connection.api.start, container_id)
        except docker.errors.APIError as fault:
            text = api_text(fault)
            if says_no_space(text):
                await self.remove(container_id)
                raise no_space(text) from fault
            # Not an exception: state() tells it. Newer engines keep it in State.Error, others do not.
            self._started[container_id] = text
        found = await self._inspect(container_id) or {}
        bindings = ((found.get("NetworkSettings") or {}).get("Ports") or {}).get(f"{request.port}/tcp") or []
        host_port = int(bindings[0]["HostPort"]) if bindings else None
        return Container(
            container_id=container_id,
            image_id=str(found.get("Image", "")),
            port=request.port,
            host_port=host_port,
            command=docker_run_line(request, host_port),
            isolated=request.isolated,
        )

    async def _abandon(self, creation: asyncio.Task[str]) -> None:
        with contextlib.suppress(ContainerError, ImageNotFound):
            await self.remove(await creation)

    async def _inspect(self, container_id: str) -> dict[str, Any] | None:
        return await self._connection.find(
            "looking at a container", self._connection.api.inspect_container, container_id
        )

    async def _exec_fault(self, container_id: str) -> str:
        lines = await self.logs(container_id, tail=3)
        return next((line for line in reversed(lines) if _EXEC_FAULT.match(line)), "")


def docker_run_line(request: RunRequest, host_port: int | None) -> str:
    """``docker run …`` as the learner could type it: the same publishing, user and environment."""
    way_in = (
        ["--network", "none"] if request.isolated else ["-p", f"127.0.0.1:{host_port or ''}:{request.port}"]
    )
    words = ["docker", "run", "--rm", *way_in]
    if request.read_only:
        words.append("--read-only")
    if request.user:
        words += ["--user", request.user]
    for name, value in request.env.items():
        words += ["-e", f"{name}={value}"]
    arguments = request.command
    if request.entry_point:
        words += ["--entrypoint", request.entry_point[0]]
        arguments = (*request.entry_point[1:], *request.command)
    return shlex.join([*words, request.image, *arguments])
