"""A row of the Bytes pane: a name, a bar, a size. Pure: values in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tutor.ui import present
from tutor.ui.cell import cut, cut_end, padded

ROW_LIMIT = 200
"""Rows under one heading: more are counted in a last one."""

_FIGURE_CELLS = 9
_SHARE_CELLS = 8


@dataclass(frozen=True, slots=True)
class BytesRow:
    """One row; ``below`` makes what shows when it is opened."""

    pieces: tuple[tuple[str, str], ...]
    """Text and style, side by side."""
    fact: str = ""
    """What is told of it while it is chosen."""
    below: Callable[[], Iterable[BytesRow]] | None = None
    is_open: bool = False
    """Whether it stands open at first."""


def bar_row(
    name: str,
    size_bytes: int,
    top: int,
    whole: int,
    width: int,
    *,
    style: str = "$bar-final",
    fact: str = "",
    signed: bool = False,
    below: Callable[[], Iterable[BytesRow]] | None = None,
    is_line: bool = False,
) -> BytesRow:
    """A name, a bar against ``top``, a size, and the share of ``whole``.

    ``is_line``: the name is a line of a Dockerfile, whose beginning tells most.
    """
    name_cells = min(44, max(10, width * 2 // 5)) if is_line else min(30, max(10, width // 3))
    name = cut_end(name, name_cells) if is_line else cut(name, name_cells)
    bar_cells = max(4, width - name_cells - _FIGURE_CELLS - _SHARE_CELLS - 3)
    figure = present.signed(size_bytes) if signed else present.megabytes(size_bytes)
    share = f"{100 * abs(size_bytes) / whole:.1f} %" if whole else ""
    return BytesRow(
        (
            (f"{padded(name, name_cells)} ", ""),
            (f"{present.bar(abs(size_bytes), top, bar_cells):<{bar_cells}}", style),
            (f" {figure:>{_FIGURE_CELLS}} {share:>{_SHARE_CELLS}}", ""),
        ),
        fact,
        below,
    )


def limited(rows: list[BytesRow]) -> list[BytesRow]:
    """The first rows, and how many more there are."""
    if len(rows) <= ROW_LIMIT:
        return rows
    more = BytesRow(((f"… and {len(rows) - ROW_LIMIT} more", "$quiet"),))
    return [*rows[:ROW_LIMIT], more]
