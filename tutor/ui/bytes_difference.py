"""Two images against each other in the Bytes pane, as ``xray A B`` tells it. Pure: values in, rows out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tutor.core.difference import DifferenceRow, Trend
from tutor.ui import present
from tutor.ui.bytes_row import BytesRow, bar_row, limited
from tutor.ui.cell import cut, padded

if TYPE_CHECKING:
    from tutor.inspect.waterfall import WaterfallStep
    from tutor.session.opening import Comparison

_SHOWN = 6
"""Rows of a list that stand open; the others are below one more row."""

_FIGURE_CELLS = 9
_TREND_CELLS = 7
_STYLE = {
    Trend.ADDED: "$error",
    Trend.GREW: "$error",
    Trend.REMOVED: "$success",
    Trend.SHRANK: "$success",
    Trend.CHANGED: "$warning",
    Trend.SAME: "",
}


def difference_rows(comparison: Comparison, width: int) -> Iterator[BytesRow]:
    """Both sizes, then what differs by kind, layer, file, section and package, the largest change first."""
    found, waterfall = comparison.difference, comparison.waterfall
    yield BytesRow(
        (
            (f"{cut(found.before_name, 20)} {present.megabytes(found.before_bytes)}", "$bar-large"),
            (" → ", "$quiet"),
            (f"{cut(found.after_name, 20)} {present.megabytes(found.after_bytes)}", "$bar-final"),
            (f"   {present.reduction(found.after_bytes, found.before_bytes)}", "bold"),
        ),
        "d again compares with the next image. Right opens a row.",
    )
    steps = tuple(step for step in waterfall.steps if step.delta_bytes)
    if steps:
        yield _heading("Kinds of bytes", len(steps), found.delta_bytes, lambda: _kind_rows(steps, width - 2))
    packages = "Go packages, code alone" if found.packages_are_code else "Go packages"
    for title, rows in (
        ("Layers", found.layers),
        ("Files", found.files),
        ("Sections of the program", found.sections),
        (packages, found.packages),
    ):
        if rows:
            total = sum(row.delta_bytes for row in rows)
            yield _heading(title, len(rows), total, lambda rows=rows: _list_rows(rows, width - 2))  # type: ignore[misc]  # bound at once
    if not (steps or found.layers or found.files):
        yield BytesRow((("Nothing differs that has a size.", "$quiet"),))


def _heading(title: str, count: int, delta_bytes: int, below: Callable[[], list[BytesRow]]) -> BytesRow:
    return BytesRow(
        ((title, "bold"), (f"   differ: {count}   {present.signed(delta_bytes)}", "$quiet")),
        below=below,
        is_open=True,
    )


def _kind_rows(steps: tuple[WaterfallStep, ...], width: int) -> list[BytesRow]:
    top = max(abs(step.delta_bytes) for step in steps)
    return [
        bar_row(
            step.kind.value,
            step.delta_bytes,
            top,
            0,
            width,
            style="$success" if step.delta_bytes < 0 else "$error",
            fact=step.decision.shown if step.decision is not None else "",
            signed=True,
        )
        for step in steps
    ]


def _list_rows(rows: tuple[DifferenceRow, ...], width: int) -> list[BytesRow]:
    top = max(abs(row.delta_bytes) for row in rows)
    shown = [_difference_row(row, top, width) for row in rows[:_SHOWN]]
    rest = rows[_SHOWN:]
    if rest:
        total = present.signed(sum(row.delta_bytes for row in rest))
        shown.append(
            BytesRow(
                ((f"… and {len(rest)} more, {total} in all", "$quiet"),),
                "Right opens them.",
                lambda: limited([_difference_row(row, top, width - 2) for row in rest]),
            )
        )
    return shown


def _difference_row(row: DifferenceRow, top: int, width: int) -> BytesRow:
    name_cells = min(44, max(10, width * 2 // 5))
    bar_cells = max(4, width - name_cells - _FIGURE_CELLS - _TREND_CELLS - 3)
    sizes = " → ".join(
        "nothing" if size is None else present.megabytes(size) for size in (row.before_bytes, row.after_bytes)
    )
    return BytesRow(
        (
            (f"{padded(cut(row.name, name_cells), name_cells)} ", ""),
            (f"{present.bar(abs(row.delta_bytes), top, bar_cells):<{bar_cells}}", _STYLE[row.trend]),
            (f" {present.signed(row.delta_bytes):>{_FIGURE_CELLS}} ", ""),
            (f"{row.trend.value:<{_TREND_CELLS}}", _STYLE[row.trend]),
        ),
        f"{row.name}   {sizes}",
    )
