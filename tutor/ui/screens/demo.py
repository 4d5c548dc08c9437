"""The screen in front of a class: large, calm, one thing at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from tutor.core.errors import EngineError, EngineLost, TutorError
from tutor.core.events import BaseNeeded, ImageMeasured, SessionEvent
from tutor.session.demo_step import DemoKind
from tutor.ui import present
from tutor.ui.demo_picture import head, picture
from tutor.ui.demo_story import Story
from tutor.ui.demo_typing import keystrokes
from tutor.ui.screens.demo_frame import DemoFrame
from tutor.ui.work import Ending, Job, Work

if TYPE_CHECKING:
    from tutor.session.demo_moment import Show

TYPING_SECONDS = 0.025
"""Between two letters of a change that is typed."""

TYPED_AT_MOST_SECONDS = 8.0
DRAW_SECONDS = 0.1
_NOTHING: tuple[SessionEvent, ...] = ()
_FORWARD, _AGAIN = "Forward", "Again"
_DOES = frozenset({_FORWARD, _AGAIN})
"""Names of the jobs that do a step."""


class DemoScreen(DemoFrame):
    """Drives one :class:`Show`. ``fallback`` gives a recording to go on from, or None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,enter,pagedown,n", "forward", "Forward", key_display="→", id="demo-forward"),
        Binding("left,backspace,pageup,p", "back", "Back", key_display="←", id="demo-back"),
        Binding("j", "ask('jump')", "Jump", id="demo-jump"),
        Binding("g", "ask('guess')", "Class's guess", id="demo-guess"),
        Binding("x", "redo", "Again, live", id="demo-redo"),
        Binding("y", "hold", "Type only", id="demo-hold"),
        Binding("s", "shell", "Shell", id="demo-shell"),
        Binding("r", "fall_back", "Go on from recording", show=False, id="demo-fall-back"),
        Binding("down", "scroll(3)", "Down", show=False, id="demo-down"),
        Binding("up", "scroll(-3)", "Up", show=False, id="demo-up"),
        Binding("escape", "stop", "Stop", show=False, id="demo-stop"),
    ]

    def __init__(
        self,
        show: Show,
        *,
        mask: Callable[[str], str] = str,
        fallback: Callable[[int], Show | None] = lambda _: None,
        on_step: Callable[[], None] = lambda: None,
        shell: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(show, mask)
        self.work = Work(self, self._take, self._fail, self._ended)
        self._fallback = fallback
        self._on_step = on_step
        self._shell = shell
        self._offer: Show | None = None
        self._wanted = 0
        self._plays = False
        self._live: Story | None = None
        self._holds = False
        self._held_at = -1
        self._tells_progress = False
        self._field = ""

    async def on_mount(self) -> None:
        """Show where the demo stands."""
        self.query_one("#demo-field").display = False
        self._typist = self.set_interval(TYPING_SECONDS, self._type, pause=True)
        self._painter = self.set_interval(DRAW_SECONDS, self._paint, pause=True)
        await self.draw()

    def _paint(self) -> None:
        """While something runs: what came so far."""
        story = self._live
        if story is None or not story.has_begun:
            return
        step = self.show.steps[self._target]
        self._put("#demo-heading", Content.styled(step.heading, "bold $accent"))
        self._put("#demo-say", head(step, self._mask, story.command))
        self._put("#demo-picture", story.content())
        self.query_one("#demo-prose").display = False
        self._enlarge(None)
        progress = story.progress
        if progress is not None:
            amount = present.amount(progress.current, progress.total, progress.unit)
            self.say(f"{progress.label}: {amount}", "$quiet")
            self._tells_progress = True
        elif self._tells_progress:
            self._tells_progress = False
            self.say("")
        self.query_one("#demo-body").scroll_end(animate=False)

    def _type(self) -> None:
        moment = self.show.moment(self.show.index)
        if moment is None or self._letters is None:
            return
        total = keystrokes(moment.before, moment.after)
        self._letters += max(1, round(total * TYPING_SECONDS / TYPED_AT_MOST_SECONDS))
        if self._letters >= total:
            self._end_typing()
        step = self.show.steps[self.show.index]
        self._put("#demo-picture", picture(step, moment, self._mask, self._letters))

    def _end_typing(self) -> None:
        self._letters = None
        self._typist.pause()

    # Work.

    def _start(
        self, name: str, source: Callable[[], AsyncGenerator[SessionEvent, None]], wanted: int | None = None
    ) -> bool:
        """``wanted`` is the index of the step it leads to: a recording goes on there when it fails."""
        if self.work.start(name, source) is None:
            return False
        self._wanted = self.show.index if wanted is None else wanted
        self._plays = name in _DOES
        self.say("")
        self._offer = None
        self._live = Story(self._mask)
        self._painter.resume()
        return True

    async def _take(self, event: SessionEvent) -> None:
        story = self._live
        if story is None:
            return
        story.tell(event)
        if isinstance(event, BaseNeeded):
            plan = event.plan
            how = {
                "kit": "loads it from the class kit",
                "pull": f"pulls {present.megabytes(plan.pull_bytes or 0)}",
                "stand-in": "makes a stand-in for it on this machine",
            }[plan.ways[0]]
            self.say(f"{plan.reference} is not here. Forward {how} and goes on.")
        elif isinstance(event, ImageMeasured):
            story.progress = None
        if story.said:
            self.say(story.said[-1].text)

    def _fail(self, job: Job, error: Exception) -> None:
        told = error.what if isinstance(error, TutorError) else str(error)
        step = error.next_step if isinstance(error, TutorError) else ""
        if isinstance(error, EngineError) and (offered := self._offered(self._wanted)):
            # Where a connection broke is nothing for a class, when there is a way on.
            told, step = "The engine is gone." if isinstance(error, EngineLost) else told, offered
        self.say(f"{job.name}: {told} {step}", "$error")

    def _offered(self, index: int) -> str:
        """Hold a recording ready that reaches this step; empty when there is none."""
        self._offer = None if self.show.is_replay else self._fallback(index)
        return f"r goes on from {self._offer.source}, at this very step." if self._offer else ""

    async def _ended(self, job: Job, ending: Ending) -> None:
        story, self._live = self._live, None
        self._painter.pause()
        if ending is Ending.STOPPED and not self.work.is_busy:
            self._start("Putting the step back", self._restored)
            return
        if ending is Ending.DONE and (story is None or not story.said) and not self._waits(story):
            self.say("")
        if ending is Ending.DONE and job.name in _DOES:
            self._judge(story)
        self._begin_typing(job)
        await self.draw()
        self.query_one("#demo-body").scroll_home(animate=False)
        self._on_step()

    def _judge(self, story: Story | None) -> None:
        """A step that ended otherwise than it should: without a network, say. A recording shows it whole."""
        moment = self.show.moment(self.show.index)
        if moment is None or moment.went_well is not False:
            return
        offered = self._offered(self.show.index)
        if offered:
            self.say(f"{story.said[-1].text if story and story.said else ''} {offered}".strip())

    @staticmethod
    def _waits(story: Story | None) -> bool:
        return story is not None and story.waits_for_base

    def _begin_typing(self, job: Job) -> None:
        step, moment = self.show.steps[self.show.index], self.show.moment(self.show.index)
        if job.name != _FORWARD or step.kind is not DemoKind.TYPE or moment is None:
            return
        if moment.before != moment.after:
            self._letters = 0
            self._typist.resume()

    async def _restored(self) -> AsyncGenerator[SessionEvent, None]:
        await self.show.restore()
        for event in _NOTHING:
            yield event

    async def _backed(self) -> AsyncGenerator[SessionEvent, None]:
        if not await self.show.back():
            self.app.bell()
        for event in _NOTHING:
            yield event

    # Keys.

    @property
    def _target(self) -> int:
        return min(self.show.index + 1, len(self.show.steps) - 1)

    def action_forward(self) -> None:
        """The next step; what is being typed is first finished."""
        if self._letters is not None:
            self._end_typing()
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
        if not self._start(_FORWARD, self.show.forward, self._target):
            self.say("Wait for the step that runs, or stop it with Esc.", "$quiet")

    def action_back(self) -> None:
        """The step before, with its world; while something runs, stop it."""
        self._held_at = -1
        if self._letters is not None:
            self._end_typing()
        if self.work.is_busy:
            self.action_stop()
            return
        self._start("Back", self._backed, self.show.index - 1)

    def action_redo(self) -> None:
        """The step on the screen once more."""
        self._start(_AGAIN, self.show.redo)

    def action_hold(self) -> None:
        """Type commands without running them, or not."""
        self._holds = not self._holds
        how = (
            "Commands are typed first and run by a second Forward."
            if self._holds
            else "Commands run at once."
        )
        self.say(how, "$quiet")

    @property
    def is_busy(self) -> bool:
        """Whether something runs or is being typed."""
        return self.work.job is not None or self._letters is not None

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
        """Stop what runs; the world of the step before stays."""
        if self.work.cancel():
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
            self._start(_FORWARD, self.show.forward, self._target)
        else:
            self._start(f"Jump to {number}", lambda: self.show.jump(number))

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
        field.focus()

    @on(Input.Submitted, "#demo-field")
    async def take_field(self, event: Input.Submitted) -> None:
        """A number jumps, a guess is kept."""
        event.stop()
        event.input.display = False
        self.set_focus(None)
        value = event.value.strip()
        if self._field == "guess":
            problem = self.show.predict(value) if value else None
            self.say(problem or "")
            await self.draw()
            self._on_step()
        elif value.isascii() and value.isdecimal():
            number = int(value[:6])
            wanted = min(max(number, 1), len(self.show.steps)) - 1
            self._start(f"Jump to {number}", lambda: self.show.jump(number), wanted)
        elif value:
            self.say("A step is named by its number.", "$quiet")
