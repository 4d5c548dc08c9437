"""A Dockerfile as values: instructions with their lines, and stages.

Pure: reads text, executes nothing. See https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tutor.core.errors import DockerfileError
from tutor.core.instruction import KEYWORDS as KEYWORDS
from tutor.core.instruction import Instruction as Instruction
from tutor.core.instruction import argument_pairs as argument_pairs
from tutor.core.instruction import name_value_pairs as name_value_pairs
from tutor.core.instruction import read_instruction
from tutor.core.word import expand as expand
from tutor.core.word import split_words as split_words

_HEREDOC_TAKERS = frozenset({"RUN", "COPY", "ADD"})
_DIRECTIVE = re.compile(r"^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"(?:^|(?<=\s))\d*<<(-?)\s*(?:'([^'\s]+)'|\"([^\"\s]+)\"|([A-Za-z0-9_.]+))")
_STAGE_NAME = re.compile(r"^[a-z][a-z0-9_.-]*$")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its FROM and what follows."""

    index: int
    name: str
    """As written after AS, lower case (names ignore case); empty when it has none."""
    base: str
    """As written, not expanded."""
    from_instruction: Instruction
    instructions: tuple[Instruction, ...]
    """Without the FROM."""

    @property
    def key(self) -> str:
        """Its name, or its index as text: what ``--target`` takes."""
        return self.name or str(self.index)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file."""

    global_arguments: tuple[Instruction, ...]
    """ARG before the first FROM."""
    stages: tuple[Stage, ...]
    escape: str = "\\"
    """The escape character: a backslash, or what ``# escape=`` says."""

    @property
    def base_images(self) -> tuple[str, ...]:
        """Bases that are neither ``scratch`` nor an earlier stage, each once, in order of appearance.

        ARGs are expanded with their defaults. Includes images named in ``COPY --from``.

        Raises:
            DockerfileError: a FROM that cannot be expanded.
        """
        variables = self.global_variables()
        every_name = {stage.name for stage in self.stages if stage.name}
        earlier: set[str] = set()
        found: dict[str, None] = {}
        for stage in self.stages:
            base = expand(stage.base, variables, line=stage.from_instruction.first_line, escape=self.escape)
            if base and base.lower() != "scratch" and base.lower() not in earlier:
                found.setdefault(base)
            for instruction in stage.instructions:
                source = instruction.flag("from") if instruction.keyword == "COPY" else None
                if (
                    source
                    and source.lower() not in every_name
                    and not source.isdecimal()
                    and "$" not in source
                ):
                    found.setdefault(source)
            if stage.name:
                earlier.add(stage.name)
        return tuple(found)

    def global_variables(self, build_args: Mapping[str, str] | None = None) -> dict[str, str]:
        """The ARGs before the first FROM, with ``--build-arg`` values laid over their defaults."""
        variables: dict[str, str] = {}
        for instruction in self.global_arguments:
            for name, default in argument_pairs(instruction):
                if build_args and name in build_args:
                    variables[name] = build_args[name]
                elif default is not None:
                    variables[name] = expand(
                        default, variables, line=instruction.first_line, escape=self.escape
                    )
        return variables


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        DockerfileError: with the line, what was expected, and the nearest right thing to write.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _escape_character(lines)
    global_arguments: list[Instruction] = []
    stages: list[tuple[Instruction, str, str, list[Instruction]]] = []
    for instruction in _instructions(lines, escape):
        if instruction.keyword == "FROM":
            base, name = _read_from(instruction)
            stages.append((instruction, base, name, []))
        elif stages:
            stages[-1][3].append(instruction)
        elif instruction.keyword == "ARG":
            global_arguments.append(instruction)
        else:
            raise DockerfileError(
                f"no build stage in current context: {instruction.keyword} comes before the first FROM",
                line=instruction.first_line,
                next_step="Begin with FROM, for example: FROM golang:1.21-alpine AS builder",
            )
    if not stages:
        raise DockerfileError(
            "the Dockerfile has no build stage" if global_arguments else "the Dockerfile is empty",
            line=global_arguments[-1].last_line if global_arguments else 0,
            next_step="Begin with FROM, for example: FROM golang:1.21-alpine AS builder",
        )
    return Dockerfile(
        tuple(global_arguments),
        tuple(
            Stage(index, name, base, start, tuple(body))
            for index, (start, base, name, body) in enumerate(stages)
        ),
        escape,
    )


def _escape_character(lines: list[str]) -> str:
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape":
            if match[2] not in ("\\", "`"):
                raise DockerfileError(f"invalid ESCAPE {match[2]!r}, must be ` or \\", line=1)
            return match[2]
    return "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    position = 0
    continued = re.compile(rf"([^{re.escape(escape)}]|^){re.escape(escape)}[ \t]*$")
    while position < len(lines):
        line = lines[position].strip()
        first = position + 1
        position += 1
        if not line or line.startswith("#"):
            continue
        joined, last = "", first
        while True:
            if continued.search(line) is None:
                joined += line
                break
            joined += line.rstrip()[: -len(escape)]
            while position < len(lines) and _is_skipped(lines[position]):
                position += 1
            if position >= len(lines):
                break
            line = lines[position].rstrip()
            position += 1
            last = position
        heredocs: list[tuple[str, str]] = []
        if joined.split(None, 1)[:1] and joined.split(None, 1)[0].upper() in _HEREDOC_TAKERS:
            for match in _HEREDOC.finditer(joined):
                content, position = _heredoc(lines, position, match, first)
                heredocs.append((match[2] or match[3] or match[4], content))
                last = position
        if joined.strip():
            yield read_instruction(joined.strip(), first, last, tuple(heredocs))


def _is_skipped(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _heredoc(lines: list[str], position: int, match: re.Match[str], first: int) -> tuple[str, int]:
    name = match[2] or match[3] or match[4]
    body: list[str] = []
    while position < len(lines):
        line = lines[position].lstrip("\t") if match[1] else lines[position]
        position += 1
        if line == name:
            return "".join(f"{each}\n" for each in body), position
        body.append(line)
    raise DockerfileError(
        f"unterminated heredoc: no line {name}",
        line=first,
        next_step=f"End the text with a line that holds only {name}",
    )


def _read_from(instruction: Instruction) -> tuple[str, str]:
    words = split_words(instruction.value)
    line = instruction.first_line
    if len(words) == 1:
        return words[0], ""
    if len(words) != 3 or words[1].upper() != "AS":
        raise DockerfileError(
            "FROM requires either one or three arguments",
            line=line,
            next_step=f"Write FROM {words[0]}, or FROM {words[0]} AS builder",
        )
    name = words[2].lower()
    if name == "scratch" or not _STAGE_NAME.match(name):
        raise DockerfileError(
            f'invalid name for build stage: "{words[2]}"',
            line=line,
            next_step="A stage's name begins with a letter; letters, digits, _ . and - follow.",
        )
    return words[0], name
