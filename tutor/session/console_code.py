"""The code that lets a presenter's console in, once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.core.ports import Clock

DIGITS = 6
TRIES = 3
"""Wrong ones until a code is void: to guess one of 10^6 then means to ask the presenter again and again."""

VALID_SECONDS = 600.0


def _drawn() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


class OneTimeCode:
    """At most one code is open at a time; it is void once used, and after too many wrong ones."""

    def __init__(self, clock: Clock, draw: Callable[[], str] = _drawn) -> None:
        self._clock = clock
        self._draw = draw
        self._open = ""
        self._until = 0.0
        self._tries = 0

    @property
    def is_open(self) -> bool:
        """Whether a code would be taken now."""
        return bool(self._open) and self._clock.monotonic() < self._until

    def renew(self) -> str:
        """A fresh code; an earlier one is void from now on."""
        self._open = self._draw()
        self._until = self._clock.monotonic() + VALID_SECONDS
        self._tries = TRIES
        return self._open

    def refusal(self, given: str) -> str:
        """Why this is not taken; empty when it is, and then it is used up."""
        if not self.is_open:
            return "No code is open. Press c on the demo's screen: it shows a fresh one."
        if hmac.compare_digest(given.encode(), self._open.encode()):
            self._open = ""
            return ""
        self._tries -= 1
        if self._tries > 0:
            tries = "one try is" if self._tries == 1 else f"{self._tries} tries are"
            return f"That is not the code; {tries} left."
        self._open = ""
        return "That is not the code, and it is void now. Press c on the demo's screen for a fresh one."
