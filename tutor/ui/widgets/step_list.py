"""The steps of a build: sign, time, cached, stage and instruction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from textual.content import Content
from textual.widgets.option_list import Option

from tutor.core.events import StepFinished, StepStarted
from tutor.ui import present
from tutor.ui.widgets.pane_list import PaneList


class StepState(StrEnum):
    """How one step is doing."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the list."""

    step_id: str
    text: str
    stage: str
    number: int
    total: int
    state: StepState
    elapsed_seconds: float = 0.0
    cached: bool = False
    line: int | None = None

    @classmethod
    def of(cls, event: StepStarted) -> StepRow:
        """The row of a step that began."""
        return cls(
            event.step_id,
            event.text,
            event.stage,
            event.number,
            event.total,
            StepState.RUNNING,
            line=event.line,
        )

    def ended(self, event: StepFinished) -> StepRow:
        """The row once the step ended."""
        state = StepState.FAILED if event.error else StepState.DONE
        return replace(self, state=state, elapsed_seconds=event.elapsed_seconds, cached=event.cached)


_SIGN = {
    StepState.RUNNING: ("●", "$primary"),
    StepState.DONE: ("✓", "$success"),
    StepState.FAILED: ("✗", "$error"),
    StepState.STOPPED: ("■", "$warning"),
}


def row_content(row: StepRow, stage_cells: int) -> Content:
    """One step as a line. The time stands before the text, so that no width cuts it off."""
    sign, style = _SIGN[row.state]
    time = "cached" if row.cached else present.duration(row.elapsed_seconds)
    place = f"{row.stage} {row.number}/{row.total}" if row.stage else f"{row.number}/{row.total}"
    return Content.assemble(
        (f"{sign} ", style),
        (f"{time:>8}  ", "$quiet" if row.cached or row.state is StepState.DONE else style),
        (f"{place:<{stage_cells}}  ", "$quiet"),
        (row.text, "bold" if row.state in {StepState.RUNNING, StepState.FAILED} else ""),
    )


class StepList(PaneList):
    """The steps, newest last. The chosen one's log is shown beside; following ends when one is chosen."""

    HELP = """\
    ## Steps of the build

    ✓ done, ● running, ✗ failed, ■ stopped; `cached` means the engine had the result already.
    Up and down choose the step whose log is shown.
    """

    def __init__(self) -> None:
        super().__init__(id="build-steps", markup=False)
        self.rows: dict[str, StepRow] = {}
        self._stage_cells = 0

    def reset(self) -> None:
        """Forget the steps of the build before."""
        self.rows.clear()
        self._stage_cells = 0
        self.clear_options()

    def put(self, row: StepRow) -> None:
        """Add a step, or change the one that is there."""
        known = row.step_id in self.rows
        self.rows[row.step_id] = row
        cells = len(f"{row.stage} {row.number}/{row.total}")
        if cells > self._stage_cells:
            self._stage_cells = cells
            for other in list(self.rows.values()):
                if other.step_id != row.step_id:
                    self._redraw(other)
        if known:
            self._redraw(row)
        else:
            self.add_option(Option(row_content(row, self._stage_cells), id=row.step_id))

    def _redraw(self, row: StepRow) -> None:
        self.replace_option_prompt(row.step_id, row_content(row, self._stage_cells))

    def choose(self, step_id: str) -> None:
        """Move the highlight to a step."""
        self.highlighted = self.get_option_index(step_id)

    def stop_running(self) -> None:
        """Mark what was still running as stopped."""
        for row in list(self.rows.values()):
            if row.state is StepState.RUNNING:
                self.put(replace(row, state=StepState.STOPPED))
