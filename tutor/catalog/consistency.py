"""Whether the parts of one lesson fit each other and the files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from tutor.catalog.measure import parse_measure
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.condition import parse_condition
from tutor.core.lesson import Build, CheckSpec, Hint, Lay, Lesson, Predict, Probe, Run

_SUBJECT_PARTS = {"image": 2, "container": 2, "stage": 3, "dockerfile": 1}


class KnownCheck(Protocol):
    """What the loader asks of a check of the grader."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """First words that ``on`` may begin with."""
        ...

    def problems(self, params: Mapping[str, object]) -> tuple[str, ...]:
        """What is wrong with these parameters, in words."""
        ...


_TAG = re.compile(r"[a-z0-9][a-z0-9_-]*")


def report_inconsistencies(
    lesson: Lesson, known_checks: Mapping[str, KnownCheck] | None, problems: ProblemList
) -> None:
    """Note everything that does not fit. ``known_checks`` None leaves their names unchecked."""
    for tag in lesson.tags:
        if not _TAG.fullmatch(tag):
            problems.add(1, f'"{tag}" is no tag.', "Small letters, digits, - and _, such as multi.")
    if not (lesson.folder / "start" / "Dockerfile").is_file():
        problems.add(
            0,
            "There is no start/Dockerfile.",
            "It is what the learner begins with; it may be empty.",
            file="start/Dockerfile",
        )
    report_links(lesson.folder / "start", lesson.folder, 0, problems)
    _report_ids(lesson, problems)
    _report_actions(lesson, problems)
    _report_predictions(lesson, problems)
    _report_checks(lesson, known_checks, problems)
    _report_hints(lesson, problems)


def report_links(folder: Path, lesson_folder: Path, line: int, problems: ProblemList) -> None:
    """Symbolic links could lead out of the lesson: none may lie below the folder."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink():
            problems.add(
                line,
                f"{path.relative_to(lesson_folder)} is a symbolic link.",
                "Lessons hold plain files only; copy what it points to.",
            )


def _all(lesson: Lesson, kind: type) -> Iterator[tuple[str, int]]:
    for step in lesson.steps:
        for device in step.devices:
            if isinstance(device, kind) and isinstance(device, Predict | CheckSpec | Hint):
                yield device.id, device.line


def _report_ids(lesson: Lesson, problems: ProblemList) -> None:
    for kind, word in ((Predict, "predictions"), (CheckSpec, "checks"), (Hint, "hints")):
        seen: dict[str, int] = {}
        for name, line in _all(lesson, kind):
            if name in seen:
                problems.add(line, f'Two {word} have the id "{name}"; the other is in line {seen[name]}.')
            seen.setdefault(name, line)


def _report_actions(lesson: Lesson, problems: ProblemList) -> None:
    built: set[str] = set()
    ran: set[str] = set()
    for step in lesson.steps:
        for action in step.actions:
            if isinstance(action, Build | Run | Probe) and action.tag not in lesson.tags:
                problems.add(
                    action.line,
                    f'The tag "{action.tag}" is not among the lesson\'s tags.',
                    one_of(lesson.tags, action.tag),
                )
                continue
            match action:
                case Build():
                    built.add(action.tag)
                case Run():
                    ran.add(action.tag)
                    if action.tag not in built:
                        problems.add(action.line, f'"{action.tag}" is run before any step builds it.')
                case Probe():
                    if action.tag not in ran:
                        problems.add(action.line, f'"{action.tag}" is asked before any step runs it.')
                case Lay():
                    _report_lay(lesson, action, problems)
                case _:
                    pass


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


def _report_predictions(lesson: Lesson, problems: ProblemList) -> None:
    probed = {
        path
        for step in lesson.steps
        for action in step.actions
        if isinstance(action, Probe)
        for path in action.paths
    }
    for step in lesson.steps:
        for device in step.devices:
            measure = parse_measure(device.measure) if isinstance(device, Predict) else None
            if measure is None:
                continue
            if measure.tag and measure.tag not in lesson.tags:
                problems.add(
                    device.line,
                    f'The tag "{measure.tag}" is not among the lesson\'s tags.',
                    one_of(lesson.tags, measure.tag),
                )
            if measure.path and measure.path not in probed:
                problems.add(device.line, f"No step asks {measure.path}.", one_of(probed, measure.path))


def _report_checks(
    lesson: Lesson, known_checks: Mapping[str, KnownCheck] | None, problems: ProblemList
) -> None:
    if not lesson.checks:
        problems.add(1, "The lesson has no check.", "Each lesson ends in a checkpoint: a yaml check block.")
    earlier: list[str] = []
    for check in lesson.checks:
        known = None if known_checks is None else known_checks.get(check.check)
        if known_checks is not None and known is None:
            problems.add(
                check.line, f'The grader has no check "{check.check}".', one_of(known_checks, check.check)
            )
        for problem in known.problems(check.params) if known else ():
            problems.add(check.line, f'The parameters of "{check.id}" do not fit: {problem}')
        _report_subject(lesson, check, known.subjects if known else tuple(_SUBJECT_PARTS), problems)
        for need in check.needs:
            if need not in earlier:
                problems.add(
                    check.line,
                    f'"{check.id}" needs "{need}", and no check before it has that id.',
                    one_of(earlier, need),
                )
        earlier.append(check.id)


def _report_subject(
    lesson: Lesson, check: CheckSpec, subjects: tuple[str, ...], problems: ProblemList
) -> None:
    parts = check.on.split(".")
    if parts[0] not in subjects or _SUBJECT_PARTS.get(parts[0]) != len(parts):
        forms = {"image": "image.TAG", "container": "container.TAG", "stage": "stage.TAG.STAGE"}
        problems.add(
            check.line,
            f'{check.check} cannot be made on "{check.on}".',
            f"Write {' or '.join(forms.get(subject, subject) for subject in subjects)}.",
        )
    elif len(parts) > 1 and parts[1] != lesson.tag:
        problems.add(
            check.line,
            f'The checkpoint builds and grades "{lesson.tag}", not "{parts[1]}".',
            f"Write {'.'.join([parts[0], lesson.tag, *parts[2:]])}.",
        )


def _report_hints(lesson: Lesson, problems: ProblemList) -> None:
    ids = [check.id for check in lesson.checks]
    for hint in lesson.hints:
        for name in parse_condition(hint.when).checks:
            if name not in ids:
                problems.add(hint.line, f'The hint asks about a check "{name}".', one_of(ids, name))
