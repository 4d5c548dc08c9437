"""What was shown last: the output of a command, or measured facts as a table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.core.events import Shown

_COLUMN_LIMIT = 44
"""A column but the last is cut here: what it tells begins in the next one."""


class LookPane(VerticalScroll):
    """One table at a time."""

    HELP = """\
    ## Look

    What a step of the lesson looked at: files, layers, the program, or what a command printed.
    """

    def __init__(self) -> None:
        super().__init__(id="look")
        self._shown: Shown | None = None

    def compose(self) -> ComposeResult:
        """A title, rows, and a sentence below."""
        yield Static("Nothing was looked at yet.", id="look-text", markup=False)

    def show(self, shown: Shown | None) -> None:
        """Show this; None leaves what there is."""
        if shown is None or shown is self._shown:
            return
        self._shown = shown
        self.query_one("#look-text", Static).update(table_content(shown))
        self.scroll_home(animate=False)


def table_content(shown: Shown) -> Content:
    """A title, aligned columns, and the sentence below."""
    sign, style = {None: ("", "bold"), True: ("✓ ", "bold $success"), False: ("✗ ", "bold $error")}[
        shown.is_good
    ]
    parts: list[tuple[str, str] | str] = [(f"{sign}{shown.title}", style)]
    everything = [shown.header, *shown.rows] if shown.header else list(shown.rows)
    widths = _widths(everything)
    right = _numeric_columns(shown.rows)
    for index, row in enumerate(everything):
        is_header = bool(shown.header) and index == 0
        parts.append("\n")
        for column, cell in enumerate(row):
            is_last = column == len(row) - 1
            text = cell if is_last and column not in right else _fitted(cell, widths[column], column in right)
            quiet = is_header or (column == 0 and len(row) == 2 and not shown.header)
            parts.append((text if is_last else f"{text}  ", "$quiet" if quiet else ""))
    if shown.foot:
        parts.append((f"\n{shown.foot}", "$quiet"))
    return Content.assemble(*parts)


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    columns = max((len(row) for row in rows), default=0)
    return [
        min(_COLUMN_LIMIT, max((len(row[at]) for row in rows if at < len(row)), default=0))
        for at in range(columns)
    ]


def _numeric_columns(rows: Sequence[tuple[str, ...]]) -> set[int]:
    """Columns that hold numbers only are read from the right."""
    columns = max((len(row) for row in rows), default=0)
    return {
        at
        for at in range(columns)
        if all(row[at].replace(" ", "").isdecimal() for row in rows if at < len(row))
    }


def _fitted(cell: str, width: int, to_the_right: bool) -> str:
    cell = cell if len(cell) <= width else f"{cell[: width - 1]}…"
    return cell.rjust(width) if to_the_right else cell.ljust(width)
