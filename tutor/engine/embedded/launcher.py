"""Starts sandboxes and speaks with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import tutor
from tutor.core.errors import ContainerError

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from tutor.engine.embedded.sandbox import main; main()"
)
_PATIENCE_SECONDS = 20.0


class Isolation(StrEnum):
    """What can stand between a command and this machine, best first."""

    USER_NAMESPACE = "user-namespace"
    PROOT = "proot"
    CHROOT = "chroot"


@dataclass(frozen=True, slots=True)
class Mount:
    """Something laid over a place in the root: ``proc``, ``dev`` or ``bind``."""

    kind: str
    inside: str
    target: Path
    """The same place seen from outside, free of symbolic links."""
    source: Path | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One command to run confined."""

    isolation: Isolation
    root: Path
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/"
    uid: int = 0
    gid: int = 0
    mounts: tuple[Mount, ...] = ()
    hostname: str = "fromscratch"
    private_network: bool = False
    port: int | None = None
    """Inside; relayed from a free port on 127.0.0.1."""
    read_only: bool = False
    keep_capabilities: bool = True
    memory: int = 0
    processes: int = 0
    join: int | None = None
    """Process whose namespaces are entered in place of new ones."""
    proot: str = ""

    def encoded(self) -> bytes:
        """As the sandbox reads it."""
        value: dict[str, Any] = {
            "isolation": self.isolation.value,
            "root": str(self.root),
            "argv": self.argv,
            "env": dict(self.env),
            "cwd": self.cwd,
            "uid": self.uid,
            "gid": self.gid,
            "mounts": [
                {
                    "kind": each.kind,
                    "inside": each.inside,
                    "target": str(each.target),
                    "source": str(each.source or each.inside),
                    "read_only": each.read_only,
                }
                for each in self.mounts
            ],
            "hostname": self.hostname,
            "private_network": self.private_network,
            "port": self.port,
            "read_only": self.read_only,
            "keep_capabilities": self.keep_capabilities,
            "memory": self.memory,
            "processes": self.processes,
            "proot": self.proot,
        }
        if self.join is not None:
            value["join"] = self.join
        return json.dumps(value).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class StartReport:
    """How the start went. ``pid`` is None when the command could not start; ``error`` says why."""

    pid: int | None = None
    port: int | None = None
    error: str = ""
    exit_code: int | None = None


@dataclass(slots=True)
class Sandbox:
    """A running sandbox. Its output must be read, or the command stands still."""

    process: asyncio.subprocess.Process
    output: asyncio.StreamReader
    _status: asyncio.StreamReader
    _transport: asyncio.ReadTransport
    exit_code: int | None = None
    report: StartReport = field(default_factory=StartReport)

    @property
    def pid(self) -> int:
        """The sandbox itself, not the command."""
        return self.process.pid

    async def wait_started(self) -> StartReport:
        """Until the command runs or could not start.

        Raises:
            ContainerError: the confinement itself failed.
        """
        message = await self._next()
        if "started" in message:
            self.report = StartReport(message["started"], message["port"])
        elif "fault" in message:
            self.exit_code = message["exit_code"]
            self.report = StartReport(None, None, message["fault"], message["exit_code"])
        else:
            raise ContainerError(
                f"The sandbox could not be made: {message.get('broken', 'it ended at once')}",
                next_step="fromscratch doctor tells what is possible here.",
            )
        return self.report

    async def wait(self) -> int:
        """Until the command ended and everything below it is gone; its exit code."""
        while self.exit_code is None:
            message = await self._next()
            self.exit_code = message.get("exited", 137)
        await self.process.wait()
        self._transport.close()
        return self.exit_code

    def send_signal(self, number: int) -> None:
        """Pass a signal on to the command."""
        stdin = self.process.stdin
        if stdin is not None and not stdin.is_closing():
            with contextlib.suppress(ConnectionError):
                stdin.write(json.dumps({"signal": number}).encode() + b"\n")

    async def kill(self) -> None:
        """End the command with everything below it, and return when all of it is gone."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        drain = asyncio.ensure_future(_drain(self.output))
        try:
            await asyncio.wait_for(self.process.wait(), _PATIENCE_SECONDS)
        except TimeoutError:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()
        finally:
            drain.cancel()
            self._transport.close()
        if self.exit_code is None:
            self.exit_code = 137

    async def _next(self) -> dict[str, Any]:
        line = await self._status.readline()
        return json.loads(line) if line else {}


async def _drain(reader: asyncio.StreamReader) -> None:
    # Somebody else may be reading already; then there is nothing to do.
    with contextlib.suppress(RuntimeError):
        while await reader.read(65536):
            pass


async def launch(job: Job) -> Sandbox:
    """Start a sandbox process and hand it its job."""
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *(
                "-E",
                "-s",
                "-S",
                "-X",
                "utf8",
                "-c",
                _BOOT,
                str(Path(tutor.__file__).parent.parent),
                str(writing),
            ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=(writing,),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    assert process.stdin is not None
    assert process.stdout is not None
    loop = asyncio.get_running_loop()
    status = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(status), os.fdopen(reading, "rb", 0)
    )
    process.stdin.write(job.encoded())
    return Sandbox(process, process.stdout, status, transport)


@contextlib.asynccontextmanager
async def running(job: Job) -> AsyncIterator[Sandbox]:
    """A sandbox for the length of a block. Leaving it in any way ends all of it."""
    starting = asyncio.ensure_future(launch(job))
    try:
        sandbox = await asyncio.shield(starting)
    except asyncio.CancelledError:
        sandbox = await starting
        await sandbox.kill()
        raise
    try:
        yield sandbox
    finally:
        if sandbox.process.returncode is None:
            await asyncio.shield(sandbox.kill())
