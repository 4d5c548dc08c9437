"""One instruction of a Dockerfile: its flags, its exec form, its names and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from tutor.core.errors import DockerfileError
from tutor.core.word import split_words


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. Lines count from 1 and include continuation lines."""

    keyword: str
    """Upper case: ``FROM``, ``COPY``."""
    value: str
    """All after the keyword and its flags, continuations joined, comments removed, not expanded."""
    first_line: int
    last_line: int
    flags: tuple[tuple[str, str], ...] = ()
    """``--from=builder`` as ``("from", "builder")``."""
    exec_form: tuple[str, ...] | None = None
    """The JSON list when the value is one; None for the shell form."""
    heredocs: tuple[tuple[str, str], ...] = ()
    """Here-documents that follow: name and content, in order."""

    @property
    def text(self) -> str:
        """The instruction on one line, as it would be typed."""
        flags = "".join(f"--{name}={value} " if value else f"--{name} " for name, value in self.flags)
        return f"{self.keyword} {flags}{self.value}".strip()

    def flag(self, name: str) -> str | None:
        """The value of a flag, or None when it is not given."""
        return dict(self.flags).get(name)


KEYWORDS = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
)
"""Every instruction there is."""

_FLAGS: Mapping[str, frozenset[str]] = {
    "FROM": frozenset({"platform"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "checksum", "keep-git-dir", "unpack", "exclude"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
_LISTS = frozenset({"CMD", "ENTRYPOINT", "RUN", "SHELL", "COPY", "ADD", "VOLUME"})


def read_instruction(
    text: str, first: int, last: int, heredocs: tuple[tuple[str, str], ...] = ()
) -> Instruction:
    """Read one instruction whose continuation lines are joined.

    Raises:
        DockerfileError: it does not exist, or lacks an argument.
    """
    word = text.split(None, 1)[0]
    rest = text[len(word) :]
    keyword = word.upper()
    if keyword not in KEYWORDS:
        near = get_close_matches(keyword, KEYWORDS, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise DockerfileError(
            f"unknown instruction: {word}{hint}",
            line=first,
            next_step=f"Write {near[0]} in place of {word}." if near else f"There are: {' '.join(KEYWORDS)}",
        )
    flags, value = _flags(keyword, rest.strip(), first)
    if not value and not (keyword == "HEALTHCHECK" and flags):
        raise DockerfileError(f"{keyword} requires at least one argument", line=first)
    exec_form = _exec_form(keyword, value)
    if keyword in ("COPY", "ADD"):
        count = len(exec_form if exec_form is not None else split_words(value))
        if count < 2:
            raise DockerfileError(
                f"{keyword} requires at least two arguments, but only one was provided. "
                "Destination could not be determined",
                line=first,
                next_step=f"Write {keyword} SOURCE DESTINATION",
            )
    if keyword == "ENV":
        name_value_pairs(Instruction(keyword, value, first, last))
    return Instruction(keyword, value, first, last, flags, exec_form, heredocs)


def argument_pairs(instruction: Instruction) -> tuple[tuple[str, str | None], ...]:
    """Names of an ARG with their defaults as written; None for a name without one."""
    pairs: list[tuple[str, str | None]] = []
    for word in split_words(instruction.value):
        name, separator, default = word.partition("=")
        pairs.append((name, default if separator else None))
    return tuple(pairs)


def name_value_pairs(instruction: Instruction, *, escape: str = "\\") -> tuple[tuple[str, str], ...]:
    """Names and values of an ENV or LABEL as written: ``A=1 B="two words"``, or the old ``A one``.

    Raises:
        DockerfileError: a word without ``=`` among words that have one.
    """
    words = split_words(instruction.value, escape=escape)
    if words and "=" not in words[0]:
        value = instruction.value.partition(words[0])[2].lstrip()
        if not value:
            raise DockerfileError(
                f"{instruction.keyword} must have two arguments",
                line=instruction.first_line,
                next_step=f"Write {instruction.keyword} {words[0]}=value",
            )
        return ((words[0], value),)
    pairs = []
    for word in words:
        name, separator, value = word.partition("=")
        if not separator:
            raise DockerfileError(
                f'can\'t find = in "{word}". Must be of the form: name=value',
                line=instruction.first_line,
                next_step=f'Write name=value, with quotes round blanks: {instruction.keyword} {name}="…"',
            )
        pairs.append((name, value))
    return tuple(pairs)


def _flags(keyword: str, rest: str, line: int) -> tuple[tuple[tuple[str, str], ...], str]:
    flags: list[tuple[str, str]] = []
    allowed = _FLAGS.get(keyword)
    while allowed is not None and rest.startswith("--"):
        word = split_words(rest)[0]
        rest = rest[len(word) :].lstrip()
        if word == "--":
            break
        name, _, value = word[2:].partition("=")
        if name not in allowed:
            near = get_close_matches(name, sorted(allowed), 1)
            raise DockerfileError(
                f"unknown flag: {name}" + (f" (did you mean {near[0]}?)" if near else ""),
                line=line,
                next_step=f"{keyword} takes: " + ", ".join(f"--{each}" for each in sorted(allowed)),
            )
        flags.append((name, value.strip("\"'")))
    return tuple(flags), rest


def _exec_form(keyword: str, value: str) -> tuple[str, ...] | None:
    if keyword == "HEALTHCHECK":
        kind, _, value = value.partition(" ")
        value = value.strip()
        if kind.upper() != "CMD":
            return None
    elif keyword not in _LISTS:
        return None
    if not value.startswith("["):
        return None
    try:
        items = json.loads(value)
    except ValueError:
        return None
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return tuple(items)
    return None
