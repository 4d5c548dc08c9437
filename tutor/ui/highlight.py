"""Colours for Dockerfiles, JSON and shell lines, by theme variable. Pygments is loaded when first used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.content import Content, Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

_lexers: dict[str, Lexer] = {}

VARIABLES = {
    "Keyword": "primary",
    "Name.Tag": "primary",
    "Name.Builtin": "foreground",
    "Name.Variable": "accent",
    "Literal.String": "success",
    "Literal.Number": "accent",
    "Comment": "quiet",
    "Operator": "secondary",
}
"""Token families and the theme variable they are shown in."""


def language_of(name: str) -> str:
    """How a file of the workspace is to be coloured, told by its name."""
    ends = {".go": "go", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
    suffix = "." + name.rpartition(".")[2]
    return "docker" if "Dockerfile" in name else ends.get(suffix, "text")


def _lexer(language: str) -> Lexer:
    if language not in _lexers:
        from pygments.lexers import get_lexer_by_name

        _lexers[language] = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    return _lexers[language]


def variable_of(token: _TokenType) -> str:
    """The theme variable for a token; empty for plain text."""
    name = str(token).removeprefix("Token.")
    while name:
        if name in VARIABLES:
            return VARIABLES[name]
        name = name.rpartition(".")[0]
    return ""


def spans(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and theme variable of every coloured piece of a text."""
    position = 0
    for token, value in _lexer(language).get_tokens(text):
        end = position + len(value)
        if variable := variable_of(token):
            yield position, end, variable
        position = end


def line_spans(text: str, language: str) -> list[list[tuple[int, int, str]]]:
    """The same, cut at line ends and counted within each line."""
    lines: list[list[tuple[int, int, str]]] = [[]]
    starts = [0]
    for index, character in enumerate(text):
        if character == "\n":
            starts.append(index + 1)
            lines.append([])
    row = 0
    for start, end, variable in spans(text, language):
        while row + 1 < len(starts) and starts[row + 1] <= start:
            row += 1
        line, begin = row, start
        while begin < end:
            stop = min(end, starts[line + 1] - 1 if line + 1 < len(starts) else end)
            if stop > begin:
                lines[line].append((begin - starts[line], stop - starts[line], variable))
            line += 1
            begin = starts[line] if line < len(starts) else end
    return lines


def coloured(text: str, language: str) -> Content:
    """A text as content that follows the theme."""
    pieces = [Span(start, end, f"${variable}") for start, end, variable in spans(text, language)]
    return Content(text, spans=pieces)


def json_or_plain(text: str) -> Content:
    """A body: JSON set out and coloured, anything else as it came."""
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Content(text)
    if not isinstance(value, dict | list):
        return Content(text)
    return coloured(json.dumps(value, indent=2, ensure_ascii=False), "json")
