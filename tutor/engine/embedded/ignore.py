"""Which names .dockerignore leaves out of the context, by Docker's rules.

They differ from git's: a pattern without a slash matches at the top only, and a later line wins.
See https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns, in order, each with whether it brings names back."""

    rules: tuple[tuple[re.Pattern[str], bool], ...] = ()

    def leaves_out(self, path: str) -> bool:
        """Whether this path (relative, no slash in front) is no part of the context."""
        parts = path.split("/")
        names = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        out = False
        for pattern, brings_back in self.rules:
            # A folder that is left out takes along what is in it.
            if any(pattern.fullmatch(name) for name in names):
                out = not brings_back
        return out

    @property
    def has_exceptions(self) -> bool:
        """Whether something in a folder that is left out may come back."""
        return any(brings_back for _, brings_back in self.rules)


def read_ignore(context: Path, dockerfile: Path) -> Ignore:
    """The patterns for this context; one named for the Dockerfile comes first, as with BuildKit."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        try:
            return parse_ignore(path.read_text("utf-8", errors="replace"))
        except FileNotFoundError:
            continue
    return Ignore()


def parse_ignore(text: str) -> Ignore:
    """Patterns from the text of a .dockerignore file."""
    rules = []
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        brings_back = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        pattern = posixpath.normpath(pattern).lstrip("/")
        if pattern in ("", "."):
            continue
        rules.append((pattern_expression(pattern), brings_back))
    return Ignore(tuple(rules))


def pattern_expression(pattern: str) -> re.Pattern[str]:
    """A regular expression for Go's filepath.Match patterns, with ``**`` for any depth."""
    result, position = "", 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**", position):
            position += 2
            if pattern.startswith("/", position):
                result += "(?:.*/)?"
                position += 1
            else:
                result += ".*"
            continue
        position += 1
        if character == "*":
            result += "[^/]*"
        elif character == "?":
            result += "[^/]"
        elif character == "[" and "]" in pattern[position + 1 :]:
            end = pattern.index("]", position + 1)
            inner = pattern[position:end].replace("\\", "\\\\").replace("[", "\\[")
            result += f"[{inner}]"
            position = end + 1
        elif character == "\\" and position < len(pattern):
            result += re.escape(pattern[position])
            position += 1
        else:
            result += re.escape(character)
    try:
        return re.compile(result, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))
