"""Waiting for a fact that nothing tells of: what an engine, another process or a screen comes to."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 60.0
_PERIOD_SECONDS = 0.01


async def until(
    holds: Callable[[], object | Awaitable[object]],
    tell: Callable[[], str] = str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Ask again and again until ``holds`` is true. ``tell`` says what there was instead.

    Raises:
        AssertionError: it did not come to be in time.
    """
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while True:
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        assert asyncio.get_running_loop().time() < deadline, f"it did not come to be:\n{tell()}"
        await asyncio.sleep(_PERIOD_SECONDS)
