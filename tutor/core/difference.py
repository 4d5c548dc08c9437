"""Two images or programs against each other, as plain values. Sizes are in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trend(StrEnum):
    """What became of one row."""

    ADDED = "added"
    REMOVED = "removed"
    GREW = "grew"
    SHRANK = "shrank"
    CHANGED = "changed"
    """Other content of the same size."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One part of either side. None where that side lacks it."""

    name: str
    before_bytes: int | None
    after_bytes: int | None
    is_other: bool = False
    """Of equal sizes: whether the content is known to differ."""

    @property
    def delta_bytes(self) -> int:
        """How much larger it became."""
        return (self.after_bytes or 0) - (self.before_bytes or 0)

    @property
    def trend(self) -> Trend:
        """What became of it."""
        if self.before_bytes is None:
            return Trend.ADDED
        if self.after_bytes is None:
            return Trend.REMOVED
        if self.delta_bytes:
            return Trend.GREW if self.delta_bytes > 0 else Trend.SHRANK
        return Trend.CHANGED if self.is_other else Trend.SAME


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs, each list with the largest change first and without what stayed the same."""

    before_name: str
    after_name: str
    before_bytes: int
    after_bytes: int
    parts: tuple[DifferenceRow, ...] = ()
    """Of two images: toolchain, caches, the program by parts. Their changes add up to the whole."""
    layers: tuple[DifferenceRow, ...] = ()
    files: tuple[DifferenceRow, ...] = ()
    sections: tuple[DifferenceRow, ...] = ()
    """Of the two programs. Their changes add up to that of the programs."""
    packages: tuple[DifferenceRow, ...] = ()
    """Of the two programs: code and data with symbols on both sides, else code alone."""
    packages_are_code: bool = False
    """Whether only code is compared, since one side has no symbols."""

    @property
    def delta_bytes(self) -> int:
        """How much larger the second one is."""
        return self.after_bytes - self.before_bytes
