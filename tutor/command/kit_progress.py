"""Progress of long file work, told on standard error, and its end on Ctrl+C."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import click

T = TypeVar("T")

_TICK_SECONDS = 0.2


class Progress:
    """Tells one piece of work after the other. Safe to call from a thread."""

    def __init__(self) -> None:
        self._lively = sys.stderr.isatty()
        self._label = ""
        self._told_at = 0.0
        self._stopped = threading.Event()

    def begin(self, label: str) -> None:
        """Another piece of work begins."""
        self.end()
        self._label = label
        click.echo(label, err=True, nl=not self._lively)

    def tell(self, done: int, total: int | None) -> None:
        """How far it is, in bytes.

        Raises:
            InterruptedError: the work was given up meanwhile.
        """
        if self._stopped.is_set():
            raise InterruptedError("given up")
        now = time.monotonic()
        if self._lively and now - self._told_at >= _TICK_SECONDS:
            self._told_at = now
            of_all = f" of {total / 1e6:.0f}" if total else ""
            click.echo(f"\r{self._label}: {done / 1e6:.0f}{of_all} MB\x1b[K", err=True, nl=False)

    def end(self) -> None:
        """The piece of work is done."""
        if self._label and self._lively:
            click.echo(f"\r{self._label}\x1b[K", err=True)
        self._label = ""

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work that tells its progress; cancelled, the work stops at its next word."""
        try:
            return await asyncio.to_thread(work)
        except asyncio.CancelledError:
            self._stopped.set()
            raise
