"""What goes over the wire between a demo and its console: lines of JSON, one value each.

The console says who it is in a :class:`Hello`, and is told an :class:`Answer`; after that, it sends
:class:`tutor.core.console.ConsoleWish` and is told :class:`Told`. Both ends take the other for anybody:
lines are bounded, read into typed values or not at all, and every text in them is cleaned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tutor.core.console import ConsoleView, ConsoleWish
from tutor.core.text import clean_text, map_texts

PROTOCOL = 1
"""Both ends must speak the same one: they are of one installation."""

WISH_LIMIT_BYTES = 4_096
"""A line from the console."""

VIEW_LIMIT_BYTES = 512 * 1024
"""A line from the demo."""

T = TypeVar("T")


class Hello(msgspec.Struct):
    """The first line of a console."""

    protocol: int
    code: str


class Answer(msgspec.Struct):
    """The first line of the demo. ``refusal`` is empty when the console is let in."""

    protocol: int
    refusal: str = ""


class Told(msgspec.Struct):
    """A further line of the demo: what to show, or why this was the last one."""

    view: ConsoleView | None = None
    over: str = ""


def encode(value: Hello | Answer | Told | ConsoleWish, mask: Callable[[str], str] = str) -> bytes:
    """One line. ``mask`` hides in every text what is private."""
    return msgspec.json.encode(map_texts(msgspec.to_builtins(value), mask)) + b"\n"


def decode(line: bytes, kind: type[T]) -> T:
    """Read one line.

    Raises:
        ValueError: it is none of this kind.
    """
    try:
        return msgspec.convert(map_texts(msgspec.json.decode(line), clean_text), kind)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
