"""Leaving in order when the terminal goes away or the system tells us to end."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import sys
from collections.abc import Callable

PERIOD_SECONDS = 1.0
"""How often the terminal is looked for: a closed one would be read in an endless loop."""


def watch_for_signals(leave: Callable[[], None]) -> None:
    """Call ``leave`` at SIGHUP (the terminal was closed) and at SIGTERM, in place of dying at once."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        # Only the main thread of a program may; inside another one the host decides.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, leave)


def terminal_is_gone() -> bool:
    """Whether the terminal at standard input was hung up: then no signal need have come (``su``, ``ssh``)."""
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return any(event & (select.POLLHUP | select.POLLNVAL) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return True
