"""Every image with its bar, and what is known of the chosen one."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.core.image import SizeRole, SizeRow
from tutor.ui import present
from tutor.ui.message import PackedSizeAsked
from tutor.ui.size_chart import Chart, ChartRow, make_chart
from tutor.ui.widgets.pane_list import PaneList
from tutor.ui.widgets.size_strip import figure

_ROLE = {SizeRole.BASE: "base image", SizeRole.BUILDER: "builder stage", SizeRole.FINAL: "final image"}


class SizesPane(Vertical):
    """Bars of unpacked size on two scales; the three faces of the chosen image's size below."""

    HELP = """\
    ## Image sizes

    The unpacked size is what is compared and graded: bytes of files and links, over all layers.
    Large images stand against each other and final ones against each other. `k` computes the packed
    size, about what a registry ships.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "k", "measure_packed", "Packed size", id="measure-packed", tooltip="Compute the packed size."
        ),
    ]

    def __init__(self) -> None:
        super().__init__(id="sizes")
        self._chart = Chart((), ())
        self._par_bytes: int | None = None
        self._key: object = None

    def compose(self) -> ComposeResult:
        """The bars, then the facts of one image."""
        yield PaneList(id="size-list", markup=False)
        yield Static("No image is measured yet. Build one: b.", id="size-facts", markup=False)

    @property
    def _list(self) -> OptionList:
        return self.query_one("#size-list", OptionList)

    def show(self, rows: tuple[SizeRow, ...], lesson: str, par_bytes: int | None) -> None:
        """Show these images."""
        self._chart = make_chart(rows, lesson, par_bytes)
        self._par_bytes = par_bytes
        self._draw()

    def on_resize(self) -> None:
        """Bars fill the width there is."""
        self._draw()

    def _draw(self) -> None:
        width = self._list.scrollable_content_region.width - 2
        key = (self._chart, width)
        if width <= 0 or key == self._key:
            return
        self._key = key
        chosen = self._list.highlighted or 0
        name_cells = min(20, max((len(bar.row.name) for bar in self._chart.rows), default=0))
        figure_cells = max((len(figure(bar)) for bar in self._chart.rows), default=0)
        cells = max(4, width - name_cells - figure_cells - 4)
        options: list[Option | None] = [
            Option(self._line(bar, name_cells, cells, figure_cells, "$bar-large"), id=f"large-{index}")
            for index, bar in enumerate(self._chart.large)
        ]
        if self._chart.large and self._chart.small:
            options.append(None)
        options += [
            Option(self._line(bar, name_cells, cells, figure_cells, "$bar-final"), id=f"small-{index}")
            for index, bar in enumerate(self._chart.small)
        ]
        self._list.set_options(options)
        if self._chart.rows:
            self._list.highlighted = min(chosen, len(self._chart.rows) - 1)
            self._tell(self._chart.rows[self._list.highlighted])

    @staticmethod
    def _line(bar: ChartRow, name_cells: int, cells: int, figure_cells: int, style: str) -> Content:
        drawn = present.bar(bar.share, 1.0, cells)
        return Content.assemble(
            (f"{bar.row.name[:name_cells]:<{name_cells}} ", "bold" if bar.own else ""),
            (f"{drawn:<{cells}}", style),
            f" {figure(bar):>{figure_cells}}",
        )

    @property
    def chosen(self) -> ChartRow | None:
        """The image the highlight is on."""
        index = self._list.highlighted
        return self._chart.rows[index] if index is not None and index < len(self._chart.rows) else None

    @on(OptionList.OptionHighlighted, "#size-list")
    def tell_chosen(self) -> None:
        """Facts follow the highlight."""
        if self.chosen is not None:
            self._tell(self.chosen)

    def action_measure_packed(self) -> None:
        """Ask for the packed size of the chosen image."""
        if self.chosen is None:
            self.notify("There is no image yet. Build one: b.", markup=False)
        elif self.chosen.row.packed_bytes is None:
            self.post_message(PackedSizeAsked(self.chosen.row.image_id))

    def _tell(self, bar: ChartRow) -> None:
        row = bar.row
        parts: list[tuple[str, str] | str] = [
            (row.name, "bold"),
            (f"  {_ROLE[row.role]}  {row.reference}\n", "$quiet"),
            ("unpacked ", "$quiet"),
            f"{row.unpacked_bytes:,} bytes".replace(",", " "),
            ("   compared and graded\n", "$quiet"),
            ("packed   ", "$quiet"),
        ]
        if row.packed_bytes is None:
            parts.append(("k computes about what a registry ships", "$quiet"))
        else:
            parts += [
                f"about {present.megabytes(row.packed_bytes)}",
                ("   what a registry ships, ±3 %", "$quiet"),
            ]
        if row.listed_bytes is not None:
            parts += [
                ("\nlisted   ", "$quiet"),
                present.megabytes(row.listed_bytes),
                ("   what this engine's own list says", "$quiet"),
            ]
        if bar.own and row.role is SizeRole.FINAL and self._par_bytes is not None:
            verdict = "within it" if bar.within_par else "not yet"
            parts += [
                ("\npar      ", "$quiet"),
                present.megabytes(self._par_bytes),
                (f"   {verdict}", "$quiet"),
            ]
        if row.stand_in:
            parts.append(
                ("\n* built on a stand-in base made on this machine, not on the real image", "$warning")
            )
        self.query_one("#size-facts", Static).update(Content.assemble(*parts))
