"""Events of the session on screen: one ``match``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.core.base import BasePlan
from tutor.core.events import (
    BaseNeeded,
    BaseObtained,
    BuildCancelled,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    CheckJudged,
    CheckpointFinished,
    CheckStarted,
    CommandShown,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    ImageMeasured,
    ImageOpened,
    LogLines,
    PredictionCompared,
    Said,
    SessionEvent,
    Shown,
    StepFinished,
    StepStarted,
    WorkProgressed,
    WorkspaceChanged,
)
from tutor.core.verdict import Outcome
from tutor.ui import present
from tutor.ui.widgets.endpoint_pane import status_style

if TYPE_CHECKING:
    from tutor.ui.screens.lesson_desk import LessonDesk


class EventDisplay:
    """Shows events in the panes of a lesson screen.

    ``needed_base`` and ``progress`` are what the screen looks at: the first when work ended, the
    second a few times a second, so that a flood of progress costs one drawing each time.
    """

    def __init__(self, screen: LessonDesk) -> None:
        self._screen = screen
        self.needed_base: BasePlan | None = None
        self.progress: WorkProgressed | None = None
        self._checking = False

    def begin(self) -> None:
        """New work begins."""
        self.needed_base = None
        self.progress = None
        self._checking = False

    async def show(self, event: SessionEvent) -> None:
        """Show one event."""
        screen, bench = self._screen, self._screen.bench
        match event:
            case BuildStarted():
                bench.build.show(event)
                bench.editor.mark_error(None)
                bench.tab("build").mark("●", "$primary")
                bench.pane = "build"
                screen.next_line.show_command(event.command)
            case StepStarted() | StepFinished() | LogLines() | BuildCancelled():
                bench.build.show(event)
            case BuildFailed():
                bench.build.show(event)
                bench.editor.mark_error(event.line)
                bench.tab("build").mark("✗", "$error")
                bench.pane = "build"
            case BuildFinished():
                bench.build.show(event)
                bench.tab("build").mark("✓", "$success")
            case WorkProgressed():
                self.progress = event
            case CommandShown():
                screen.next_line.show_command(event.command)
            case ImageMeasured():
                self.progress = None
                screen.show_sizes()
            case ImageOpened():
                self.progress = None
                bench.bytes.draw()
            case ContainerStarted():
                bench.endpoints.show_address(event.address)
                bench.endpoints.show_start(event)
                bench.pane = "endpoints" if not self._checking else bench.pane
            case ContainerExited():
                bench.endpoints.show_address("")
                bench.endpoints.show_exit(event)
                bench.tab("endpoints").mark("✗", "$error")
                bench.pane = "endpoints"
            case EndpointProbed():
                self._show_exchange(event)
            case PredictionCompared():
                sign = "information" if present.hit(event.prediction) else "warning"
                screen.say(
                    present.compared(event.prediction), sign if event.prediction.predicted else "information"
                )
            case CheckStarted():
                if not self._checking:
                    self._checking = True
                    bench.pane = "checks"
                bench.checks.judging(event.title)
            case CheckJudged():
                await bench.checks.judged(event.verdict)
            case CheckpointFinished():
                self._finish_check(event)
            case Said():
                screen.say(event.text, event.severity)
            case WorkspaceChanged():
                screen.say(f"Written to your workspace: {', '.join(event.paths)}. u puts the old files back.")
                screen.reload_editor()
                if screen.is_compact:
                    bench.pane = "file"
            case Shown():
                bench.look.show(event)
                sign, style = {None: ("", ""), True: ("✓", "$success"), False: ("✗", "$error")}[event.is_good]
                bench.tab("look").mark(sign, style)
                bench.pane = "look"
            case BaseNeeded():
                self.needed_base = event.plan
            case BaseObtained():
                self.progress = None
                kind = "made as a stand-in" if event.stand_in else "here"
                kind = "loaded from the class kit" if event.from_kit else kind
                screen.say(f"{event.reference} is {kind} now.")

    def _show_exchange(self, event: EndpointProbed) -> None:
        bench, exchange = self._screen.bench, event.exchange
        bench.endpoints.add(exchange)
        # A check also asks for paths that must not be there: its verdict says what was right.
        if not self._checking:
            bench.tab("endpoints").mark(*status_style(exchange))
            bench.pane = "endpoints"

    def _finish_check(self, event: CheckpointFinished) -> None:
        screen, report = self._screen, event.report
        screen.bench.checks.end()
        screen.bench.tab("checks").mark(
            present.OUTCOME_SIGN[report.outcome], present.OUTCOME_STYLE[report.outcome]
        )
        screen.bench.pane = "checks"
        passed = sum(verdict.outcome is Outcome.PASSED for verdict in report.verdicts)
        total = len(report.verdicts)
        match report.outcome:
            case Outcome.PASSED:
                screen.say(f"Passed: all {total} checks. Well done.", "success")
            case Outcome.FAILED:
                screen.say(
                    f"{passed} of {total} checks pass. Each other one says where to look; h gives a hint.",
                    "warning",
                )
            case _:
                screen.say(
                    f"{passed} of {total} checks pass; some could not be judged, which is not your fault.",
                    "warning",
                )
