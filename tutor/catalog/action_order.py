"""Whether each action finds what the ones before it have to leave behind."""

from __future__ import annotations

from pathlib import Path

from tutor.catalog.problem import ProblemList, one_of
from tutor.core.lesson import (
    Build,
    BuildTwice,
    Change,
    Exec,
    Fetch,
    Fill,
    Lay,
    Lesson,
    OnImage,
    Order,
    Probe,
    Run,
    RunHealthcheck,
    Show,
    ShowKind,
    Stop,
    Task,
)

_WITHOUT_IMAGE = {ShowKind.CONTEXT, ShowKind.COMPARE}
_OF_CONTAINER = {ShowKind.CONTAINER, ShowKind.LOG}


def report_actions(lesson: Lesson, problems: ProblemList) -> None:
    """Note actions on tags that are unknown, not built or not run yet, and files that are not there."""
    built: set[str] = set()
    ran: set[str] = set()
    for step in lesson.steps:
        for action in step.actions:
            if isinstance(action, OnImage):
                _report_image(lesson, action, built, ran, problems)
            else:
                _report_file(lesson, action, problems)


def _report_image(
    lesson: Lesson, action: OnImage, built: set[str], ran: set[str], problems: ProblemList
) -> None:
    if action.tag not in lesson.tags:
        problems.add(
            action.line,
            f'The tag "{action.tag}" is not among the lesson\'s tags.',
            one_of(lesson.tags, action.tag),
        )
        return
    match action:
        case Build():
            built.add(action.tag)
            if action.file != "Dockerfile":
                _report_name(lesson, action.file, action.line, problems)
        case BuildTwice():
            built.add(action.tag)
        case Run():
            ran.add(action.tag)
            if action.tag not in built:
                problems.add(action.line, f'"{action.tag}" is run before any step builds it.')
        case Probe() | Exec() | Fetch() | Stop() | RunHealthcheck():
            verb = "asked" if isinstance(action, Probe) else "entered"
            if action.tag not in ran:
                problems.add(action.line, f'"{action.tag}" is {verb} before any step runs it.')
        case Show() if action.what in _OF_CONTAINER:
            if action.tag not in ran:
                problems.add(action.line, f'"{action.tag}" is entered before any step runs it.')
        case Show() if action.what not in _WITHOUT_IMAGE and action.tag not in built:
            problems.add(action.line, f'"{action.tag}" is shown before any step builds it.')
        case _:
            pass


def _report_file(lesson: Lesson, action: Task, problems: ProblemList) -> None:
    match action:
        case Lay():
            _report_lay(lesson, action, problems)
        case Change():
            _report_name(lesson, action.file, action.line, problems)
        case Order() | Fill() if action.file != "Dockerfile":
            # A new file is fine, as long as its folder is one that the learner has.
            if not any((folder / action.file).parent.is_dir() for folder in _file_folders(lesson)):
                _report_name(lesson, action.file, action.line, problems)
        case _:
            pass


def _file_folders(lesson: Lesson) -> list[Path]:
    labs = sorted(path for path in (lesson.folder / "labs").glob("*") if path.is_dir())
    return [lesson.folder / "start", lesson.context, *labs]


def _report_name(lesson: Lesson, name: str, line: int, problems: ProblemList) -> None:
    folders = _file_folders(lesson)
    if any((folder / name).is_file() for folder in folders):
        return
    known = {
        str(path.relative_to(folder)) for folder in folders for path in folder.rglob("*") if path.is_file()
    }
    problems.add(
        line, f'Neither the start nor a lab nor the service has a file "{name}".', one_of(known, name)
    )


def _report_lay(lesson: Lesson, action: Lay, problems: ProblemList) -> None:
    source = lesson.folder / action.source
    if not source.resolve().is_relative_to(lesson.folder.resolve()):
        problems.add(action.line, f'"{action.source}" leads out of the lesson\'s folder.')
    elif not source.is_dir():
        folders = [
            str(path.relative_to(lesson.folder)) for path in lesson.folder.glob("*/*") if path.is_dir()
        ]
        problems.add(
            action.line,
            f'There is no folder "{action.source}" in {lesson.name}.',
            one_of(folders, action.source),
        )
    elif not any(path.is_file() for path in source.rglob("*")):
        problems.add(action.line, f'The folder "{action.source}" holds no file.')
    else:
        report_links(source, lesson.folder, action.line, problems)


def report_links(folder: Path, lesson_folder: Path, line: int, problems: ProblemList) -> None:
    """Symbolic links could lead out of the lesson: none may lie below the folder."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink():
            problems.add(
                line,
                f"{path.relative_to(lesson_folder)} is a symbolic link.",
                "Lessons hold plain files only; copy what it points to.",
            )
