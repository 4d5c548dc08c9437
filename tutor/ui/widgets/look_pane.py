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

_COLUMN_AT_LEAST = 8
_LAST_AT_LEAST = 16


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
        self._draw()
        self.scroll_home(animate=False)

    def _draw(self) -> None:
        if self._shown is not None:
            room = self.scrollable_content_region.width or 80
            self.query_one("#look-text", Static).update(table_content(self._shown, room))

    def on_resize(self) -> None:
        """Columns share the room there is."""
        self._draw()


def table_content(shown: Shown, room: int) -> Content:
    """A title, columns aligned within ``room`` cells, and the sentence below."""
    sign, style = {None: ("", "bold"), True: ("✓ ", "bold $success"), False: ("✗ ", "bold $error")}[
        shown.is_good
    ]
    parts: list[tuple[str, str] | str] = [(f"{sign}{shown.title}", style)]
    everything = [shown.header, *shown.rows] if shown.header else list(shown.rows)
    widths = _shared(_widths(everything), room)
    right = _numeric_columns(shown.rows)
    for index, row in enumerate(everything):
        is_header = bool(shown.header) and index == 0
        parts.append("\n")
        for column, cell in enumerate(row):
            # With nothing beside it, a cell has the room to itself.
            is_last = not any(row[column + 1 :])
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


def _shared(widths: list[int], room: int) -> list[int]:
    """The widest columns give way, so that the last one begins where it can be read."""
    if len(widths) < 2:
        return widths
    *first, last = widths
    free = room - 2 * len(first) - min(last, max(_LAST_AT_LEAST, room // 3))
    while sum(first) > free and max(first) > _COLUMN_AT_LEAST:
        first[first.index(max(first))] -= 1
    return [*first, last]


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
