"""The image sizes at a glance, below everything: two scales side by side, one line when room is short."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widgets import Static

from tutor.core.image import SizeRow
from tutor.ui import present
from tutor.ui.message import PaneChosen
from tutor.ui.size_chart import Chart, ChartRow, make_chart

STRIP_ROWS = 3
NAME_CELLS = 18
"""Room for golang:1.21-alpine."""

_NONE_YET = "Image sizes   none measured yet: build an image, and its bars stand here"


def figure(bar: ChartRow) -> str:
    """The size, the reduction and the marks of one bar."""
    parts = [present.megabytes(bar.row.unpacked_bytes)]
    if bar.reduction:
        parts.append(bar.reduction)
    if bar.within_par:
        parts.append("◂ par")
    return "  ".join(parts) + ("*" if bar.row.stand_in else "")


def shown_rows(bars: tuple[ChartRow, ...], limit: int) -> tuple[ChartRow, ...]:
    """The lesson's own bars first when there is no room for all, in the order they stand in."""
    if len(bars) <= limit:
        return bars
    chosen = sorted(range(len(bars)), key=lambda index: (not bars[index].own, index))[:limit]
    return tuple(bars[index] for index in sorted(chosen))


def column(title: str, bars: tuple[ChartRow, ...], width: int, style: str) -> list[Content]:
    """One scale as lines of exactly ``width`` cells."""
    rows = shown_rows(bars, STRIP_ROWS)
    name_cells = min(NAME_CELLS, max((len(bar.row.name) for bar in rows), default=0))
    figure_cells = max((len(figure(bar)) for bar in rows), default=0)
    bar_cells = max(4, width - name_cells - figure_cells - 3)
    lines = []
    for bar in rows:
        drawn = present.bar(bar.share, 1.0, bar_cells)
        line = Content.assemble(
            (f"{bar.row.name[:name_cells]:>{name_cells}} ", "bold" if bar.own else "$quiet"),
            (f"{drawn:<{bar_cells}}", style),
            (f" {figure(bar):>{figure_cells}} ", ""),
        )
        lines.append(line)
    hidden = len(bars) - len(rows)
    label = f"{title}{f'  (+{hidden} in Sizes)' if hidden else ''}"
    return [Content.styled(f"{label[:width]:<{width}}", "$quiet"), *lines]


def strip(chart: Chart, width: int) -> Content:
    """Both scales side by side."""
    if not chart.rows:
        return Content.styled(_NONE_YET, "$quiet")
    right_width = width // 2
    left_width = width - right_width - 2
    stand_in = "  * on a stand-in base" if chart.has_stand_in else ""
    if not chart.small:
        return Content("\n").join(column(f"Image sizes{stand_in}", chart.large, width, "$bar-large"))
    if not chart.large:
        return Content("\n").join(column(f"Image sizes{stand_in}", chart.small, width, "$bar-final"))
    left = column(f"Image sizes{stand_in}", chart.large, left_width, "$bar-large")
    right = column("final images, own scale", chart.small, right_width, "$bar-final")
    blank = Content(" " * left_width)
    lines = []
    for index in range(max(len(left), len(right))):
        cells = left[index] if index < len(left) else blank
        lines.append(Content.assemble(cells, "  ", right[index] if index < len(right) else ""))
    return Content("\n").join(lines)


def single_line(chart: Chart, width: int) -> Content:
    """The largest image and the finals in one line, bars as long as there is room."""
    if not chart.rows:
        return Content.styled(_NONE_YET[:width], "$quiet")
    finals = shown_rows(chart.small, 2)
    large = shown_rows(chart.large, 1 if finals else 2)
    text_cells = 1 + sum(len(bar.row.name[:12]) + len(figure(bar)) + 4 for bar in (*large, *finals))
    bar_cells = max(3, min(16, (width - 2 - text_cells) // max(1, len(large) + len(finals))))
    parts: list[tuple[str, str]] = [(" ", "")]
    for bars, style in ((large, "$bar-large"), (finals, "$bar-final")):
        if bars and len(parts) > 1:
            # Another scale begins here.
            parts[-1] = (parts[-1][0].removesuffix("  "), "")
            parts.append((" │ ", "$quiet"))
        for bar in bars:
            parts += [
                (f"{bar.row.name[:12]} ", "bold" if bar.own else "$quiet"),
                (present.bar(bar.share, 1.0, bar_cells), style),
                (f" {figure(bar)}  ", ""),
            ]
    return Content.assemble(*parts)


class SizeStrip(Static):
    """Draws :class:`Chart` for the width it has."""

    def __init__(self) -> None:
        super().__init__(id="strip", markup=False)
        self._chart = Chart((), ())

    def show(self, rows: tuple[SizeRow, ...], lesson: str, par_bytes: int | None) -> None:
        """Show these images."""
        self._chart = make_chart(rows, lesson, par_bytes)
        self._draw()

    def _draw(self) -> None:
        width = self.content_size.width
        if width:
            one_line = self.screen.has_class("-compact")
            self.update(single_line(self._chart, width) if one_line else strip(self._chart, width))

    def on_resize(self) -> None:
        """Bars fill the width there is."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """The full list stands in its own pane."""
        event.stop()
        self.post_message(PaneChosen("sizes"))
