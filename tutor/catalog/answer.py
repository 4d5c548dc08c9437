"""The answers that test a lesson's checkpoint: right ones by different routes, and named wrong ones."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tutor.catalog.action_order import report_links
from tutor.catalog.field import Source, Text, open_source, read_fields, stays_inside
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.lesson import Lesson

ANSWERS_FILE = "answers.yaml"
ENGINES = ("docker", "embedded")
"""The engines that answers are tried on."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that the answer's author copied out of the answer's own running container."""

    path: str
    """Inside the container."""
    to: str
    """Name in the workspace."""


@dataclass(frozen=True, slots=True)
class RightAnswer:
    """An answer that has to pass."""

    name: str
    route: str
    """What it does differently from the other right ones."""
    folder: Path
    """Only the files that differ from the lesson's start."""
    engines: tuple[str, ...] = ENGINES
    """Where it can be tried."""
    fetch: FetchedFile | None = None


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """An answer that has to fail by the check it was made for."""

    name: str
    caught_by: str
    """The id of that check."""
    why: str
    """What its author believes."""
    folder: Path
    nearest: str = ""
    """The right answer that is nearest to it; empty when none is named."""
    engines: tuple[str, ...] = ENGINES
    fetch: FetchedFile | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of one lesson."""

    right: tuple[RightAnswer, ...]
    wrong: tuple[WrongAnswer, ...]

    def fetch_of(self, folder: Path) -> FetchedFile | None:
        """What the answer in this folder fetched; None for a folder that is no answer."""
        every: tuple[RightAnswer | WrongAnswer, ...] = (*self.right, *self.wrong)
        return next((a.fetch for a in every if a.folder.resolve() == folder.resolve()), None)


class _Answers(msgspec.Struct):
    right: dict[str, object]
    wrong: dict[str, object]


class _Fetch(msgspec.Struct, forbid_unknown_fields=True):
    path: Text
    to: Text


class _Right(msgspec.Struct):
    route: Text
    engines: list[Text] = []
    fetch: _Fetch | None = None


class _Wrong(msgspec.Struct):
    caught_by: Text
    why: Text
    nearest: str = ""
    engines: list[Text] = []
    fetch: _Fetch | None = None


def load_answers(lesson: Lesson) -> Answers:
    """Read ``answers.yaml`` and hold it against the folders ``right/`` and ``wrong/``.

    Raises:
        LessonError: the file cannot be read, or does not fit the folders or the checkpoint.
    """
    problems = ProblemList(lesson.folder)
    answers = _read(lesson, problems)
    problems.raise_first()
    assert answers is not None
    return answers


def _read(lesson: Lesson, problems: ProblemList) -> Answers | None:
    try:
        text = (lesson.folder / ANSWERS_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(
            0, f"It cannot be read: {error}.", "It names every right and wrong answer.", file=ANSWERS_FILE
        )
        return None
    source = open_source(text, 1, problems, "list of answers", ANSWERS_FILE)
    model = read_fields(source, _Answers) if source else None
    if source is None or model is None:
        return None
    _report_folders(lesson, source, "right", model.right)
    _report_folders(lesson, source, "wrong", model.wrong)
    right = []
    for name, given in model.right.items():
        if isinstance(given, str) and given.strip():
            right.append(RightAnswer(name, given.strip(), lesson.folder / "right" / name))
        elif route := read_fields(source, _Right, f"$.right.{name}"):
            engines = _engines(source, f"$.right.{name}", route.engines)
            fetch = _fetch(source, f"$.right.{name}", route.fetch)
            folder = lesson.folder / "right" / name
            right.append(RightAnswer(name, route.route.strip(), folder, engines, fetch))
    wrong = [found for name in model.wrong if (found := _wrong(lesson, source, name, list(model.right)))]
    return Answers(tuple(right), tuple(wrong))


def _wrong(lesson: Lesson, source: Source, name: str, right: list[str]) -> WrongAnswer | None:
    fields = read_fields(source, _Wrong, f"$.wrong.{name}")
    if fields is None:
        return None
    ids = [check.id for check in lesson.checks]
    if fields.caught_by not in ids:
        source.report(
            f"$.wrong.{name}.caught_by",
            f'The checkpoint has no check "{fields.caught_by}".',
            one_of(ids, fields.caught_by),
        )
    if fields.nearest and fields.nearest not in right:
        source.report(
            f"$.wrong.{name}.nearest",
            f'There is no right answer "{fields.nearest}".',
            one_of(right, fields.nearest),
        )
    return WrongAnswer(
        name=name,
        caught_by=fields.caught_by,
        why=fields.why.strip(),
        folder=lesson.folder / "wrong" / name,
        nearest=fields.nearest,
        engines=_engines(source, f"$.wrong.{name}", fields.engines),
        fetch=_fetch(source, f"$.wrong.{name}", fields.fetch),
    )


def _fetch(source: Source, path: str, given: _Fetch | None) -> FetchedFile | None:
    if given is None or not stays_inside(source, f"{path}.fetch.to", given.to):
        return None
    if not given.path.startswith("/"):
        source.report(f"{path}.fetch.path", f'"{given.path}" is not a path in a container.', "Begin with /.")
        return None
    return FetchedFile(given.path, given.to)


def _engines(source: Source, path: str, given: list[Text]) -> tuple[str, ...]:
    for name in given:
        if name not in ENGINES:
            source.report(f"{path}.engines", f'There is no engine "{name}".', one_of(ENGINES, name))
    return tuple(given) or ENGINES


def _report_folders(lesson: Lesson, source: Source, kind: str, named: dict[str, object]) -> None:
    folder = lesson.folder / kind
    there = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    for name in sorted(there - set(named)):
        source.report(f"$.{kind}", f"{kind}/{name} is not listed.", f"Add {name} under {kind}.")
    for name in named:
        if name not in there:
            source.report(f"$.{kind}.{name}", f"There is no folder {kind}/{name}.", one_of(there, name))
            continue
        answer = folder / name
        report_links(answer, lesson.folder, 0, source.problems)
        files = [path for path in sorted(answer.rglob("*")) if path.is_file()]
        if not files:
            source.report(f"$.{kind}.{name}", f"{kind}/{name} holds no file.")
        for path in files:
            _report_same(lesson, path, path.relative_to(answer), f"{kind}/{name}", source)


def _report_same(lesson: Lesson, path: Path, relative: Path, shown: str, source: Source) -> None:
    for base in (lesson.folder / "start", lesson.context):
        start = base / relative
        if start.is_file():
            if filecmp.cmp(start, path, shallow=False):
                source.report(
                    "$", f"{shown}/{relative} is the same as in the start.", "Keep only what differs."
                )
            return
