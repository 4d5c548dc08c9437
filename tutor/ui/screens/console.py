"""What the presenter has in front of them, while the class looks at the demo."""

from __future__ import annotations

from pathlib import Path, PurePath
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Markdown, Static

from tutor.core.console import ConsoleWish, WishKind
from tutor.core.errors import ConsoleError
from tutor.session.console_call import ConsoleCall
from tutor.ui import console_picture
from tutor.ui.binding import CONSOLE_BINDINGS
from tutor.ui.screens import STYLES
from tutor.ui.widgets.demo_status import DemoStatus
from tutor.ui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from tutor.core.console import ConsoleView

_PLACEHOLDER = {"code": "code of six digits", "jump": "number of a step", "guess": "what the class says"}
_WELCOME = Content.assemble(
    ("Presenter's console\n\n", "bold $accent"),
    "On the demo's screen press ",
    ("c", "bold $accent"),
    ". It shows a code: type it here.\n",
    (
        "A code is good for one console; a new console takes the place of the one before. Esc leaves.",
        "$quiet",
    ),
)


class ConsoleScreen(Screen[None]):
    """Finds a demo by ``pointer`` and a code, shows what it tells, and sends what the presenter wishes."""

    HELP = """\
Notes, the next step, the time against the plan, and what the class said. The keys are those of the demo.
`l` lists all steps with their times, `0` lets the clock begin anew, `g` takes what the class says.
"""
    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / "demo.tcss", STYLES / "console.tcss"]
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = CONSOLE_BINDINGS

    def __init__(self, pointer: Path) -> None:
        super().__init__()
        self._pointer = pointer
        self._call: ConsoleCall | None = None
        self._view: ConsoleView | None = None
        self._told_at = 0.0
        self._notes = ""
        self._field = "code"

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield DemoStatus()
        yield Static(id="console-time", markup=False)
        yield Static(_WELCOME, id="console-now", markup=False)
        yield Static(id="console-guesses", markup=False)
        with VerticalScroll(id="console-body", can_focus=False):
            yield Markdown(id="console-notes", open_links=False)
            yield Static(id="console-steps", markup=False)
        yield Static(id="console-next", markup=False)
        yield Input(id="console-field", compact=True)
        yield Static(id="console-notice", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Ask for the code."""
        self.query_one(DemoStatus).put("FROM scratch", "", "", is_replay=False)
        for selector in ("#console-time", "#console-guesses", "#console-steps", "#console-next"):
            self.query_one(selector).display = False
        self.say("")
        self.action_ask("code")
        self.set_interval(1.0, self._tick)

    @property
    def is_connected(self) -> bool:
        """Whether a demo is at the other end."""
        return self._call is not None

    # The line to the demo.

    async def _connect(self, code: str) -> None:
        self.say("Asking the demo …")
        try:
            call = await ConsoleCall.reach(self._pointer, code)
        except ConsoleError as error:
            self.say(f"{error.what} {error.next_step}".strip())
            self.action_ask("code")
            return
        self._call = call
        try:
            async for view in call.views():
                await self._take(view)
        finally:
            self._call = None
            await call.close()
        self.say(f"{call.over} Enter connects again, with a fresh code; q leaves.")

    async def _take(self, view: ConsoleView) -> None:
        self._view, self._told_at = view, monotonic()
        place = f"{view.step.number} / {len(view.steps)}"
        self.query_one(DemoStatus).put(view.lesson, place, view.source, is_replay=view.is_replay)
        self._put("#console-now", console_picture.now(view))
        self._put("#console-guesses", console_picture.guesses(view))
        self._put("#console-next", console_picture.following(view))
        self.say(view.notice)
        self._tick()
        text = console_picture.notes(view)
        if text != self._notes:
            self._notes = text
            await self.query_one("#console-notes", Markdown).update(text)
            self.query_one("#console-body").scroll_home(animate=False)

    def _tick(self) -> None:
        view = self._view
        if view is None or self._call is None:
            return
        more = monotonic() - self._told_at if view.clock_runs else 0.0
        self._put("#console-time", console_picture.time_line(view, more))
        if self.query_one("#console-steps").display:
            self.query_one("#console-steps", Static).update(console_picture.steps(view, more))

    def _put(self, selector: str, content: Content) -> None:
        widget = self.query_one(selector, Static)
        widget.display = bool(content.plain)
        widget.update(content)

    def say(self, text: str) -> None:
        """One sentence below; empty takes it away."""
        self._put("#console-notice", Content(text))

    def _wish(self, kind: WishKind, value: str = "") -> None:
        if self._call is None:
            self.say("No demo is connected. Enter connects to one; q leaves.")
        elif self._view is not None and self._view.is_away:
            self.say("A shell has the demo's screen: leave that first.")
        elif not self._call.wish(ConsoleWish(kind, value)):
            self.say("The demo does not hear.")

    # Keys.

    def action_forward(self) -> None:
        """The next step; without a demo, a code is asked for."""
        if self._call is None:
            self.action_ask("code")
        else:
            self._wish(WishKind.FORWARD)

    def action_back(self) -> None:
        """The step before."""
        self._wish(WishKind.BACK)

    def action_clock(self) -> None:
        """The time counts from now on."""
        self._wish(WishKind.CLOCK)

    def action_fall_back(self) -> None:
        """Go on from the recording that the demo offers."""
        self._wish(WishKind.FALL_BACK)

    def action_stop(self) -> None:
        """Close the line at the bottom; else stop what runs."""
        field = self.query_one("#console-field", Input)
        if field.display and (self._field != "code" or self._view is not None):
            self._close_field()
        elif field.display:
            self.app.exit()
        else:
            self._wish(WishKind.STOP)

    def action_list(self) -> None:
        """All steps with their times, or the notes."""
        steps, notes = self.query_one("#console-steps"), self.query_one("#console-notes")
        steps.display, notes.display = not steps.display, steps.display
        self._tick()
        view, body = self._view, self.query_one("#console-body")
        # About where the step stands in the list, headings counted.
        at = view.index * 5 // 4 - 4 if view is not None and steps.display else 0
        self.call_after_refresh(body.scroll_to, y=max(0, at), animate=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll what does not fit."""
        self.query_one("#console-body").scroll_relative(y=lines, animate=False)

    def action_ask(self, what: str) -> None:
        """Open the line at the bottom for a code, a step's number or the class's guess."""
        if what != "code" and self._call is None:
            self._wish(WishKind.STOP)
            return
        if what == "guess" and (self._view is None or not self._view.question):
            self.say("No question is on the demo's screen.")
            return
        field = self.query_one("#console-field", Input)
        self._field = what
        field.placeholder = _PLACEHOLDER[what]
        field.value = ""
        field.display = True
        self.set_focus(field)  # at once: Enter must not be taken for Forward meanwhile

    def _close_field(self) -> None:
        self.query_one("#console-field").display = False
        self.set_focus(None)

    @on(Input.Submitted, "#console-field")
    def take_field(self, event: Input.Submitted) -> None:
        """A code connects, a number jumps, a guess is sent."""
        event.stop()
        value = event.value.strip()
        if self._field == "code" and not value:
            # Nothing is no code: it must not count as a wrong one.
            self.say("Type the code that the demo's screen shows after c.")
            return
        self._close_field()
        if self._field == "code":
            code = "".join(value.split())
            self.run_worker(self._connect(code), group="line", exclusive=True)
        elif value:
            self._wish(WishKind.JUMP if self._field == "jump" else WishKind.GUESS, value)
