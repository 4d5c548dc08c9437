"""What stands on the demo screen and how a step is drawn; what keys do is for the subclass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Digits, Input, Markdown, Static

from tutor.session.demo_step import DemoKind
from tutor.ui.demo_large import Large, large
from tutor.ui.demo_picture import head, picture, story_of
from tutor.ui.demo_typing import keystrokes
from tutor.ui.screens import STYLES
from tutor.ui.widgets.demo_status import DemoStatus
from tutor.ui.widgets.key_line import KeyLine
from tutor.ui.widgets.size_strip import SizeStrip

if TYPE_CHECKING:
    from tutor.core.image import SizeRow
    from tutor.session.demo_moment import Show


TYPING_SECONDS = 0.025
"""Between two letters of a change that is typed."""

TYPED_AT_MOST_SECONDS = 8.0


class DemoFrame(Screen[None]):
    """Draws one :class:`Show`."""

    CSS_PATH = STYLES / "demo.tcss"

    def __init__(self, show: Show, mask: Callable[[str], str], on_change: Callable[[], None]) -> None:
        """``on_change`` is called whenever a presenter's console might show something else."""
        super().__init__()
        self.show = show
        self.notice = ""
        """The sentence below; empty when there is none."""
        self._mask = mask
        self._on_change = on_change
        self._letters: int | None = None
        self._prose = ""
        self._said = ("", "")
        self._progress = ""

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield DemoStatus()
        yield Static(id="demo-heading", markup=False)
        yield Static(id="demo-say", markup=False)
        with VerticalScroll(id="demo-body", can_focus=False):
            yield Markdown(id="demo-prose", open_links=False)
            yield Static(id="demo-picture", markup=False)
            with Horizontal(id="demo-large"):
                yield Digits(id="demo-number")
                yield Static(id="demo-unit", markup=False)
        yield Input(id="demo-field", compact=True)
        yield Static(id="demo-notice", markup=False)
        yield SizeStrip()
        yield KeyLine()

    async def on_mount(self) -> None:
        """Show where the demo stands, and be ready to type."""
        self._typist = self.set_interval(TYPING_SECONDS, self._type, pause=True)
        await self.draw()

    async def draw(self) -> None:
        """Show the step as it stands."""
        index = self.show.index
        step, moment = self.show.steps[index], self.show.moment(index)
        self.query_one(DemoStatus).put(
            self.show.lesson.title,
            f"{step.number} / {len(self.show.steps)}",
            self._mask(self.show.source),
            is_replay=self.show.is_replay,
        )
        if moment is None:
            return
        self._put("#demo-heading", Content.styled(step.heading, "bold $accent"))
        reads = step.kind is DemoKind.READ
        says = step.kind in {DemoKind.TYPE, DemoKind.DO, DemoKind.CHECK}
        # Of a checkpoint the last of many commands would stand there.
        command = "" if step.kind is DemoKind.CHECK else story_of(moment, self._mask).command
        self._put("#demo-say", head(step, self._mask, command) if says else Content(""))
        prose = self.query_one("#demo-prose", Markdown)
        prose.display = reads
        text = self._mask(moment.prose)
        if reads and text != self._prose:
            self._prose = text
            await prose.update(text)
        self._put("#demo-picture", picture(step, moment, self._mask, self._letters))
        self._enlarge(large(step, moment, self.show.lesson))
        self._sizes(moment.sizes)
        if self.show.is_replay and step.kind is DemoKind.CHECK:
            self.say("These verdicts were recorded: nothing is run or graded.", "$quiet")

    def _enlarge(self, number: Large | None) -> None:
        """Draw the step's one number for the back row; None takes it away."""
        place = self.query_one("#demo-large")
        place.display = number is not None
        if number is not None:
            place.set_class(number.is_fact, "-fact")
            self.query_one("#demo-number", Digits).update(number.number)
            self.query_one("#demo-unit", Static).update(self._mask(number.words))

    def _sizes(self, rows: tuple[SizeRow, ...]) -> None:
        rows = tuple(replace(row, name=self._mask(row.name)) for row in rows)
        self.query_one(SizeStrip).show(rows, self.show.lesson.slug, self.show.lesson.par_bytes)

    def _put(self, selector: str, content: Content) -> None:
        widget = self.query_one(selector, Static)
        widget.display = bool(content.plain)
        widget.update(content)

    def start_typing(self) -> None:
        """Type the change of the step on the screen, if it changes anything."""
        moment = self.show.moment(self.show.index)
        if moment is not None and moment.before != moment.after:
            self._letters = 0
            self._typist.resume()

    def end_typing(self) -> None:
        """Have all of it there."""
        self._letters = None
        self._typist.pause()
        self._on_change()

    def _type(self) -> None:
        moment = self.show.moment(self.show.index)
        if moment is None or self._letters is None:
            return
        total = keystrokes(moment.before, moment.after)
        self._letters += max(1, round(total * TYPING_SECONDS / TYPED_AT_MOST_SECONDS))
        if self._letters >= total:
            self.end_typing()
        step = self.show.steps[self.show.index]
        self._put("#demo-picture", picture(step, moment, self._mask, self._letters))

    def say(self, text: str, style: str = "$warning") -> None:
        """One sentence below; empty takes it away."""
        self._said = (text, style)
        self._draw_notice()

    def tell_progress(self, words: str) -> None:
        """How far long work is, below the sentence; empty takes it away."""
        if words != self._progress:
            self._progress = words
            self._draw_notice()

    def _draw_notice(self) -> None:
        text, style = self._said
        self.notice = text or self._progress
        self._on_change()
        rows = [Content.styled(self._mask(text), style)] if text else []
        if self._progress:
            rows.append(Content.styled(self._mask(self._progress), "$quiet"))
        self._put("#demo-notice", Content("\n").join(rows))
