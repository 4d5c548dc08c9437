"""Text measured in the cells of a terminal: of some scripts a character takes two."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content


def width(text: str) -> int:
    """The cells that a text takes."""
    return len(text) if text.isascii() else Content(text).cell_length


def padded(text: str, cells: int) -> str:
    """At least so wide."""
    return text + " " * (cells - width(text))


def _fitting(characters: Iterable[str], cells: int) -> int:
    """How many of these characters fit."""
    count = 0
    for character in characters:
        cells -= width(character)
        if cells < 0:
            break
        count += 1
    return count


def cut(text: str, cells: int) -> str:
    """Shortened in the middle where it is wider: of a path both ends tell something."""
    if width(text) <= cells:
        return text
    head = max(0, (cells - 1) // 3)
    first = text[: _fitting(text, head)]
    count = _fitting(reversed(text), max(0, cells - 1 - head))
    return f"{first}…{text[len(text) - count :]}"


def cut_end(text: str, cells: int) -> str:
    """Shortened at its end where it is wider."""
    if width(text) <= cells:
        return text
    return f"{text[: _fitting(text, max(0, cells - 1))]}…"
