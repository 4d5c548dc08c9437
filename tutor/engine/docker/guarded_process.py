"""A child process that does not outlive us, whatever becomes of us.

A small shell watches a pipe that only we hold open. When we end without a word, also by SIGKILL,
the pipe ends too, and the watcher ends the whole process group. Works wherever there is a POSIX shell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

_WATCH = """
exec 3<&0 0</dev/null
{
  trap '' INT TERM
  read -r word <&3
  if [ "$word" != over ]; then
    kill -s TERM -- -$$; sleep 2; kill -s KILL -- -$$
  fi
} >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"""


class GuardedProcess:
    """A process group of its own. Its output and errors come as one stream."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def output(self) -> asyncio.StreamReader:
        """Its standard output and error."""
        assert self._process.stdout is not None
        return self._process.stdout

    async def wait(self) -> int:
        """Its exit code; the watcher is told that all is well."""
        code = await self._process.wait()
        self._dismiss_watcher()
        return code

    async def stop(self, patience_seconds: float = 0.6) -> None:
        """Interrupt it and all it started, then insist. Returns when it is gone."""
        for number, patience in (
            (signal.SIGINT, patience_seconds),
            (signal.SIGTERM, patience_seconds / 2),
            (signal.SIGKILL, 5.0),
        ):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    # Its pipe must be emptied, or it could wait for us for ever.
                    while await self.output.read(65536):
                        pass
                    await self._process.wait()
        self._dismiss_watcher()
        # What the group still holds (a plug-in that did not follow its parent) goes now.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _dismiss_watcher(self) -> None:
        pipe = self._process.stdin
        if pipe is not None and not pipe.is_closing():
            with contextlib.suppress(OSError, RuntimeError):
                pipe.write(b"over\n")
            pipe.close()


async def start_guarded(
    command: Sequence[str], environ: Mapping[str, str], cwd: Path | None = None
) -> GuardedProcess:
    """Start it.

    Raises:
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _WATCH,
        "sh",
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environ),
        cwd=cwd,
        start_new_session=True,
    )
    return GuardedProcess(process)
