"""Words of a Dockerfile: where they end, and what ``$NAME`` and quotes in them stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.core.errors import DockerfileError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand(text: str, variables: Mapping[str, str], *, line: int = 0, escape: str = "\\") -> str:
    """Replace ``$NAME`` and ``${NAME:-default}``, and take quotes away, as Docker does in one word.

    A name without a value becomes nothing. Nothing is replaced inside single quotes.

    Raises:
        DockerfileError: a brace or quote that does not end, or a modifier that does not exist.
    """
    result, position = _expand(text, 0, "", variables, line, escape)
    assert position == len(text)
    return result


def split_words(text: str, *, escape: str = "\\") -> tuple[str, ...]:
    """Split at blanks outside quotes. Quotes and escapes stay, for :func:`expand` to take away."""
    words: list[str] = []
    word, quote, position = "", "", 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            if word:
                words.append(word)
            word = ""
            position += 1
            continue
        word += character
        position += 1
    return (*words, word) if word else tuple(words)


def _expand(
    text: str, position: int, until: str, variables: Mapping[str, str], line: int, escape: str
) -> tuple[str, int]:
    result: list[str] = []
    quoted = False
    while position < len(text):
        character = text[position]
        if character == until and not quoted:
            return "".join(result), position
        if character == '"':
            quoted = not quoted
            position += 1
        elif character == "'" and not quoted:
            end = text.find("'", position + 1)
            if end < 0:
                raise DockerfileError("unexpected end of statement while looking for matching '", line=line)
            result.append(text[position + 1 : end])
            position = end + 1
        elif character == escape:
            follower = text[position + 1 : position + 2]
            # Inside double quotes a backslash only hides what would have a meaning there.
            keeps = quoted and follower not in ('"', "$", escape)
            result.append(character + follower if keeps or not follower else follower)
            position += 2 if follower else 1
        elif character == "$":
            value, position = _variable(text, position + 1, variables, line, escape)
            result.append(value)
        else:
            result.append(character)
            position += 1
    if quoted:
        raise DockerfileError('unexpected end of statement while looking for matching "', line=line)
    if until:
        raise DockerfileError("syntax error: missing } after ${", line=line)
    return "".join(result), position


def _variable(
    text: str, position: int, variables: Mapping[str, str], line: int, escape: str
) -> tuple[str, int]:
    if text[position : position + 1] != "{":
        match = _NAME.match(text, position)
        return (variables.get(match[0], ""), match.end()) if match else ("$", position)
    match = _NAME.match(text, position + 1)
    if match is None:
        raise DockerfileError("bad substitution: ${ wants a name", line=line)
    name, position = match[0], match.end()
    rest = re.compile(r"(:?[-+?])?").match(text, position)
    operator = (rest[1] or "") if rest else ""
    position += len(operator)
    word, end = _expand(text, position, "}", variables, line, escape)
    if not operator and end != position:
        raise DockerfileError(
            f"unsupported modifier ({text[position]}) in substitution",
            line=line,
            next_step="Use ${NAME}, ${NAME:-default} or ${NAME:+instead}.",
        )
    value = variables.get(name)
    has_value = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("-"):
        return (value or "") if has_value else word, end + 1
    if operator.endswith("+"):
        return word if has_value else "", end + 1
    if operator.endswith("?") and not has_value:
        raise DockerfileError(f"{name}: {word or 'not set'}", line=line)
    return value or "", end + 1
