"""Runs images in sandboxes. Fills :class:`tutor.core.ports.Runtime`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import BinaryIO
from uuid import uuid4

from tutor.core.errors import ContainerError, ImageNotFound
from tutor.core.identity import IdentityFault
from tutor.core.image import Container, ContainerState, ExecResult, Listener
from tutor.core.ports import RunRequest
from tutor.core.store import Journal
from tutor.core.text import clean_text
from tutor.engine.embedded import process_table
from tutor.engine.embedded.container_job import JobMaker, command_line, signal_number
from tutor.engine.embedded.disk import disk_faults
from tutor.engine.embedded.launcher import Isolation, Job, Sandbox, launch, running
from tutor.engine.embedded.layer import write_layer
from tutor.engine.embedded.stage_folder import StageFolder
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.threaded import in_thread
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.work import WorkFolder
from tutor.engine.log import read_batches

_LOG_LINES = 2000
_OUTPUT_BYTES = 1 << 20


@dataclass(slots=True)
class _Running:
    """One container and everything that belongs to it."""

    work: WorkFolder
    container: Container
    job: Job
    stop_signal: int
    log: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))
    sandbox: Sandbox | None = None
    pump: asyncio.Task[None] | None = None
    state: ContainerState = field(default_factory=lambda: ContainerState("created"))


class EmbeddedRuntime:
    """Containers of this process. They end with it, however it ends."""

    def __init__(
        self, store: Store, pool: Pool, journal: Journal, isolation: Isolation, *, proot: str, endpoint: str
    ) -> None:
        self._store = store
        self._pool = pool
        self._journal = journal
        self._isolation = isolation
        self._maker = JobMaker(store, pool, isolation, proot)
        self._endpoint = endpoint
        self._containers: dict[str, _Running] = {}

    async def start(self, request: RunRequest) -> Container:
        """Start a container with its port relayed from a free port on 127.0.0.1.

        Raises:
            ContainerError: it could not be created.
            ImageNotFound: the image is not there.
            NoSpaceLeft: the disk is full.
        """
        with disk_faults(self._store.folder):
            return await self._start(request)

    async def _start(self, request: RunRequest) -> Container:
        tag = await in_thread(lambda: self._store.find(request.image))
        if tag is None:
            raise ImageNotFound(f"No such image: {request.image}", next_step="Build it again.")
        config = await in_thread(lambda: self._store.config(tag.image_id))
        name = uuid4().hex[:12]
        work = await in_thread(
            lambda: WorkFolder(
                self._store.work_folder, self._journal, self._endpoint, request.run_id, f"run-{name}"
            )
        )
        try:
            job = await in_thread(lambda: self._maker.job(request, config, work.path, name))
            container = Container(name, tag.image_id, request.port, command=command_line(request, None))
            running_one = _Running(work, container, job, signal_number(config.stop_signal))
            self._containers[name] = running_one
            await self._launch(running_one)
        except BaseException as error:
            self._containers.pop(name, None)
            await asyncio.shield(in_thread(work.remove))
            if isinstance(error, IdentityFault):
                raise ContainerError(str(error), next_step="Give USER a number: USER 65532") from None
            raise
        port = running_one.sandbox.report.port if running_one.sandbox else None
        running_one.container = replace(container, host_port=port, command=command_line(request, port))
        return running_one.container

    async def _launch(self, one: _Running) -> None:
        one.sandbox = sandbox = await launch(one.job)
        try:
            report = await sandbox.wait_started()
        except BaseException:
            await asyncio.shield(sandbox.kill())
            raise
        if report.error:
            one.log.append(report.error)
            one.state = ContainerState("exited", report.exit_code, report.error)
            await sandbox.kill()
            return
        one.state = ContainerState("running")
        one.pump = asyncio.ensure_future(self._follow(one, sandbox))

    async def _follow(self, one: _Running, sandbox: Sandbox) -> None:
        async for lines in read_batches(sandbox.output):
            one.log.extend(lines)
        one.state = ContainerState("exited", await sandbox.wait())

    async def state(self, container_id: str) -> ContainerState:
        """How it is doing now; ``gone`` when it was removed."""
        one = self._containers.get(container_id)
        return one.state if one else ContainerState("gone")

    async def logs(self, container_id: str, tail: int = 200) -> tuple[str, ...]:
        """The last lines it printed."""
        one = self._containers.get(container_id)
        return tuple(one.log)[-tail:] if one and tail > 0 else ()

    async def listeners(self, container_id: str) -> tuple[Listener, ...] | None:
        """The TCP sockets listening inside."""
        one = self._containers.get(container_id)
        if one is None or one.sandbox is None or not one.state.is_running:
            return ()
        return await in_thread(lambda: self._listeners(one.sandbox))

    def _listeners(self, sandbox: Sandbox | None) -> tuple[Listener, ...]:
        assert sandbox is not None
        if self._isolation is Isolation.USER_NAMESPACE and sandbox.report.pid is not None:
            rows = [row[:2] for row in process_table.listening(sandbox.report.pid)]
        else:
            rows = process_table.listening_of(process_table.descendants(sandbox.pid))
        return tuple(Listener(address, port) for address, port in dict.fromkeys(rows))

    async def exec(self, container_id: str, argv: tuple[str, ...]) -> ExecResult:
        """Run a command inside."""
        one = self._containers.get(container_id)
        if one is None or one.sandbox is None or not one.state.is_running:
            return ExecResult(126, "", f"container {container_id} is not running")
        join = one.sandbox.report.pid if self._isolation is Isolation.USER_NAMESPACE else None
        job = replace(one.job, argv=argv, port=None, join=join)
        async with running(job) as sandbox:
            try:
                report = await sandbox.wait_started()
            except ContainerError as error:
                return ExecResult(126, "", error.what)
            if report.error:
                return ExecResult(report.exit_code or 126, "", report.error)
            output = await _read_some(sandbox.output)
            return ExecResult(await sandbox.wait(), clean_text(output.decode("utf-8", "replace")))

    async def stop(self, container_id: str, grace_seconds: float = 2.0) -> ContainerState:
        """Send its stop signal, then end it; returns the state it ended in. Keeps the container."""
        one = self._containers.get(container_id)
        if one is None:
            return ContainerState("gone")
        if one.sandbox is not None and one.pump is not None and not one.pump.done():
            one.sandbox.send_signal(one.stop_signal)
            done, _ = await asyncio.wait({one.pump}, timeout=grace_seconds)
            if not done:
                one.sandbox.send_signal(signal.SIGKILL)
                await asyncio.wait({one.pump})
        return one.state

    async def remove(self, container_id: str) -> None:
        """Stop at once and remove it; nothing happens when it is gone already."""
        one = self._containers.pop(container_id, None)
        if one is not None:
            await asyncio.shield(self._remove(one))

    async def _remove(self, one: _Running) -> None:
        if one.pump is not None:
            one.pump.cancel()
            await asyncio.wait({one.pump})
        if one.sandbox is not None and one.sandbox.process.returncode is None:
            await one.sandbox.kill()
        await in_thread(one.work.remove)

    async def remove_all(self) -> None:
        """Remove every container of this process."""
        for name in list(self._containers):
            await self.remove(name)

    def open_export(self, container_id: str) -> AbstractContextManager[BinaryIO]:
        """The container's files as a tar stream. Blocking: read it in a thread.

        Raises:
            ContainerError: it was removed.
        """
        return self._export(container_id)

    @contextlib.contextmanager
    def _export(self, container_id: str) -> Iterator[BinaryIO]:
        one = self._containers.get(container_id)
        if one is None:
            raise ContainerError(f"No such container: {container_id}")
        place = one.work.path / f"export-{uuid4().hex}"
        try:
            with place.open("xb") as archive:
                root = StageFolder(one.job.root, self._store, self._pool, real_owners=False, exists=True)
                write_layer(root.differences(one.job.uid, one.job.gid), archive)
            with place.open("rb") as archive:
                yield archive
        finally:
            place.unlink(missing_ok=True)


async def _read_some(reader: asyncio.StreamReader) -> bytes:
    """All output, of which the first megabyte is kept."""
    data = b""
    async for piece in _pieces(reader):
        data += piece[: max(0, _OUTPUT_BYTES - len(data))]
    return data


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(65536):
        yield piece
