"""The live build: the command, every step, the chosen step's log, and the error in full."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from tutor.core.errors import TutorError
from tutor.core.events import (
    BuildCancelled,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    LogLines,
    StepFinished,
    StepStarted,
)
from tutor.ui import present
from tutor.ui.widgets.step_list import StepList, StepRow, StepState
from tutor.ui.widgets.step_log import StepLines, StepLog

BuildPaneEvent = (
    BuildStarted | StepStarted | LogLines | StepFinished | BuildFailed | BuildCancelled | BuildFinished
)

_TICK_SECONDS = 0.2


class BuildPane(Vertical):
    """Shows one build. Events of a build that is over are dropped."""

    def __init__(self) -> None:
        super().__init__(id="build", classes="-silent")
        self._run_id = ""
        self._lines: dict[str, StepLines] = {}
        self._began: dict[str, float] = {}
        self._following = True
        self._command = ""
        self._building = False

    def compose(self) -> ComposeResult:
        """The command; the rest comes with :meth:`complete`."""
        yield Static("No build yet. Press b to build, or Enter on NEXT.", id="build-head", markup=False)

    def on_mount(self) -> None:
        """Count the seconds of the step that runs."""
        self._clock = self.set_interval(_TICK_SECONDS, self._tick, pause=True, name="build clock")

    async def complete(self) -> None:
        """Add steps, error and log, which no build is there for yet."""
        error = Static(id="build-error", markup=False)
        box = VerticalScroll(error, id="build-error-box")
        box.display = False
        await self.mount(StepList(), box, StepLog())

    @property
    def _steps(self) -> StepList:
        return self.query_one(StepList)

    @property
    def log_view(self) -> StepLog:
        """The log of the chosen step."""
        return self.query_one(StepLog)

    def show(self, event: BuildPaneEvent) -> None:
        """Take in what happened."""
        if isinstance(event, BuildStarted):
            self._start(event)
            return
        if event.run_id != self._run_id and not isinstance(event, BuildFailed):
            return
        match event:
            case StepStarted():
                self._began[event.step_id] = monotonic()
                self._lines.setdefault(event.step_id, StepLines())
                self._steps.put(StepRow.of(event))
                self._follow(event.step_id)
            case LogLines():
                lines = self._lines.setdefault(event.step_id, StepLines())
                lines.add(event.lines)
                self.remove_class("-silent")
                self.log_view.follow(lines, event.lines)
            case StepFinished():
                row = self._steps.rows.get(event.step_id)
                if row is not None:
                    self._steps.put(row.ended(event))
            case BuildFailed():
                self._fail(event)
            case BuildCancelled():
                self.stop()
            case BuildFinished():
                self._rest()
                took = present.duration(event.elapsed_seconds)
                self._head("✓", "$success", f"built in {took}")

    def _start(self, event: BuildStarted) -> None:
        self._run_id = event.run_id
        self._lines.clear()
        self._began.clear()
        self._following = True
        self._steps.reset()
        self.add_class("-silent")
        self.log_view.show(None)
        self.show_error("")
        self._command = event.command
        self._head("●", "$primary", f"building with {event.engine}")
        self._building = True
        self._clock.resume()

    def _rest(self) -> None:
        self._building = False
        self._clock.pause()

    def _head(self, sign: str, style: str, text: str) -> None:
        self.query_one("#build-head", Static).update(
            Content.assemble((f"{sign} {text}", style), ("   $ ", "$quiet"), (self._command, "$quiet"))
        )

    def _fail(self, event: BuildFailed) -> None:
        self._rest()
        self._run_id = event.run_id
        if event.step_id in self._steps.rows:
            row = self._steps.rows[event.step_id]
            self._steps.put(replace(row, state=StepState.FAILED))
            self._follow(event.step_id)
        self._steps.stop_running()
        self._head("✗", "$error", f"failed after {present.duration(event.elapsed_seconds)}")
        where = f"Dockerfile:{event.line}" if event.line else ""
        self.show_error(event.error, where=where, next_step=event.next_step)

    def show_fault(self, error: TutorError) -> None:
        """Show why a build did not even begin, or ended through no fault of the file."""
        self._rest()
        self._steps.stop_running()
        self._head("✗", "$error", "not built")
        self.show_error(error.what, where=error.where, next_step=error.next_step)

    def show_error(self, what: str, *, where: str = "", next_step: str = "") -> None:
        """The error's own text in full, with where and what to do next; empty takes it away."""
        box = self.query_one("#build-error-box")
        box.display = bool(what)
        parts: list[tuple[str, str] | str] = [("✗ ", "bold $error")]
        if where:
            parts.append((f"{where}  ", "bold"))
        parts.append((what.strip(), "$error"))
        if next_step:
            parts += [("\n→ ", "bold $accent"), next_step]
        self.query_one("#build-error", Static).update(Content.assemble(*parts))
        box.scroll_home(animate=False)

    def stop(self) -> None:
        """The build was stopped on request."""
        if self._building:
            self._rest()
            self._steps.stop_running()
            self._head("■", "$warning", "stopped; nothing of it is left")

    def _tick(self) -> None:
        now = monotonic()
        for row in list(self._steps.rows.values()):
            if row.state is StepState.RUNNING:
                self._steps.put(replace(row, elapsed_seconds=now - self._began[row.step_id]))

    def _follow(self, step_id: str) -> None:
        if not self._following:
            return
        self._steps.choose(step_id)
        self.log_view.show(self._lines.get(step_id))

    @on(OptionList.OptionHighlighted)
    def choose_step(self, event: OptionList.OptionHighlighted) -> None:
        """Show the chosen step's log; choosing by hand ends following."""
        event.stop()
        step_id = event.option.id
        if step_id is None:
            return
        if self._steps.has_focus:
            last = self._steps.option_count - 1
            self._following = event.option_index == last
        self.log_view.show(self._lines.get(step_id))
