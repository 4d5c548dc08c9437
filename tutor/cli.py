"""The command line. Exit codes: 0 passed, 1 failed, 2 a fault that is not the learner's."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tutor import __version__
from tutor.command.author import lesson as author_commands
from tutor.command.grading_cli import grade, submit
from tutor.command.kit_cli import kit
from tutor.command.option import (
    BUILDER_OPTION,
    CONTEXT_SETTINGS,
    ENGINE_OPTION,
    LESSONS_OPTION,
    fail,
    run_async,
)
from tutor.core.errors import TutorError


@click.group(invoke_without_command=True, context_settings=CONTEXT_SETTINGS)
@click.version_option(__version__, prog_name="fromscratch")
@click.option("--lesson", metavar="LESSON", help="Open this lesson instead of the one you were in.")
@click.option("--debug", type=click.Path(dir_okay=False, path_type=Path), help="Write a log to this file.")
@LESSONS_OPTION
@ENGINE_OPTION
@BUILDER_OPTION
@click.pass_context
def cli(
    context: click.Context,
    lesson: str | None,
    debug: Path | None,
    lessons_folder: Path | None,
    engine: str,
    builder: str,
) -> None:
    """FROM scratch: how a Go web service becomes a 5 MB container image.

    With no command it opens the course where you were.

    \b
    Examples:
      fromscratch                       open the course
      fromscratch --engine embedded     the same, without Docker
      fromscratch check two-stages      grade your workspace of lesson 2
    """
    if context.invoked_subcommand is not None:
        if lesson or debug:
            raise click.UsageError("--lesson and --debug go with no command.")
        context.default_map = _inherited(context)
        return
    # Starting makes many objects and drops few; the screen collects again once its first picture stands.
    gc.disable()
    from tutor.command.course import open_course

    try:
        open_course(lesson=lesson, debug=debug, engine=engine, builder=builder, lessons_folder=lessons_folder)
    except TutorError as error:
        fail(error)


def _inherited(context: click.Context) -> dict[str, Any]:
    """What was said before the command's name holds for the command, and for those below it."""
    said = {
        name: context.params[name]
        for name in ("engine", "builder", "lessons_folder")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return {name: said | dict.fromkeys(author_commands.commands, said) for name in cli.commands}


@cli.command()
@click.argument("lesson")
@click.option(
    "--workspace",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Grade this folder as it is.",
)
@click.option(
    "--answer",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Lay this folder over a clean copy of the lesson's start and grade that.",
)
@LESSONS_OPTION
@ENGINE_OPTION
@BUILDER_OPTION
@click.option("--no-cache", is_flag=True, help="Build without what earlier builds left.")
@click.option(
    "--base",
    type=click.Choice(["auto", "local", "kit", "pull", "stand-in"]),
    default="auto",
    help="Where a missing base image comes from. auto: from an imported class kit; else asks before a "
    "pull; makes a stand-in when no registry answers.",
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def check(
    lesson: str,
    workspace: Path | None,
    answer: Path | None,
    lessons_folder: Path | None,
    engine: str,
    builder: str,
    no_cache: bool,
    base: str,
    output: str,
) -> None:
    """Grade a workspace by the checkpoint of LESSON (its slug, with or without its number).

    Exit code 0: passed. 1: failed. 2: it could not be judged, through no fault of yours.

    \b
    Examples:
      fromscratch check two-stages
      fromscratch check two-stages --workspace ./my-service --format json
    """
    if workspace and answer:
        raise click.UsageError("--workspace and --answer exclude each other.")
    from tutor.command.check import CheckRequest, run_check

    request = CheckRequest(
        lesson,
        workspace,
        answer,
        engine,
        builder,
        not no_cache,
        base,
        output == "json",
        False,
        lessons_folder,
    )
    sys.exit(run_async(lambda: run_check(request)))


@cli.command()
@ENGINE_OPTION
@BUILDER_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON; key engine is the one in use.")
def doctor(engine: str, builder: str, as_json: bool) -> None:
    """Tell which engine would be used and why, and what is missing, with the command that mends it.

    \b
    Example:
      fromscratch doctor --json
    """
    from tutor.command.doctor import examine

    diagnosis = run_async(lambda: examine(engine, builder))
    click.echo(json.dumps(diagnosis.as_dict(), indent=2) if as_json else diagnosis.as_text())
    sys.exit(0 if diagnosis.engine else 2)


@cli.command()
@LESSONS_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lessons(lessons_folder: Path | None, as_json: bool) -> None:
    """List the lessons and how far you are.

    \b
    Example:
      fromscratch lessons --json
    """
    from tutor.command.course import list_lessons

    try:
        click.echo(list_lessons(as_json=as_json, lessons_folder=lessons_folder))
    except TutorError as error:
        fail(error)


@cli.command()
@click.argument("target", metavar="IMAGE|FILE")
@click.argument("other", metavar="[OTHER]", required=False)
@ENGINE_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/xray.md tells every key).")
@click.option("--files", "all_files", is_flag=True, help="With --json: list every name of every layer.")
@click.option("--packed", is_flag=True, help="Compress it too, to tell about what a registry ships.")
@click.option(
    "--dockerfile",
    type=click.Path(path_type=Path),
    help="Tell the lines of this file that decided about the bytes.",
)
@click.option("--max-size", metavar="SIZE", help="Fail when it is larger: 8MB, 7.5MiB, 5000000.")
@click.option("--max-wasted", metavar="SHARE", help="Fail when more is shipped unseen: 1% or 200kB.")
@click.option("--require", metavar="NAMES", help="Any of static,stripped,non-root.")
def xray(target: str, other: str | None, **options: Any) -> None:
    """Tell where the bytes of an image or a program are; of two, what became of them.

    IMAGE is a name on the engine. FILE is a Linux program, what docker save wrote, or an OCI layout
    (an archive or a folder). With OTHER, the limits look at OTHER.

    Exit code 0: every limit holds. 1: one does not. 2: it could not be opened.

    \b
    Examples:
      fromscratch xray fromscratch/two-stages:multi
      fromscratch xray ./app-before ./app-after --json
      fromscratch xray image.tar --max-size 8MB --max-wasted 1% --require static,stripped,non-root
    """
    from tutor.command.xray import XrayRequest, run_xray

    request = XrayRequest(target, other, **options)
    sys.exit(run_async(lambda: run_xray(request)))


@cli.command()
@click.argument("lesson", required=False)
@LESSONS_OPTION
@ENGINE_OPTION
@BUILDER_OPTION
@click.option(
    "--rehearse", is_flag=True, help="Walk through it unattended; without LESSON, the whole course."
)
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), help="Write a recording to this file too."
)
@click.option("--replay", is_flag=True, help="Play the last recording made here, or that of --recording.")
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play this recording.",
)
@click.option("--speed", type=click.FloatRange(0, 100), default=1.0, help="Of a replay; 0 waits for nothing.")
@click.option(
    "--export",
    type=click.Path(path_type=Path),
    help="Write the recording as FILE.cast for asciinema, FILE.svg that moves, or a FOLDER of pictures.",
)
@click.option(
    "--console",
    is_flag=True,
    help="In a second terminal: notes, the next step and the time, for the demo that runs.",
)
def demo(lesson: str | None, engine: str, builder: str, **options: Any) -> None:
    """Show LESSON to a class: forward runs each step live, back restores the world as it was.

    A demo has a folder and image names of its own; nothing of a learner's is touched. What was shown is
    kept as a recording: when the engine dies, the demo goes on from the last one.

    \b
    Examples:
      fromscratch demo two-stages --rehearse    does every step end as it should, and how long it takes
      fromscratch demo two-stages
      fromscratch demo --console                in a second terminal, for whoever presents
      fromscratch demo two-stages --replay --speed 4
    """
    from tutor.command.demo import DemoRequest, run_demo

    options["replay"] = options["replay"] or options["recording"] is not None
    request = DemoRequest(lesson, engine, builder, **options)
    try:
        sys.exit(run_async(lambda: run_demo(request)))
    except TutorError as error:
        fail(error)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, help="On 127.0.0.1; 0 takes a free one.")
