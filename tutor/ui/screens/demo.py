"""The screen in front of a class: large, calm, one thing at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input

from tutor.session.demo_step import DemoKind
from tutor.ui.binding import DEMO_BINDINGS
from tutor.ui.demo_picture import head
from tutor.ui.screens.demo_run import AGAIN, BACK, FORWARD, GOES_BACK, DemoRun, no_recording

if TYPE_CHECKING:
    from tutor.session.demo_moment import Show


class DemoScreen(DemoRun):
    """The keys: forward, back, and what a presenter needs beside them."""

    HELP = """\
Forward types the change or runs the step, live. Back restores the world of the step before: files,
images, the running container, the sizes. A presenter's remote works.

The class's guess is typed in where a question stands, and is shown against the fact. Nothing here
touches a learner's files. A demo is recorded; a recording is never graded.
"""
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = DEMO_BINDINGS

    def __init__(
        self,
        show: Show,
        *,
        mask: Callable[[str], str] = str,
        fallback: Callable[[int], Awaitable[Show | None]] = no_recording,
        on_change: Callable[[], None] = lambda: None,
        invite: Callable[[], None] | None = None,
        shell: Callable[[], None] | None = None,
    ) -> None:
        """``invite`` shows a code for a presenter's console; None where no console can come."""
        super().__init__(show, mask, fallback, on_change)
        self._invite = invite
        self._shell = shell
        self._holds = False
        self._held_at = -1
        self._field = ""

    def action_forward(self) -> None:
        """The next step; what is being typed is first finished."""
        if self._letters is not None:
            self.end_typing()
            self.run_worker(self.draw())
            return
        step = self.show.steps[self._target]
        if self._holds and step.command and self._held_at != self._target and not self.work.is_busy:
            self._held_at = self._target
            self._put("#demo-say", head(step, self._mask))
            self._enlarge(None)
            self._put("#demo-picture", Content.styled("Typed, not run. Forward runs it.", "$quiet"))
            return
        self._held_at = -1
        if not self._start(FORWARD, self.show.forward, self._target):
            self.say("Wait for the step that runs, or stop it with Esc.", "$quiet")

    def action_back(self) -> None:
        """The step before, with its world; while a step runs, stop it."""
        self._held_at = -1
        if self._letters is not None:
            self.end_typing()
        job = self.work.job
        if job is not None and job.name in GOES_BACK:
            self._backs_left += 1
        elif self.work.is_busy:
            self.action_stop()
        else:
            self._start(BACK, self._backed, self.show.index - 1)

    def action_redo(self) -> None:
        """The step on the screen once more."""
        self._start(AGAIN, self.show.redo)

    def action_hold(self) -> None:
        """Type commands without running them, or not."""
        self._holds = not self._holds
        how = (
            "Commands are typed first and run by a second Forward."
            if self._holds
            else "Commands run at once."
        )
        self.say(how, "$quiet")

    def action_shell(self) -> None:
        """A real shell in the demo's folder; leaving it comes back to this step."""
        if self._shell is None:
            self.say("A recording has no folder to work in.", "$quiet")
            return
        if self.is_busy:
            self.say("Wait for the step that runs, or stop it with Esc.", "$quiet")
            return
        try:
            with self.app.suspend():
                self._shell()
        except SuspendNotSupported:
            self.say("This terminal cannot be given to a shell and taken back.")
            return
        self.say("Back in the demo. If you changed files, the next steps run anew.", "$quiet")

    def action_stop(self) -> None:
        """Close the line at the bottom; else stop what runs. The world of the step before stays."""
        if self.query_one("#demo-field").display:
            self._close_field()
        elif self.work.cancel():
            self.say("Stopping.", "$quiet")

    def action_scroll(self, lines: int) -> None:
        """Scroll what does not fit."""
        self.query_one("#demo-body").scroll_relative(y=lines, animate=False)

    async def action_fall_back(self) -> None:
        """Go on from the recording that was offered."""
        if self._offer is None:
            return
        self.show, self._offer = self._offer, None
        number = self._wanted + 1
        await self.draw()
        if self._plays:
            self._start(FORWARD, self.show.forward, self._target)
        else:
            self._start(f"Jump to {number}", lambda: self.show.jump(number))

    def action_console(self) -> None:
        """A code for the presenter's console."""
        if self._invite is not None:
            self._invite()

    def action_ask(self, what: str) -> None:
        """Open the line at the bottom for a step's number or the class's guess."""
        if what == "guess" and self.show.steps[self.show.index].kind is not DemoKind.ASK:
            self.say("No question is on the screen.", "$quiet")
            return
        field = self.query_one("#demo-field", Input)
        self._field = what
        field.placeholder = "number of a step" if what == "jump" else "what the class says"
        field.value = ""
        field.display = True
        self.set_focus(field)  # at once: Enter must not be taken for Forward meanwhile

    def _close_field(self) -> None:
        self.query_one("#demo-field").display = False
        self.set_focus(None)

    @on(Input.Submitted, "#demo-field")
    async def take_field(self, event: Input.Submitted) -> None:
        """A number jumps, a guess is kept; what is refused stays to be put right."""
        event.stop()
        value = event.value.strip()
        taken = not value or (await self.guess(value) if self._field == "guess" else self.go_to(value))
        if taken:
            self._close_field()

    def go_to(self, number: str) -> bool:
        """Jump to the step of this number; False when it names none."""
        if not (number.isascii() and number.isdecimal()):
            self.say("A step is named by its number.", "$quiet")
            return False
        wanted = min(max(int(number[:6]), 1), len(self.show.steps))
        if not self._start(f"Jump to {wanted}", lambda: self.show.jump(wanted), wanted - 1):
            self.say("Wait for the step that runs, or stop it with Esc.", "$quiet")
        return True

    async def guess(self, said: str) -> bool:
        """What the class says to the question on the screen; False when that is no answer to it."""
        problem = self.show.predict(said) if said else None
        self.say(problem or "")
        if self.work.job is None:
            await self.draw()
        self._on_change()
        return problem is None
