"""Doing a step of a demo: what runs is told as it goes, and how it ended is said."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.core.errors import EngineError, EngineLost, TutorError
from tutor.core.events import BaseNeeded, Said, SessionEvent
from tutor.session.demo_step import DemoKind
from tutor.ui import present
from tutor.ui.demo_picture import head
from tutor.ui.demo_story import Story
from tutor.ui.screens.demo_frame import DemoFrame
from tutor.ui.work import Ending, Job, Work

if TYPE_CHECKING:
    from tutor.session.demo_moment import Show

DRAW_SECONDS = 0.1
_NOTHING: tuple[SessionEvent, ...] = ()
FORWARD, AGAIN, BACK, RESTORE = "Forward", "Again", "Back", "Putting the step back"
_DOES = frozenset({FORWARD, AGAIN})
"""Names of the jobs that do a step."""
GOES_BACK = frozenset({BACK, RESTORE})
"""Names of those that restore one: a Back meanwhile comes after it."""


async def no_recording(_: int) -> Show | None:
    """Where there is nothing to go on from."""
    return None


class DemoRun(DemoFrame):
    """Runs the steps of one :class:`Show`. ``fallback`` gives a recording to go on from, or None."""

    def __init__(
        self,
        show: Show,
        mask: Callable[[str], str],
        fallback: Callable[[int], Awaitable[Show | None]],
        on_change: Callable[[], None],
    ) -> None:
        super().__init__(show, mask, on_change)
        self.work = Work(self, self._take, self._fail, self._ended)
        self._fallback = fallback
        self._offer: Show | None = None
        self._fault: Exception | None = None
        self._backs_left = 0
        self._wanted = 0
        self._plays = False
        self._live: Story | None = None

    async def on_mount(self) -> None:
        """Nothing is asked for yet."""
        self.query_one("#demo-field").display = False
        self._painter = self.set_interval(DRAW_SECONDS, self._paint, pause=True)

    def _paint(self) -> None:
        """While something runs: what came so far."""
        story = self._live
        if story is None:
            return
        self.tell_progress(story.progress_words)
        if not story.has_begun:
            return
        step = self.show.steps[self.standing if self._plays else self._target]
        self._put("#demo-heading", Content.styled(step.heading, "bold $accent"))
        self._put("#demo-say", head(step, self._mask, story.command))
        self._put("#demo-picture", story.content())
        self.query_one("#demo-prose").display = False
        self._enlarge(None)
        self.query_one("#demo-body").scroll_end(animate=False)

    def _start(
        self, name: str, source: Callable[[], AsyncGenerator[SessionEvent, None]], wanted: int | None = None
    ) -> bool:
        """``wanted`` is the index of the step it leads to: a recording goes on there when it fails."""
        if self.work.start(name, source) is None:
            return False
        self._wanted = self.show.index if wanted is None else wanted
        self._plays = name in _DOES
        self.say("")
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
        elif isinstance(event, Said):
            self.say(event.text)
        self._on_change()

    def _fail(self, _: Job, error: Exception) -> None:
        self._fault = error

    async def _tell_fault(self, job: Job, error: Exception) -> None:
        told = error.what if isinstance(error, TutorError) else str(error)
        step = error.next_step if isinstance(error, TutorError) else ""
        if isinstance(error, EngineError) and (offered := await self._offered(self._wanted)):
            # Where a connection broke is nothing for a class, when there is a way on.
            told, step = "The engine is gone." if isinstance(error, EngineLost) else told, offered
        told = told.rstrip()
        stop = "" if told.endswith((".", "!", "?", ":")) else "."
        self.say(f"{job.name}: {told}{stop} {step}".rstrip(), "$error")

    async def _offered(self, index: int) -> str:
        """Hold a recording ready that reaches this step; empty when there is none."""
        self._offer = None if self.show.is_replay else await self._fallback(index)
        return f"r goes on from {self._offer.source}, at this very step." if self._offer else ""

    async def _ended(self, job: Job, ending: Ending) -> None:
        story, self._live = self._live, None
        fault, self._fault = self._fault, None
        self._painter.pause()
        self.tell_progress("")
        if fault is not None:
            await self._tell_fault(job, fault)
        if ending is Ending.STOPPED and not self.work.is_busy:
            self._start(RESTORE, self._restored)
            return
        if ending is Ending.DONE and not self._waits(story):
            self.say(story.said[-1].text if story and story.said else "")
        if ending is Ending.DONE and job.name in _DOES:
            await self._judge(story)
        if job.name == FORWARD and self.show.steps[self.show.index].kind is DemoKind.TYPE:
            self.start_typing()
        await self.draw()
        self.query_one("#demo-body").scroll_home(animate=False)
        self._on_change()
        self._go_on_back(ending)

    def _go_on_back(self, ending: Ending) -> None:
        """Back as often as it was pressed while a step was being restored."""
        if ending is not Ending.DONE or self.show.index == 0:
            self._backs_left = 0
        elif self._backs_left and self._start(BACK, self._backed, self.show.index - 1):
            self._backs_left -= 1

    async def _judge(self, story: Story | None) -> None:
        """A step that ended otherwise than it should: without a network, say. A recording shows it whole."""
        moment = self.show.moment(self.show.index)
        if moment is None or moment.went_well is not False:
            return
        offered = await self._offered(self.show.index)
        if offered:
            self.say(f"{story.said[-1].text if story and story.said else ''} {offered}".strip())

    @staticmethod
    def _waits(story: Story | None) -> bool:
        return story is not None and story.waits_for_base

    async def _restored(self) -> AsyncGenerator[SessionEvent, None]:
        await self.show.restore()
        for event in _NOTHING:
            yield event

    async def _backed(self) -> AsyncGenerator[SessionEvent, None]:
        if self.show.index == 0:
            self.app.bell()
        async with aclosing(self.show.back()) as events:
            async for event in events:
                yield event

    @property
    def _target(self) -> int:
        return min(self.show.index + 1, len(self.show.steps) - 1)

    @property
    def standing(self) -> int:
        """Index of the step that the class looks at: the one that runs, while one does."""
        return self._wanted if self.work.job is not None and self._plays else self.show.index

    @property
    def doing(self) -> str:
        """What runs, by its command or else by its name; empty when nothing does."""
        job, story = self.work.job, self._live
        command = self.show.steps[self.standing].command
        return "" if job is None else (story.command if story else "") or command or job.name

    @property
    def is_busy(self) -> bool:
        """Whether something runs or is being typed."""
        return self.work.job is not None or self._letters is not None
