"""The engine's account of a pull, added up over its layers."""

from __future__ import annotations

from typing import Any


class PullTally:
    """Feed it the engine's messages; ask it how far the whole is. Bytes as they travel, packed."""

    def __init__(self) -> None:
        self._current: dict[str, int] = {}
        self._total: dict[str, int] = {}
        self.error = ""
        """The engine's own text when it failed."""

    def feed(self, message: dict[str, Any]) -> bool:
        """Take one message; True when the sums changed."""
        if message.get("error"):
            self.error = str(message["error"])
            return False
        layer, status = str(message.get("id") or ""), str(message.get("status") or "")
        detail = message.get("progressDetail") or {}
        before = (self.current, self.total)
        if status == "Downloading" and detail.get("total"):
            self._total[layer] = int(detail["total"])
            self._current[layer] = int(detail.get("current") or 0)
        elif status in ("Download complete", "Pull complete", "Verifying Checksum") and layer in self._total:
            self._current[layer] = self._total[layer]
        return (self.current, self.total) != before

    @property
    def current(self) -> int:
        """Bytes that have come."""
        return sum(self._current.values())

    @property
    def total(self) -> int | None:
        """Bytes of all layers announced so far; None before the first."""
        return sum(self._total.values()) or None
