"""``fromscratch lesson``: what authors of lessons need."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tutor.command.option import BUILDER_OPTION, ENGINE_OPTION, LESSONS_OPTION, fail, run_async
from tutor.core.errors import TutorError


@click.group()
def lesson() -> None:
    """For authors: make a lesson, and see whether lessons hold what they promise.

    \b
    Examples:
      fromscratch lesson new signed-images --lessons ./my-lessons
      fromscratch lesson check --all
    """


@lesson.command()
@click.argument("name")
@click.option(
    "--lessons",
    "lessons_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("lessons"),
    help="The folder of lessons it goes into.",
)
def new(name: str, lessons_folder: Path) -> None:
    """Make a folder with one complete small lesson to begin from.

    \b
    Example:
      fromscratch lesson new signed-images --lessons ./my-lessons
    """
    from tutor.command.lesson_new import new_lesson

    try:
        folder = new_lesson(name, lessons_folder)
    except TutorError as error:
        fail(error)
    click.echo(f"{folder}\nNext: fromscratch lesson check {folder.name} --lessons {lessons_folder}")


@lesson.command("check")
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every lesson.")
@click.option("--static", is_flag=True, help="Only what can be told without an engine.")
@LESSONS_OPTION
@ENGINE_OPTION
@BUILDER_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lesson_check(
    names: tuple[str, ...],
    every: bool,
    static: bool,
    lessons_folder: Path | None,
    engine: str,
    builder: str,
    as_json: bool,
) -> None:
    """See whether lessons hold what they promise.

    The start fails, every right answer passes twice, every wrong one is caught by its intended check, no
    hint gives the answer away early, every rule stands in the prose. Exit code 0: all of it holds.

    \b
    Examples:
      fromscratch lesson check --all
      fromscratch lesson check two-stages --static
    """
    if bool(names) == every:
        raise click.UsageError("Name lessons, or write --all.")
    from tutor.command.lesson_check import check_lessons
    from tutor.wiring import Wiring

    wiring = Wiring(engine, builder, lessons_folder)  # type: ignore[arg-type]  # click.Choice checked them
    try:
        code = run_async(lambda: check_lessons(wiring, names, as_json=as_json, static=static))
    except TutorError as error:
        fail(error)
    finally:
        wiring.close()
    sys.exit(code)
