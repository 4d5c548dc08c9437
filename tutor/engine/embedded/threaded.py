"""Blocking work in a thread that a cancelled coroutine does not leave behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result], stopped: threading.Event | None = None) -> Result:
    """Run it in a thread. When cancelled, set ``stopped`` and wait until the thread has ended."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stopped is not None:
            stopped.set()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
