"""Measured values inside prose: ``{{ image.multi.unpacked_bytes }}``.

Names begin with a letter and hold no white space, so that a sample such as ``{{.State}}`` or
``{{json .Config}}`` stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_LIVE = re.compile(r"\{\{ *([A-Za-z][^\s{}]*) *\}\}")


def live_values(text: str) -> tuple[str, ...]:
    """The names that a text refers to, in order."""
    return tuple(match[1] for match in _LIVE.finditer(text))


def with_live_values(text: str, shown: Callable[[str], str]) -> str:
    """The text with each name replaced by what ``shown`` makes of it."""
    return _LIVE.sub(lambda match: shown(match[1]), text)
