"""One build at a time, across processes, awaited without blocking the event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from filelock import FileLock, Timeout

_POLL_SECONDS = 0.05


class BuildLock:
    """A lock file. The system lets go of it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, thread_local=False)
        self._turn = asyncio.Lock()

    async def try_acquire(self) -> bool:
        """Take it if it is free."""
        if self._turn.locked():
            return False
        await self._turn.acquire()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            self._turn.release()
            return False
        except BaseException:
            self._turn.release()
            raise
        return True

    async def acquire(self) -> None:
        """Wait for it. May be cancelled."""
        while not await self.try_acquire():  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Let go."""
        self._lock.release()
        self._turn.release()
