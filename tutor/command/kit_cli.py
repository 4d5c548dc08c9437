"""The words ``kit …`` on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tutor.command.option import ENGINE_OPTION, LESSONS_OPTION, run_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tutor.command.kit import Told
    from tutor.command.kit_progress import Progress
    from tutor.wiring import Wiring

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def kit() -> None:
    """A class kit: all that a room without a network needs, in one file for a stick or a file share.

    \b
    Examples:
      fromscratch kit export class.fsk.tar      where there is a network
      fromscratch kit import class.fsk.tar      on each machine of the room
    """


@kit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@LESSONS_OPTION
@ENGINE_OPTION
@click.option("--no-go", is_flag=True, help="Leave out Go and busybox: every machine has Docker.")
@_JSON
def export(file: Path, lessons_folder: Path | None, engine: str, no_go: bool, as_json: bool) -> None:
    """Write a kit: lessons, Go, a busybox, and the base images that the engine holds, with checksums.

    Exit code 0: written. 2: it could not be.

    \b
    Examples:
      fromscratch kit export class.fsk.tar
      fromscratch kit export class.fsk.tar --lessons ./my-lessons
    """
    from tutor.command.kit import export_kit

    _run(
        lambda wiring, told: export_kit(file, wiring, told, with_go=not no_go),
        engine,
        lessons_folder,
        as_json,
    )


@kit.command("import")
@click.argument("file", type=_FILE)
@ENGINE_OPTION
@_JSON
def take_in(file: Path, engine: str, as_json: bool) -> None:
    """Check a kit, keep it, and give its base images to the engine. No image is ever replaced.

    A kit is as good as its giver: its Go and its images run in your builds. Exit code 0: it is here, whole.
    2: nothing was changed, or no engine took its images.

    \b
    Example:
      fromscratch kit import class.fsk.tar
    """
    from tutor.command.kit import import_kit

    _run(lambda wiring, told: import_kit(file, wiring, told), engine, None, as_json)


@kit.command()
@click.argument("file", type=_FILE, required=False)
@_JSON
def show(file: Path | None, as_json: bool) -> None:
    """Tell what is in a kit and compare every checksum; without FILE, tell of the imported one.

    \b
    Example:
      fromscratch kit show class.fsk.tar
    """
    from tutor.command.kit import show_kit

    _run(lambda wiring, told: show_kit(file, wiring, told), "auto", None, as_json)


@kit.command()
@_JSON
def remove(as_json: bool) -> None:
    """Let go of the imported kit. What it gave to an engine, fromscratch clean removes.

    \b
    Example:
      fromscratch kit remove
    """
    from tutor.command.kit import remove_kit

    _run(remove_kit, "auto", None, as_json)


def _run(
    make: Callable[[Wiring, Progress], Awaitable[Told]],
    engine: str,
    lessons_folder: Path | None,
    as_json: bool,
) -> None:
    from tutor.command.kit import run_kit
    from tutor.wiring import Wiring

    wiring = Wiring(engine, "auto", lessons_folder)  # type: ignore[arg-type]  # click.Choice checked it
    sys.exit(run_async(lambda: run_kit(make, wiring, as_json=as_json)))
