"""The lesson screen: every key and click, passed on to the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.command import Provider
from textual.widgets import Input

from tutor.core.errors import TutorError
from tutor.session.view import NextKind
from tutor.ui.binding import LESSON_BINDINGS
from tutor.ui.command import ActionProvider
from tutor.ui.message import (
    AnswerGiven,
    AnswerSkipped,
    OptionChosen,
    PaneChosen,
    ProceedRequested,
)
from tutor.ui.screens import STYLES
from tutor.ui.screens.error import ErrorScreen
from tutor.ui.screens.lesson_desk import LessonDesk
from tutor.ui.widgets.answer_row import AnswerRow
from tutor.ui.widgets.lesson_pane import LessonPane

_PANE_FOCUS = {
    "build": "#build-steps",
    "sizes": "#size-list",
    "endpoints": "#endpoint-history",
    "bytes": "#bytes-tree",
    "checks": "#checks",
    "look": "#look",
}
_BUSY_NAME = {
    NextKind.BUILD: "Building",
    NextKind.RUN: "Starting the container",
    NextKind.PROBE: "Asking the endpoints",
    NextKind.CHECK: "Checking",
    NextKind.LAY: "Laying files",
    NextKind.EDIT: "Looking at your edit",
    NextKind.READ: "Reading on",
    NextKind.EXEC: "Running a command inside",
    NextKind.FETCH: "Copying a file out",
    NextKind.SHOW: "Looking",
    NextKind.STOP: "Stopping it in mid-request",
    NextKind.HEALTHCHECK: "Running the health check",
    NextKind.TWICE: "Building twice",
    NextKind.CHANGE: "Changing one line",
}


class LessonScreen(LessonDesk):
    """One learner in one lesson. The session decides and does."""

    CSS_PATH = STYLES / "lesson.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionProvider}
    BINDINGS: ClassVar[list[BindingType]] = LESSON_BINDINGS
    AUTO_FOCUS = "#next"
    HELP = """\
    ## The lesson

    Enter does what NEXT says. Letters are keys everywhere but in the editor and in inputs.
    """

    # The loop.

    async def action_proceed(self) -> None:
        """Do what comes next."""
        kind = self.session.view().next.kind
        # Enter anywhere brings the keys back to NEXT, where the next question is answered.
        self.next_line.focus()
        match kind:
            case NextKind.PREDICT | NextKind.QUIZ:
                self.next_line.answer.field.focus()
            case NextKind.ORDER | NextKind.FILL:
                self.open_exercise()
            case NextKind.READ if not self.work.is_busy:
                await self.action_next_step()
            case NextKind.LESSON:
                self.tutor.open_lesson_after(self.session.lesson)
            case NextKind.DONE:
                self.action_map()
            case _:
                if self.work.begin(_BUSY_NAME[kind], self.session.advance) and kind is NextKind.CHECK:
                    await self.bench.checks.begin()
                if kind is NextKind.EDIT and self.is_compact:
                    self.bench.pane = "file"

    def action_build(self) -> None:
        """Build."""
        self.work.begin("Building", self.session.build)

    def action_run(self) -> None:
        """Run."""
        self.work.begin("Starting the container", self.session.run)

    def action_probe(self) -> None:
        """Ask the endpoints."""
        self.work.begin("Asking the endpoints", self.session.probe)

    def action_log(self) -> None:
        """Read the container's log."""
        self.work.begin("Reading the log", self.session.log)

    async def action_check(self) -> None:
        """Grade."""
        if self.work.begin("Checking", self.session.check):
            await self.bench.checks.begin()

    async def action_hint(self) -> None:
        """The next hint."""
        hint = self.session.reveal_hint()
        if hint is None:
            self.say("No hint fits now: build or check first, and hints follow what went wrong.")
            return
        self.bench.pane = "checks"
        if hint.locked:
            self.say(hint.locked)
        await self.refresh_view()

    @on(AnswerGiven)
    async def predict(self, event: AnswerGiven) -> None:
        """Take a prediction."""
        problem = self.session.questions.predict(event.answer, event.confidence)
        if problem:
            self.next_line.complain(problem)
            return
        await self._question_closed()

    @on(OptionChosen)
    async def answer_quiz(self, event: OptionChosen) -> None:
        """Take an option of a quiz; a wrong one is answered and the question stays."""
        feedback = self.session.questions.answer_quiz(event.index)
        if feedback is None or feedback.is_right:
            await self._question_closed()
        else:
            self.next_line.complain(feedback.text)

    @on(AnswerRow.Complained)
    def complain(self, event: AnswerRow.Complained) -> None:
        """Say what is wrong with an answer."""
        self.next_line.complain(event.text)

    @on(AnswerSkipped)
    async def action_skip(self) -> None:
        """Go on without an answer."""
        next_kind = self.session.view().next.kind
        if self.next_line.question is None and next_kind not in {NextKind.ORDER, NextKind.FILL}:
            self.say("There is nothing to skip: s skips a question.")
            return
        self.session.questions.skip()
        await self._question_closed()

    async def _question_closed(self) -> None:
        await self.refresh_view()
        self.next_line.focus()
        self.focus_question()

    def open_exercise(self) -> None:
        """Lines to order or gaps to fill, beside the lesson's text."""
        from tutor.ui.screens.exercise import ExerciseScreen

        if self.work.is_busy or not self.save():
            return
        view = self.session.view().exercises[-1]
        screen = ExerciseScreen(view.exercise, self.session)
        self.app.push_screen(screen, self._exercise_left)

    async def _exercise_left(self, answer: str | None) -> None:
        from tutor.ui.screens.exercise import DONE, SKIPPED

        if answer == SKIPPED:
            self.session.questions.skip()
        elif answer == DONE:
            self.reload_editor()
            self.bench.pane = "file" if self.is_compact else self.bench.pane
            self.say("That is it: the file holds it now. u puts the old one back.", "success")
        await self._question_closed()

    def action_stop(self) -> None:
        """Stop what runs; otherwise back to NEXT."""
        if isinstance(self.focused, Input) or not self.work.is_busy:
            self.next_line.focus()
        else:
            self.work.stop()

    # Beyond the check.

    def action_what_if(self) -> None:
        """Grade the nearest right answer beside the learner's."""
        self.work.begin("Grading the nearest right answer", self.session.attempts.compare_with_neighbour)

    async def action_test_out(self) -> None:
        """Go straight to the checkpoint."""
        steps = self.session.lesson.steps
        last = max(index for index, step in enumerate(steps) if step.checks)
        await self.action_go_to_step(last)
        self.say("The checkpoint: make your files hold to these rules, then c. A pass is a pass.")

    async def action_drill(self) -> None:
        """Rebuild this lesson's answer from an empty file."""
        if self.save() and self.guarded(self.session.begin_drill):
            self.reload_editor()
            await self.refresh_view()
            self.say("An empty file; u puts your old one back. Make it hold to these rules, then c.")

    def action_solutions(self) -> None:
        """Other right answers, once the checkpoint was passed."""
        from tutor.ui.screens.solution import MEASURE, SolutionScreen

        if not self.session.attempts.was_passed:
            self.say("The solutions open once you passed the checkpoint: c grades your files.")
            return

        def answered(answer: str | None) -> None:
            if answer == MEASURE:
                self.work.begin("Measuring the solutions", self.session.solutions.measure)

        lesson = self.session.lesson
        try:
            solutions = self.session.solutions.solutions()
        except TutorError as error:
            self.app.push_screen(ErrorScreen("The solutions", error))
            return
        self.app.push_screen(
            SolutionScreen(lesson.title, solutions, self.session.solutions.own_size), answered
        )

    # Steps.

    async def action_go_to_step(self, index: int) -> None:
        """Turn to a step."""
        if self.session.go_to_step(index):
            self.say("")
            await self.refresh_view()
            self.focus_question()

    async def action_next_step(self) -> None:
        """Turn on."""
        await self.action_go_to_step(self.session.view().step_index + 1)

    async def action_previous_step(self) -> None:
        """Turn back."""
        await self.action_go_to_step(self.session.view().step_index - 1)

    def action_page(self, pages: int) -> None:
        """Scroll the lesson's text."""
        pane = self.query_one(LessonPane)
        pane.scroll_relative(y=pages * max(1, pane.size.height - 1), animate=False)

    # Panes.

    def action_pane(self, pane: str) -> None:
        """Show a pane and give it the keys."""
        if not self.bench.is_complete:
            return
        if pane == "file" and not self.is_compact:
            self.bench.editor.focus()
            return
        self.bench.pane = pane
        if pane in _PANE_FOCUS:
            self.bench.query_one(_PANE_FOCUS[pane]).focus()
        if pane == "bytes" and not self.work.is_busy:
            self.bench.bytes.begin()

    def action_bigger(self) -> None:
        """All the room for the pane with the keys; the panes at the right when NEXT has them."""
        focused = self.focused
        path = list(focused.ancestors_with_self) if focused is not None else []
        in_lesson = any(isinstance(node, LessonPane) for node in path)
        in_editor = focused is self.bench.editor
        self.zoom("lesson" if in_lesson else "file" if in_editor else "pane")

    def action_ask_path(self) -> None:
        """Type a path to ask for."""
        if not self.bench.is_complete:
            return
        self.bench.pane = "endpoints"
        self.bench.query_one("#endpoint-path").focus()

    @on(PaneChosen)
    def choose_pane(self, event: PaneChosen) -> None:
        """A tab was clicked."""
        self.action_pane(event.pane)

    @on(ProceedRequested)
    async def proceed(self) -> None:
        """NEXT was clicked."""
        await self.action_proceed()
