"""One lesson's folder read into a :class:`tutor.core.lesson.Lesson`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from tutor.catalog.consistency import KnownCheck, report_inconsistencies
from tutor.catalog.course import LESSON_FILE
from tutor.catalog.device import CLAIMS, read_devices
from tutor.catalog.field import Text, open_source, read_fields
from tutor.catalog.markdown import cut_into_steps
from tutor.catalog.problem import ProblemList
from tutor.core.lesson import Device, Lesson, Step
from tutor.core.text import clean_line

_FOLDER_NAME = re.compile(r"(?P<number>\d{2})-(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)")


class _FrontMatter(msgspec.Struct):
    title: Text
    goal: Text
    minutes: Annotated[int, msgspec.Meta(ge=1, le=600)]
    tag: Text
    needs: list[Text] = []
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    par_bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    tags: list[Text] = []
    claims: list[Annotated[int, msgspec.Meta(ge=1, le=CLAIMS)]] = []


def load_lesson(
    folder: Path, context: Path, known_checks: Mapping[str, KnownCheck] | None, problems: ProblemList
) -> Lesson | None:
    """Read one lesson; None after noting what is wrong with it."""
    name = _FOLDER_NAME.fullmatch(folder.name)
    if name is None:
        problems.add(
            0,
            f'"{folder.name}" is no name for a lesson\'s folder.',
            "Two digits, a hyphen, then words in small letters: 02-two-stages.",
            file="",
        )
        return None
    text = _read_text(folder, problems)
    if text is None:
        return None
    front, body, body_line = _split(text, problems)
    if front is None:
        return None
    source = open_source(front, 2, problems, "front matter")
    matter = read_fields(source, _FrontMatter) if source else None
    steps = []
    for cut in cut_into_steps(body, body_line, problems):
        devices: list[Device] = []
        for index, block in enumerate(cut.blocks):
            devices += read_devices(block, f"{cut.id}-{index}", problems)
        steps.append(Step(cut.id, cut.title, cut.prose, tuple(devices), cut.line))
    if matter is None:
        return None
    lesson = Lesson(
        number=int(name["number"]),
        slug=name["slug"],
        title=matter.title.strip(),
        goal=matter.goal.strip(),
        minutes=matter.minutes,
        needs=tuple(matter.needs),
        tag=matter.tag,
        port=matter.port,
        par_bytes=matter.par_bytes,
        tags=tuple(dict.fromkeys([matter.tag, *matter.tags])),
        steps=tuple(steps),
        folder=folder,
        context=context,
        claims=tuple(dict.fromkeys(matter.claims)),
    )
    report_inconsistencies(lesson, known_checks, problems)
    return None if problems else lesson


def _read_text(folder: Path, problems: ProblemList) -> str | None:
    path = folder / LESSON_FILE
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.add(0, f"It cannot be read: {error.strerror}.", "Every lesson's folder holds a lesson.md.")
        return None
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problems.add(
            raw[: error.start].count(b"\n") + 1, "This line is not UTF-8.", "Save the file as UTF-8."
        )
        return None
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.isascii() and line.isprintable():
            continue
        if clean_line(line) != line.expandtabs(4):
            problems.add(number, "This line holds a control character, or is endless.", "Remove it.")
            return None
    return text


def _split(text: str, problems: ProblemList) -> tuple[str | None, str, int]:
    """Front matter, body, and the number of the body's first line."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        problems.add(1, "The front matter is missing.", "The file begins with ---, then title: …, then ---.")
        return None, "", 0
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:index]), "\n".join(lines[index + 1 :]), index + 2
    problems.add(1, "The front matter does not end.", "End it with a line of ---.")
    return None, "", 0
