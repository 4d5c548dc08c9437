"""What several commands share: options, errors told, coroutines run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from tutor.core.errors import TutorError

T = TypeVar("T")

ENGINE_OPTION = click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "embedded"]),
    default="auto",
    envvar="FROMSCRATCH_ENGINE",
    help="Which engine to use. auto: Docker when it answers, else the embedded one.",
)
BUILDER_OPTION = click.option(
    "--builder",
    type=click.Choice(["auto", "buildx", "classic"]),
    default="auto",
    envvar="FROMSCRATCH_BUILDER",
    help="How Docker builds. auto: buildx when the plug-in is there.",
)
LESSONS_OPTION = click.option(
    "--lessons",
    "lessons_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="FROMSCRATCH_LESSONS",
    help="Take the lessons from this folder instead of those that come with the tutor.",
)
CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def fail(error: TutorError) -> NoReturn:
    """Tell an error and leave with its exit code."""
    click.secho(str(error), err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(error.exit_code)


def run_async(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine; Ctrl-C cancels it, waits for its clean end and leaves with 130."""
    try:
        return asyncio.run(make())
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        sys.exit(130)
