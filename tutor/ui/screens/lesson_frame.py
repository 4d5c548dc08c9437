"""The lesson screen's panes and how they share the room there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tutor.session.opening import ImageOpening
from tutor.ui.widgets.key_line import KeyLine
from tutor.ui.widgets.lesson_pane import LessonPane
from tutor.ui.widgets.next_line import NextLine
from tutor.ui.widgets.size_strip import SizeStrip
from tutor.ui.widgets.status_line import StatusLine
from tutor.ui.widgets.workbench import Workbench

if TYPE_CHECKING:
    from tutor.session.course import CourseSession
    from tutor.session.lesson import LessonSession
    from tutor.session.view import LessonView
    from tutor.ui.app import TutorApp

WIDE = (104, 28)
"""From this size on, lesson, editor and panes stand beside each other."""

LEAST = (60, 18)
"""Below this size nothing useful fits."""

_SIGN = {"information": "·", "success": "✓", "warning": "!", "error": "✗"}
_STYLE = {"information": "$foreground", "success": "$success", "warning": "$warning", "error": "$error"}
_ZOOMS = ("-zoom-lesson", "-zoom-file", "-zoom-pane")


class LessonFrame(Screen[None]):
    """Panes, layout, and showing a view of the lesson; what keys do is for the subclass."""

    def __init__(self, course: CourseSession, session: LessonSession) -> None:
        super().__init__()
        self.course = course
        self.session = session
        self.opening = ImageOpening(course, session)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield StatusLine(id="status")
        with Horizontal(id="body"):
            yield LessonPane()
            yield Workbench()
        yield Static(id="notice", markup=False, classes="-empty")
        yield NextLine()
        yield SizeStrip()
        yield KeyLine()
        yield Static(id="too-small", markup=False)

    @property
    def tutor(self) -> TutorApp:
        """The app, by its own type."""
        return cast("TutorApp", self.app)

    @property
    def bench(self) -> Workbench:
        """Editor and panes."""
        return self.query_one(Workbench)

    @property
    def next_line(self) -> NextLine:
        """What comes next."""
        return self.query_one(NextLine)

    @property
    def status_line(self) -> StatusLine:
        """The line at the top."""
        return self.query_one(StatusLine)

    @property
    def is_compact(self) -> bool:
        """Whether one pane shows at a time."""
        return self.has_class("-compact")

    def on_resize(self) -> None:
        """Choose the layout for the room there is."""
        self.fit()

    def fit(self) -> None:
        """Compact below :data:`WIDE`; below :data:`LEAST` only a word on that."""
        width, height = self.app.size
        self.set_class(width < WIDE[0] or height < WIDE[1], "-compact")
        tiny = width < LEAST[0] or height < LEAST[1]
        self.set_class(tiny, "-tiny")
        if tiny:
            self.query_one("#too-small", Static).update(
                f"More room, please: {LEAST[0]}×{LEAST[1]} or more.\nThis window is {width}×{height}.\n"
                "Everything goes on where it is."
            )

    @on(LessonPane.Scrolled)
    def tell_rest(self, event: LessonPane.Scrolled) -> None:
        """Text that is left below is not to be overlooked."""
        self.query_one(LessonPane).border_subtitle = "▾ PgDn" if event.below else ""
        self.bench.tell_rest(below=event.below)

    def zoom(self, region: str) -> None:
        """Give all the room to ``lesson``, ``file`` or ``pane``; the same again takes it back."""
        wanted = f"-zoom-{region}"
        on = not any(self.has_class(name) for name in _ZOOMS)
        for name in _ZOOMS:
            self.set_class(on and name == wanted, name)

    def say(self, text: str, severity: str = "information") -> None:
        """One sentence above NEXT, with a sign for its kind; empty takes it away."""
        notice = self.query_one("#notice", Static)
        notice.set_class(not text, "-empty")
        if not text:
            notice.update("")
            return
        style = _STYLE.get(severity, "$foreground")
        notice.update(Content.assemble((f" {_SIGN.get(severity, '·')} ", f"bold {style}"), (text, style)))

    async def show_view(self, view: LessonView) -> None:
        """Show the lesson as it is now; what did not change is not drawn again."""
        self.status_line.show_lesson(view, len(self.course.lessons))
        await self.query_one(LessonPane).show(view)
        await self.next_line.show(view.next)
        self.show_size_rows(view)
        if self.bench.is_complete:
            await self.bench.checks.show(view)
            self.bench.look.show(view.shown)
            self.bench.endpoints.show_address(view.address)

    def show_size_rows(self, view: LessonView) -> None:
        """Show the sizes measured so far."""
        self.query_one(SizeStrip).show(view.sizes, view.lesson.slug, view.par_bytes)
        if self.bench.is_complete:
            self.bench.sizes.show(view.sizes, view.lesson.slug, view.par_bytes)
            self.bench.bytes.show(self.opening, view.sizes, view.lesson.slug)

    def refresh_rows(self) -> None:
        """The dots of the status line."""
        self.status_line.show_rows(self.course.rows())

    def focus_question(self) -> None:
        """Put the cursor where a prediction is typed, when one is asked and the learner is at NEXT."""
        line = self.next_line
        at_next = self.focused is None or line in self.focused.ancestors_with_self
        if at_next:
            (line.answer.field if line.question is not None else line).focus()
