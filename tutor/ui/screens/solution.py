"""After the pass: other right answers, with their sizes and layers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from tutor.session.solution import Solution
from tutor.ui import present
from tutor.ui.screens import STYLES

MEASURE = "measure"


class SolutionScreen(ModalScreen[str]):
    """Answers :data:`MEASURE` when the solutions are to be built and measured; else empty."""

    CSS_PATH = STYLES / "solution.tcss"
    HELP = """\
    ## Solutions

    Right answers by different routes. Up and down choose one; b builds them all and measures them.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,S,q", "leave", "Back", id="solution-back", tooltip="Back to the lesson."),
        Binding("b", "measure", "Build and measure all", id="solution-measure", tooltip="Takes a while."),
    ]

    def __init__(
        self, title: str, solutions: Sequence[Solution], mine: tuple[int | None, int | None]
    ) -> None:
        super().__init__()
        self._title = title
        self._solutions = solutions
        self._mine = mine

    def compose(self) -> ComposeResult:
        """The routes with what was measured; below, the files of the one that is chosen."""
        with Vertical(id="solution-box") as box:
            box.border_title = Content(f"Solutions: {self._title}")
            yield Static(
                Content.assemble((f"{'yours':<24}", "bold"), _measured(*self._mine)),
                id="solution-mine",
                markup=False,
            )
            yield OptionList(
                *(Option(_row(each), id=each.name) for each in self._solutions),
                id="solution-list",
                markup=False,
            )
            with VerticalScroll(id="solution-body"):
                first = _files(self._solutions[0]) if self._solutions else Content("")
                yield Static(first, id="solution-text", markup=False)
            yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin at the first one."""
        routes = self.query_one("#solution-list", OptionList)
        routes.highlighted = 0
        routes.focus()

    @on(OptionList.OptionHighlighted)
    def show_files(self, event: OptionList.OptionHighlighted) -> None:
        """Another one was chosen."""
        files = self.query_one("#solution-text", Static)
        files.update(_files(self._solutions[event.option_index]))

    def action_leave(self) -> None:
        """Back to the lesson."""
        self.dismiss("")

    def action_measure(self) -> None:
        """Build and measure them all."""
        self.dismiss(MEASURE)


def _files(solution: Solution) -> Content:
    parts: list[tuple[str, str]] = []
    for name, text in solution.files:
        parts += [(f"{name}\n", "bold $accent"), (f"{text.rstrip()}\n\n", "")]
    return Content.assemble(*parts)


def _row(solution: Solution) -> Content:
    return Content.assemble(
        (f"{solution.name[:23]:<24}", "bold"),
        _measured(solution.unpacked_bytes, solution.layer_count),
        (f"\n  {solution.route}", "$quiet"),
    )


def _measured(unpacked_bytes: int | None, layer_count: int | None) -> Content:
    if unpacked_bytes is None or layer_count is None:
        return Content.styled("not measured yet", "$quiet")
    return Content(f"{present.megabytes(unpacked_bytes):>8}  {layer_count} layer{'s' * (layer_count != 1)}")
