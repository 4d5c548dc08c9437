"""YAML turned into typed values, each mistake with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

import msgspec

from tutor.catalog.problem import ProblemList, one_of
from tutor.catalog.yaml_text import YamlMistake, YamlText, read_yaml

Text = Annotated[str, msgspec.Meta(min_length=1)]
"""A text that may not be empty."""

_Model = TypeVar("_Model", bound=msgspec.Struct)
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML text, where it stands, and where its mistakes go."""

    yaml: YamlText
    first_line: int
    problems: ProblemList
    what: str
    """What it is, for a message: ``predict block``."""
    file: str = "lesson.md"

    def report(self, path: str, what: str, next_step: str = "") -> None:
        """Note a mistake at a path such as ``$.tag``."""
        self.problems.add(self.yaml.line(path) + self.first_line, what, next_step, file=self.file)


def open_source(
    text: str, first_line: int, problems: ProblemList, what: str, file: str = "lesson.md"
) -> Source | None:
    """Read YAML whose first line has this number in its file; None when it is no mapping."""
    try:
        yaml = read_yaml(text)
    except YamlMistake as mistake:
        problems.add(mistake.line + first_line, mistake.what, f"Mend the {what}.", file=file)
        return None
    source = Source(yaml, first_line, problems, what, file)
    if not isinstance(yaml.data, dict):
        source.report("$", f"The {what} is not a mapping.", "Write lines of the form key: value.")
        return None
    return source


def read_fields(source: Source, model: type[_Model], path: str = "$") -> _Model | None:
    """The mapping at a path as a typed value; None after noting what is wrong with it."""
    data: Any = source.yaml.data
    for name in path.split(".")[1:]:
        data = data[name]
    where = source.what if path == "$" else f"{source.what}, {path.removeprefix('$.')}"
    fields = _required_by_name(model)
    if not isinstance(data, dict):
        names = ", ".join(fields)
        source.report(path, f"In the {where}: expected a mapping.", f"Known keys: {names}.")
        return None
    is_good = True
    for key in data:
        if str(key) not in fields:
            source.report(f"{path}.{key}", f'The {where} has no key "{key}".', one_of(fields, str(key)))
            is_good = False
    for name, is_required in fields.items():
        if is_required and name not in data:
            source.report(path, f'The {where} lacks the key "{name}".', f"Add a line {name}: …")
            is_good = False
    if not is_good:
        return None
    try:
        return msgspec.convert(data, model)
    except msgspec.ValidationError as error:
        said, _, inner = str(error).partition(" - at ")
        at = path + inner.strip("`").removeprefix("$")
        source.report(at, f"In the {where}, {_named(at, path)}: {_plain(said)}.")
        return None


@cache
def _required_by_name(model: type[msgspec.Struct]) -> dict[str, bool]:
    return {field.encode_name: field.required for field in msgspec.structs.fields(model)}


def choose(source: Source, path: str, given: str, among: type[_Choice]) -> _Choice | None:
    """A word as a member of an enumeration; None after noting that it is none."""
    for choice in among:
        if choice.value.lower() == given.lower():
            return choice
    source.report(path, f'"{given}" is not known here.', one_of([str(c.value) for c in among], given))
    return None


def stays_inside(source: Source, path: str, given: str) -> bool:
    """Whether a name lies below its folder; notes it when it does not."""
    parts = PurePosixPath(given).parts
    if given.startswith("/") or "\\" in given or ".." in parts or not parts:
        source.report(
            path,
            f'"{given}" leaves its folder.',
            "Write a path below it, with forward slashes and without .. in it.",
        )
        return False
    return True


def _named(at: str, path: str) -> str:
    return at.removeprefix(path).lstrip(".") or "all of it"


def _plain(said: str) -> str:
    words = {"`str` of length >= 1": "a text that is not empty", "`str`": "a text", "`int`": "a whole number"}
    words |= {"`array`": "a list", "`object`": "a mapping", "`bool`": "true or false", "`null`": "nothing"}
    words |= {"`float`": "a number with a point", "`bool | int | float | str`": "a text or a number"}
    words |= {"`int | float | str`": "a text or a number", "`int | str`": "a text or a number"}
    for code, plain in words.items():
        said = said.replace(code, plain)
    said = re.sub(r"^Expected a list of length >= 1$", "expected a list that is not empty", said)
    said = re.sub(r"^Object contains unknown field `(.*)`$", r'there is no key "\1"', said)
    said = re.sub(r"^Object missing required field `(.*)`$", r'the key "\1" is missing', said)
    return said[:1].lower() + said[1:]