@click.option("--lesson", metavar="LESSON", help="Open this lesson instead of the one you were in.")
@LESSONS_OPTION
@ENGINE_OPTION
@BUILDER_OPTION
def serve(port: int, lesson: str | None, lessons_folder: Path | None, engine: str, builder: str) -> None:
    """Open the course to a browser on this machine; print the address, and serve until Ctrl+C.

    It listens on 127.0.0.1 only, below an address that nobody can guess. Each tab is a tutor of its own, in
    this home; it ends with its tab.

    \b
    Examples:
      fromscratch serve --lesson two-stages
      fromscratch serve --port 0 --engine embedded
    """
    from tutor.command.serve import serve as run_server
    from tutor.command.serve import tutor_command

    command = tutor_command(lesson, engine, builder, lessons_folder)
    try:
        run_async(lambda: run_server(command, port))
    except TutorError as error:
        fail(error)


@cli.command()
@ENGINE_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def clean(engine: str, as_json: bool) -> None:
    """Remove every image, container and cache record of ours, and nothing else.

    Your workspaces and your progress stay. With --engine auto both engines are cleaned.

    \b
    Example:
      fromscratch clean
    """
    from tutor.command.clean import run_clean

    try:
        sys.exit(run_async(lambda: run_clean(engine, as_json=as_json)))
    except TutorError as error:
        fail(error)


cli.add_command(submit)
cli.add_command(grade)
cli.add_command(author_commands)
cli.add_command(kit)
