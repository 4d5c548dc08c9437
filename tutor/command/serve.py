"""``fromscratch serve``: the course in a browser on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import click

from tutor.core.errors import UsageError
from tutor.core.extra import install_command

WEB_DRIVER = "textual.drivers.web_driver:WebDriver"


def is_in_browser() -> bool:
    """Whether this process is the tutor of a browser's tab."""
    return os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER


def tutor_command(
    lesson: str | None, engine: str, builder: str, lessons_folder: Path | None
) -> tuple[str, ...]:
    """The command that a tab runs."""
    words = [sys.executable, "-m", "tutor", "--engine", engine, "--builder", builder]
    if lesson:
        words += ["--lesson", lesson]
    if lessons_folder:
        words += ["--lessons", str(lessons_folder.resolve())]
    return tuple(words)


async def serve(command: tuple[str, ...], port: int) -> None:
    """Serve until Ctrl+C or SIGTERM; then every tab's tutor is ended in order.

    Raises:
        UsageError: the extra is not installed, or the port cannot be had.
    """
    try:
        from tutor.ui.browser.server import LoopbackServer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"textual_serve", "aiohttp"}:
            raise
        raise UsageError(
            "A browser needs textual-serve, which is not installed.",
            next_step=f"Install it with: {install_command('serve')}",
        ) from error
    server = LoopbackServer(command, port)

    def ready(address: str) -> None:
        click.echo(address)
        click.echo(
            "Open it in a browser on this machine. Whoever has it works as you. Ctrl+C ends it.", err=True
        )

    work = asyncio.ensure_future(server.run(ready))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
