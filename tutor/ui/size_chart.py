"""Which size stands on which scale. Pure: rows in, rows with their share of a bar out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tutor.core.image import SizeRole, SizeRow
from tutor.ui.present import reduction

LARGE_FROM = 8
"""A final image this many times the smallest one stands among the large ones."""


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One bar: ``share`` is its length on its own scale, 0 to 1."""

    row: SizeRow
    share: float
    reduction: str = ""
    """Against the builder stage of its lesson, else against the largest final image of the course."""
    within_par: bool = False
    own: bool = False
    """Whether it belongs to the lesson that is open."""


@dataclass(frozen=True, slots=True)
class Chart:
    """All bars on two scales, so that 7 MB and 5 MB can be told apart beside 295 MB."""

    large: tuple[ChartRow, ...]
    small: tuple[ChartRow, ...]

    @property
    def rows(self) -> tuple[ChartRow, ...]:
        """All of them, the large scale first."""
        return self.large + self.small

    @property
    def has_stand_in(self) -> bool:
        """Whether any image stands on a base that was made here."""
        return any(bar.row.stand_in for bar in self.rows)


def make_chart(rows: Sequence[SizeRow], lesson: str, par_bytes: int | None) -> Chart:
    """Bars for a lesson: its own builder and base, and the final images of all lessons."""
    shown = [row for row in rows if row.lesson == lesson or row.role is SizeRole.FINAL]
    finals = [row.unpacked_bytes for row in shown if row.role is SizeRole.FINAL]
    limit = LARGE_FROM * min(finals, default=0)
    is_apart = max((row.unpacked_bytes for row in shown), default=0) >= limit
    others = any(row.role is not SizeRole.FINAL for row in shown)
    if is_apart or not others:
        # Finals alone stand on the small scale, however large they are.
        large = [
            row
            for row in shown
            if row.role is not SizeRole.FINAL or (is_apart and row.unpacked_bytes >= limit > 0)
        ]
    else:
        # What can be told apart on one scale stands on one: bars of two scales are no comparison.
        large = list(shown)
    small = [row for row in shown if row not in large]
    large.sort(key=lambda row: row.unpacked_bytes, reverse=True)

    def bars(of: list[SizeRow], *, judged: bool) -> tuple[ChartRow, ...]:
        top = max((row.unpacked_bytes for row in of), default=0)
        return tuple(
            _bar(
                row,
                top,
                reduction(row.unpacked_bytes, _yardstick(row, rows)) if judged else "",
                par_bytes if judged and row.role is SizeRole.FINAL else None,
                lesson,
            )
            for row in of
        )

    return Chart(bars(large, judged=not small), bars(small, judged=True))


def _yardstick(row: SizeRow, rows: Sequence[SizeRow]) -> int:
    if row.role is not SizeRole.FINAL:
        return 0
    builders = [
        other.unpacked_bytes
        for other in rows
        if other.role is SizeRole.BUILDER and other.lesson == row.lesson
    ]
    finals = [other.unpacked_bytes for other in rows if other.role is SizeRole.FINAL and other is not row]
    largest = max(finals, default=0)
    return max(builders, default=largest if largest > row.unpacked_bytes else 0)


def _bar(row: SizeRow, top: int, smaller: str, par_bytes: int | None, lesson: str) -> ChartRow:
    own = row.lesson == lesson
    within = own and par_bytes is not None and row.unpacked_bytes <= par_bytes
    return ChartRow(row, row.unpacked_bytes / top if top else 0.0, smaller, within, own)
