"""What a measurement prints: its name, its value, the bar it is held to, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str
    """``×`` for a ratio, ``s``, ``ms``, ``MB``, ``%``."""
    bar: float | None = None
    """The most it may be; None when the figure only explains another one."""
    note: str = ""
    at_least: bool = False
    """Whether the bar is the least it may be instead."""

    @property
    def held(self) -> bool | None:
        """Whether the bar is held; None when there is none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def __str__(self) -> str:
        sign = {True: "✓", False: "✗", None: " "}[self.held]
        bar = "" if self.bar is None else f"{'≥' if self.at_least else '≤'} {self.bar:g} {self.unit}"
        return f"{sign} {self.name:<58} {self.value:>9.3f} {self.unit:<3} {bar:<12} {self.note}".rstrip()
