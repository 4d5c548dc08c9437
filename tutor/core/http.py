"""One HTTP question and its answer, as the endpoint pane and the checks see it."""

from __future__ import annotations

from dataclasses import dataclass

BODY_LIMIT_BYTES = 64 * 1024
"""An endless body is read this far and no further."""


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """A request and its answer. ``error`` is set, and ``status`` None, when no answer came."""

    method: str
    path: str
    url: str
    curl: str
    """The same request as a line for the shell."""
    status: int | None = None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """Decoded and cleaned, at most :data:`BODY_LIMIT_BYTES`."""
    body_truncated: bool = False
    elapsed_seconds: float = 0.0
    error: str = ""
    """Why there was no answer: connection refused, reset, timed out."""
