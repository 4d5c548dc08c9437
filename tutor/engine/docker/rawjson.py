"""What ``docker buildx build --progress=rawjson`` writes on its error stream.

JSON documents, pretty-printed over many lines (buildx 0.13) or one a line (later), among lines of
plain text. Inner lines are indented, so a brace in the first column begins or ends a document.
Their shape is BuildKit's SolveStatus (moby/buildkit, client/graph.go).
"""

from __future__ import annotations

import json
from typing import Any


class DocumentReader:
    """Splits the stream into documents and plain lines, in time linear in its length."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._document: list[bytes] = []

    def feed(self, data: bytes) -> list[dict[str, Any] | str]:
        """Take bytes; return documents and plain lines that are complete."""
        if b"\n" not in data:
            self._partial += data
            return []
        *lines, rest = bytes(self._partial + data).split(b"\n")
        self._partial = bytearray(rest)
        found: list[dict[str, Any] | str] = []
        for line in lines:
            self._take(line, found)
        return found

    def close(self) -> list[dict[str, Any] | str]:
        """What is left at the end."""
        found: list[dict[str, Any] | str] = []
        if self._partial:
            self._take(bytes(self._partial), found)
            self._partial.clear()
        found += [line.decode("utf-8", errors="replace") for line in self._document]
        self._document.clear()
        return found

    def _take(self, line: bytes, found: list[dict[str, Any] | str]) -> None:
        if self._document:
            self._document.append(line)
            if line.rstrip() == b"}":
                self._finish(b"\n".join(self._document), found)
                self._document.clear()
        elif line.rstrip() == b"{":
            self._document.append(line)
        elif line.strip():
            self._finish(line, found)

    @staticmethod
    def _finish(raw: bytes, found: list[dict[str, Any] | str]) -> None:
        if raw.startswith(b"{"):
            try:
                value = json.loads(raw)
            except ValueError:
                value = None
            if isinstance(value, dict):
                found.append(value)
                return
        found.append(raw.decode("utf-8", errors="replace"))
