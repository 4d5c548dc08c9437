"""Whether the parts of one lesson fit each other and the files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Protocol

from tutor.catalog.action_order import report_actions, report_links
from tutor.catalog.live_value import report_measures
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.condition import parse_condition
from tutor.core.lesson import CheckSpec, Fill, Hint, Lesson, Order, Predict, Quiz, Recall

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
    report_actions(lesson, problems)
    report_measures(lesson, problems)
    _report_checks(lesson, known_checks, problems)
    _report_hints(lesson, problems)


_Question = Predict | Quiz | Order | Fill | Recall
"""Answers to these are stored under their ids, side by side."""
_Named = _Question | CheckSpec | Hint


def _all(lesson: Lesson, kind: type | UnionType) -> Iterator[tuple[str, int]]:
    for step in lesson.steps:
        for device in step.devices:
            if isinstance(device, kind) and isinstance(device, _Named):
                yield device.id, device.line


def _report_ids(lesson: Lesson, problems: ProblemList) -> None:
    for kind, word in ((CheckSpec, "checks"), (Hint, "hints"), (_Question, "questions")):
        seen: dict[str, int] = {}
        for name, line in _all(lesson, kind):
            if name in seen:
                problems.add(line, f'Two {word} have the id "{name}"; the other is in line {seen[name]}.')
            seen.setdefault(name, line)


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
