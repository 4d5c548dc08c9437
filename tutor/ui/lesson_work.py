"""Long work on the lesson screen: begun by a wish, shown while it runs, and what follows its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING, Literal

from tutor.core.base import BasePlan
from tutor.core.errors import EngineLost, LearnerError
from tutor.ui import present
from tutor.ui.display import EventDisplay
from tutor.ui.screens.base_choice import KIT, PULL, STAND_IN, BaseChoiceScreen
from tutor.ui.screens.error import ErrorScreen
from tutor.ui.work import Ending, Job, Work, as_generator

if TYPE_CHECKING:
    from tutor.core.events import SessionEvent
    from tutor.session.lesson import LessonSession
    from tutor.ui.screens.lesson_desk import LessonDesk

TICK_SECONDS = 0.1

Source = Callable[[], "AsyncIterator[SessionEvent]"]


class LessonWork:
    """Starts work when nothing else runs, keeps NEXT telling of it, and ends it cleanly."""

    def __init__(self, screen: LessonDesk, session: LessonSession) -> None:
        self._screen = screen
        self._session = session
        self._display = EventDisplay(screen)
        self._busy_said = False
        self._work = Work(screen, self._display.show, self._fail, self._end)
        self._ticking = screen.set_interval(TICK_SECONDS, self._tick, pause=True, name="work clock")

    @property
    def is_busy(self) -> bool:
        """Whether work runs that should not be displaced without asking."""
        return self._work.is_busy

    @property
    def name(self) -> str:
        """What runs now; empty when nothing does."""
        return self._work.job.name if self._work.job else ""

    def begin(self, name: str, source: Source) -> bool:
        """Begin work a learner asked for; what was typed is saved first. False when it cannot be now."""
        if not self._screen.bench.is_complete:
            return False
        if self._work.is_busy:
            self._screen.say(f"Still busy: {self.name.lower()}. Esc stops it.", "warning")
            self._busy_said = True
            return False
        if not self._screen.save():
            return False
        self._screen.say("")
        return self._start(name, source)

    def begin_quietly(self, name: str, source: Source) -> None:
        """Begin work that nobody asked for; it gives way to any other."""
        self._work.start(name, source, yields=True)
        self._ticking.resume()

    def _start(self, name: str, source: Source) -> bool:
        self._display.begin()
        self._work.start(name, source)
        self._screen.next_line.show_busy(name)
        self._ticking.resume()
        return True

    def stop(self) -> bool:
        """Stop what runs; False when nothing does."""
        return self._work.cancel()

    async def settle(self) -> None:
        """Stop what runs and wait for its clean end."""
        await self._work.settle()

    def _tick(self) -> None:
        job = self._work.job
        if job is None:
            return
        line = self._screen.next_line
        if not job.yields:
            line.show_busy(job.name, present.duration(monotonic() - job.began))
        progress, self._display.progress = self._display.progress, None
        if progress is not None:
            line.show_progress(progress.label, progress.current, progress.total, progress.unit)

    def _fail(self, job: Job, error: Exception) -> None:
        screen = self._screen
        if isinstance(error, LearnerError):
            screen.bench.build.show_fault(error)
            screen.bench.editor.mark_error(getattr(error, "line", 0))
            screen.bench.tab("build").mark("✗", "$error")
            screen.bench.pane = "build"
            return
        if job.yields:
            screen.say(f"{job.name} did not work: {error}".splitlines()[0], "warning")
        else:
            screen.app.push_screen(ErrorScreen(f"{job.name} did not work", error))
        if isinstance(error, EngineLost) and screen.engine_was_found:
            screen.link.lost()

    async def _end(self, job: Job, ending: Ending) -> None:
        screen = self._screen
        if self._work.job is None:
            self._ticking.pause()
            screen.next_line.show_busy("")
        screen.bench.build.stop()
        screen.bench.checks.end()
        if self._busy_said:
            self._busy_said = False
            screen.say("")
        if ending is Ending.STOPPED and not job.yields:
            screen.say(f"Stopped: {job.name.lower()}.")
        await screen.refresh_view()
        screen.refresh_rows()
        plan, self._display.needed_base = self._display.needed_base, None
        if plan is not None and ending is Ending.DONE:
            self._ask_base(plan, job)
        elif ending is Ending.DONE and not job.yields:
            screen.focus_question()

    def _ask_base(self, plan: BasePlan, interrupted: Job) -> None:
        def obtain(how: Literal["pull", "kit", "stand-in"]) -> None:
            doing = {"pull": "Pulling", "kit": "Loading", "stand-in": "Making a stand-in for"}[how]
            self.begin(
                f"{doing} {plan.reference}", lambda: self._obtain_and_go_on(plan.reference, how, interrupted)
            )

        def answered(answer: str | None) -> None:
            if answer == PULL:
                obtain("pull")
            elif answer == KIT:
                obtain("kit")
            elif answer == STAND_IN:
                obtain("stand-in")
            else:
                self._screen.say(
                    f"Without {plan.reference} there is nothing to build from. b asks again.", "warning"
                )

        self._screen.app.push_screen(BaseChoiceScreen(plan), answered)

    async def _obtain_and_go_on(
        self, reference: str, how: Literal["pull", "kit", "stand-in"], interrupted: Job
    ) -> AsyncIterator[SessionEvent]:
        async with aclosing(as_generator(self._session.sizes.obtain_base(reference, how))) as events:
            async for event in events:
                yield event
        self._work.rename(interrupted.name)
        async with aclosing(as_generator(interrupted.source())) as events:
            async for event in events:
                yield event
