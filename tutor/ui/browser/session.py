"""One tab's tutor: a process that ends with its tab, in order."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import signal
from asyncio.subprocess import Process
from typing import TYPE_CHECKING

from textual_serve.app_service import AppService

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PATIENCE_SECONDS = 15.0
"""How long a tutor may take to save, stop its work and remove its container."""
_HARD_SECONDS = 5.0


class TabSession(AppService):
    """The tutor's process behind one websocket."""

    def __init__(self, command: Sequence[str], **links: Any) -> None:
        super().__init__(shlex.join(command), **links)
        self._words = tuple(command)
        self._ending: asyncio.Task[None] | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Without a shell in between, and out of reach of the terminal's Ctrl+C: the server ends it."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=self._build_environment(width=width, height=height),
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        return self._process

    async def stop(self) -> None:
        """End it as a closed terminal does: it saves, stops its work and removes its container.

        Textual's own way, the message ``quit``, would end the app without any of that. Called again, it
        waits for the same end.
        """
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        task, process = self._task, self._process
        if task is None or process is None:
            return
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        for number, patience in ((signal.SIGTERM, PATIENCE_SECONDS), (signal.SIGKILL, _HARD_SECONDS)):
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)
                break
        await asyncio.wait({task}, timeout=_HARD_SECONDS)
