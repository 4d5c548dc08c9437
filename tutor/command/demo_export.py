"""``fromscratch demo --export``: a recording as a file that others can play or look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tutor.command.mask import mask_here
from tutor.core.errors import StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tutor.session.demo_replay import ReplaySession


async def export(open_with: Callable[..., ReplaySession], target: Path, speed: float) -> int:
    """Write what the ending of ``target`` asks for; the exit code.

    Args:
        open_with: Opens the recording with a ``speed`` and, if given, a way to ``wait``.
        target: ``FILE.cast`` for asciinema, ``FILE.svg`` that moves, else a folder of pictures.
        speed: How much faster than it was a cast will be; 0 counts as 1.

    Raises:
        StorageError: the recording cannot be read, or the target not be written.
        UsageError: there is no such kind of export.
    """
    from tutor.storage.atomic import write_atomically
    from tutor.storage.failure import told
    from tutor.ui.demo_export import FILM_SECONDS, cast_of, film_of, pictures_of, stills_of

    _check(target)
    # It was masked when it was written, though perhaps by somebody else.
    mask = mask_here()
    if target.suffix == ".cast":
        cast = await cast_of(lambda wait: open_with(speed=1.0, wait=wait), speed or 1.0, mask)
        with told("write the cast", target):
            write_atomically(target, cast.encode())
        click.echo(f"{target}: play it with asciinema play")
    elif target.suffix == ".svg":
        pictures = list((await pictures_of(open_with(speed=0.0), mask)).values())
        with told("write the picture", target):
            write_atomically(target, film_of(pictures, FILM_SECONDS).encode())
        click.echo(f"{target}: {len(pictures)} pictures, one after the other")
    else:
        count = await stills_of(open_with(speed=0.0), target, mask)
        click.echo(f"{target}: {count} pictures")
    return 0


def _check(target: Path) -> None:
    """Before minutes of work: whether the target can be what was asked for."""
    if target.suffix in {".cast", ".svg"}:
        if not target.parent.is_dir():
            raise StorageError(
                "The folder to write to does not exist.",
                where=str(target.parent),
                next_step="Make it first, then export again.",
            )
    elif target.suffix and not target.is_dir():
        raise UsageError(
            f"A recording cannot be written as {target.suffix}.",
            next_step="Name a FILE.cast for asciinema, a FILE.svg that moves, or a FOLDER for pictures.",
        )
