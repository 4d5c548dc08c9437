"""The messages of the classic API streams: JSON objects one after another, split anywhere."""

from __future__ import annotations

import json
from typing import Any

_LONGEST = 64 * 1024 * 1024


class MessageReader:
    """Splits a byte stream into JSON objects. What is no JSON is passed over."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Take bytes; return the objects that are complete.

        Every engine ends an object with a line feed, and JSON holds none inside unless it is indented.
        """
        self._partial += data
        if b"\n" not in data and len(self._partial) < _LONGEST:
            return []
        *lines, rest = bytes(self._partial).split(b"\n")
        self._partial = bytearray(rest)
        return [value for line in lines if (value := _object(line)) is not None]

    def close(self) -> list[dict[str, Any]]:
        """An object that no line feed followed."""
        value = _object(bytes(self._partial))
        self._partial.clear()
        return [value] if value is not None else []


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
