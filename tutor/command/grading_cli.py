"""The words ``submit`` and ``grade`` on the command line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tutor.core.errors import TutorError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("lesson")
@click.option("--learner", "learner", multiple=True, metavar="NAME=VALUE", help="Who you are; repeatable.")
@click.option("--course", type=_FILE, help="The course's file: it says which fields name a learner.")
@click.option(
    "--workspace",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Hand in this folder instead of the lesson's workspace.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--dry-run", is_flag=True, help="Tell what would go in, and write nothing.")
def submit(lesson: str, learner: tuple[str, ...], **options: Any) -> None:
    """Put the workspace of LESSON into one file to hand in.

    \b
    Examples:
      fromscratch submit two-stages --learner name="Ada Lovelace" --learner id=1815
      fromscratch submit two-stages --course course.yaml --learner email=ada@example.com --dry-run
    """
    from tutor.command.submit import SubmitRequest, parse_fields
    from tutor.command.submit import submit as run_submit

    try:
        click.echo(run_submit(SubmitRequest(lesson, parse_fields(learner), **options)))
    except TutorError as error:
        _fail(error)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--rubric", default="", metavar="FILE", help="A rubric file, or the name of a shipped one: lab, capstone."
)
@click.option("--lesson", default="", help="Grade plain folders by the checkpoint of this lesson.")
@click.option("--course", type=_FILE, help="Lessons, weights, due dates, and who a learner is.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for results and evidence. With it, a run that was broken off goes on where it was.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "csv", "gradescope", "html"]),
    default="text",
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, help="So many at a time, each on its own core."
)
@click.option("--scheduler", default="", metavar="ADDRESS", help="Hand them out to a Dask cluster.")
@click.option("--again", is_flag=True, help="Grade also what is graded already.")
@click.option("--cache", is_flag=True, help="Build with the engine's cache.")
@click.option(
    "--base",
    type=click.Choice(["local", "kit", "pull", "stand-in"]),
    default="local",
    help="Where a missing base image comes from.",
)
@click.option("--trusted", is_flag=True, help="Make builds that cannot be limited here all the same.")
@click.option(
    "--throwaway",
    is_flag=True,
    help="Grade on an engine made for it, on a disk of limited size. Linux and root.",
)
@click.option(
    "--engine",
    type=click.Choice(["docker", "embedded"]),
    default="docker",
    help="A grade made on the embedded engine is for practice.",
)
@click.option("--evidence", type=_FILE, help="Judge this stored evidence again; no engine is needed.")
@click.option("--prove", is_flag=True, help="Grade all answers that the lessons ship: is the grader right?")
@click.option(
    "--every", type=click.IntRange(1), default=1, metavar="N", help="With --prove: each Nth case only."
)
@click.option("--builder", type=click.Choice(["auto", "buildx", "classic"]), default="classic")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def grade(
    paths: tuple[Path, ...],
    evidence: Path | None,
    prove: bool,
    as_json: bool,
    throwaway: bool,
    every: int,
    **options: Any,
) -> None:
    """Build submissions again from clean, run, probe and grade them.

    PATHS are bundles (from fromscratch submit) and plain folders with a Dockerfile, in any layout.
    Exit code 0: all passed. 1: one failed. 2: one could not be judged, and none failed.

    \b
    Examples:
      fromscratch grade ada.fsb.zip
      fromscratch grade submissions/* --rubric lab --jobs 2 --out results --format csv
      fromscratch grade submissions/* --course course.yaml --out results --format html > class.html
      fromscratch grade --evidence results/ada.evidence.json --rubric lab
      fromscratch grade --prove --json
    """
    from tutor.command.grade import (
        GradeRequest,
        engine_for,
        exit_code,
        grade_all,
        output_folder,
        told,
        write_pages,
    )
    from tutor.session.regrade import GradingTerms

    form, out = options.pop("form"), options.pop("out")
    terms = GradingTerms(options.pop("base"), options.pop("trusted"), use_cache=options.pop("cache"))
    form = "json" if as_json else form
    try:
        if prove:
            sys.exit(_proved(options, base=terms.base, every=every, as_json=form == "json"))
        if evidence is not None:
            from tutor.command.rejudge import rejudge

            results = [rejudge(evidence, options["rubric"], options["lesson"])]
        else:
            with output_folder(out) as folder, engine_for(throwaway) as contained:
                terms = replace(terms, contained=contained)
                results = grade_all(GradeRequest(paths, folder, terms=terms, **options))
                if form == "html" and out is not None:
                    write_pages(results, folder, options["course"])
        click.echo(told(results, form, options["course"]))
    except TutorError as error:
        _fail(error)
    except KeyboardInterrupt:
        click.echo("Stopped. With --out, the next run goes on where this one was.", err=True)
        sys.exit(130)
    sys.exit(exit_code(results))


def _proved(options: dict[str, Any], *, base: str, every: int, as_json: bool) -> int:
    import asyncio

    from tutor.command.prove import run_prove

    return asyncio.run(
        run_prove(
            engine=options["engine"],
            builder=options["builder"],
            lessons=[options["lesson"]] if options["lesson"] else [],
            as_json=as_json,
            quiet=options["quiet"],
            base=base,
            every=every,
        )
    )


def _fail(error: TutorError) -> None:
    click.secho(str(error), err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(error.exit_code)
