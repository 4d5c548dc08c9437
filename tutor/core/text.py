"""Text from outside made safe to show: no control sequences, no endless lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

LINE_LIMIT_CHARACTERS = 4_000
"""Longer lines are cut; a build may print one of a megabyte."""

# CSI, OSC (ended by BEL or ST), DCS/SOS/PM/APC strings, then two-byte escapes.
_ESCAPE_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
# Half of a pair: JSON can spell one, and no terminal or file takes it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_line(text: str, limit: int = LINE_LIMIT_CHARACTERS) -> str:
    """One line free of control sequences, tabs expanded, cut at ``limit`` characters.

    A carriage return keeps what a terminal would show last: the text after it.
    Bidirectional controls go too, since they can make a line read as another one.
    """
    # Cut before the patterns run, so that a line of a megabyte costs as much as a short one.
    dropped = max(0, len(text) - 4 * limit)
    text = text[: 4 * limit].rstrip("\r\n")
    if "\r" in text:
        text = text.rpartition("\r")[2]
    text = _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text)).expandtabs(4).replace("\n", " ")
    if not text.isascii():
        text = _LONE_SURROGATE.sub("\ufffd", text)
    dropped += max(0, len(text) - limit)
    if dropped:
        return f"{text[:limit]} … [{dropped} characters more]"
    return text


def clean_text(text: str, limit: int = LINE_LIMIT_CHARACTERS) -> str:
    """Many lines, each cleaned by :func:`clean_line`."""
    return "\n".join(clean_line(line, limit) for line in text.split("\n"))


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Plain data as JSON has it, with every text in it changed; names of fields stay."""
    match value:
        case str():
            return change(value)
        case dict():
            return {key: map_texts(each, change) for key, each in value.items()}
        case list() | tuple():
            return [map_texts(each, change) for each in value]
        case _:
            return value
