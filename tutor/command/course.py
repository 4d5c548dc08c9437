"""``fromscratch`` with no command, and ``fromscratch lessons``."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from tutor.command.serve import is_in_browser
from tutor.core.errors import UsageError
from tutor.wiring import BuilderChoice, EngineChoice, Wiring


def open_course(
    *,
    lesson: str | None,
    debug: Path | None,
    engine: str,
    builder: str,
    lessons_folder: Path | None = None,
) -> None:
    """Open the full-screen course.

    Raises:
        UsageError: no terminal is attached, or there is no such lesson.
        StorageError: progress cannot be read.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and not is_in_browser():
        raise UsageError(
            "The course is a full-screen program and needs a terminal.",
            next_step="Without one, use: fromscratch check LESSON, fromscratch lessons, fromscratch doctor.",
        )
    if debug is not None:
        logging.basicConfig(
            filename=debug, level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
    wiring = Wiring(_engine(engine), _builder(builder), lessons_folder)
    session = wiring.session()
    slug = session.course.find(lesson).slug if lesson else None
    from tutor.ui.app import TutorApp

    try:
        TutorApp(session, lesson=slug).run()
    finally:
        wiring.close()


def list_lessons(*, as_json: bool, lessons_folder: Path | None = None) -> str:
    """The lessons with their state, as text or JSON.

    Raises:
        StorageError: progress cannot be read.
    """
    wiring = Wiring(lessons_folder=lessons_folder)
    session = wiring.session()
    rows = session.rows()
    wiring.close()
    if as_json:
        return json.dumps(
            {
                "schema": 1,
                "lessons": [
                    {
                        "number": row.lesson.number,
                        "slug": row.lesson.slug,
                        "title": row.lesson.title,
                        "goal": row.lesson.goal,
                        "minutes": row.lesson.minutes,
                        "state": row.pass_state.value,
                        "step": row.steps_done,
                        "steps": row.step_total,
                        "attempts": row.attempts,
                        "due_for_review": row.due,
                        "claims": list(row.lesson.claims),
                        "seconds_spent": round(row.seconds_spent, 1),
                        "workspace": str(session.workspace_folder(row.lesson)),
                    }
                    for row in rows
                ],
                "problems": list(session.problems),
            },
            indent=2,
        )
    lines = [
        f"{row.lesson.number:>2}  {row.lesson.slug:<22} {row.lesson.title:<24} {row.pass_state.value:<18} "
        f"step {row.steps_done}/{row.step_total}, {row.seconds_spent / 60:.0f} min"
        + (f", {row.due} due" if row.due else "")
        for row in rows
    ]
    return "\n".join([*lines, *session.problems])


def _engine(name: str) -> EngineChoice:
    return name  # type: ignore[return-value]  # click.Choice let nothing else through


def _builder(name: str) -> BuilderChoice:
    return name  # type: ignore[return-value]  # click.Choice let nothing else through
