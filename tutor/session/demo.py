"""A demo of one lesson on a real engine: forward, back and jump, with the world restored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tutor.core.events import BuildFinished, Said, SessionEvent, WorkProgressed
from tutor.core.lesson import Predict, Run
from tutor.core.verdict import Outcome
from tutor.session.answer import as_far_as_known
from tutor.session.attempt import AttemptBook
from tutor.session.demo_address import moved_moment
from tutor.session.demo_base import BaseOffer
from tutor.session.demo_guess import moment_with_guess, world_with_guess
from tutor.session.demo_moment import EVENT_LIMIT, Moment
from tutor.session.demo_step import DemoKind, DemoStep, demo_steps, ended_as_meant, lab_asked_about
from tutor.session.demo_travel import Travel
from tutor.session.demo_typing import DemoTyping
from tutor.session.demo_world import Keeper, World
from tutor.session.perform import perform
from tutor.session.prediction import PredictionBook
from tutor.session.scene import Scene, new_run_id

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.core.lesson import Lesson
    from tutor.core.verdict import Prediction
    from tutor.session.course import CourseSession
    from tutor.storage.snapshot import FolderSnapshots


class DemoSession:
    """Fills :class:`tutor.session.demo_moment.Show` with real work."""

    is_replay = False

    def __init__(self, course: CourseSession, lesson: Lesson, answer: Path) -> None:
        """``course`` holds the demo's own lesson, store and folders; ``answer`` holds a right one's files."""
        self.lesson = lesson
        self.steps: tuple[DemoStep, ...] = demo_steps(lesson)
        self.index = 0
        self._course = course
        files = course.workspace(lesson)
        self._book = PredictionBook(lesson, course.store)
        self.scene = Scene(course, lesson, files, self._book)
        self.scene.without_dockerfile = (
            "Go back with ← to a step where it was there, and press x: from there on all runs anew."
        )
        self._attempts = AttemptBook(self.scene)
        self._typing = DemoTyping(files, self.steps, answer, lesson.folder)
        self._keeper = Keeper(self.scene, self._snapshots(files.folder))
        self._travel = Travel(self.scene, self.steps, self._keeper, moved=self._moved)
        self._moments: dict[int, Moment] = {}
        self._offer = BaseOffer()

    @staticmethod
    def _snapshots(folder: Path) -> FolderSnapshots:
        from tutor.storage.snapshot import FolderSnapshots

        return FolderSnapshots(folder)

    @property
    def source(self) -> str:
        """The engine in use."""
        info = self._course.engine_info
        return info.name if info else "no engine"

    @property
    def workspace(self) -> Path:
        """The demo's own folder."""
        return self.scene.files.folder

    @property
    def worlds(self) -> dict[int, World]:
        """The world at each step that was reached, by the step's index."""
        return self._travel.worlds

    def moment(self, index: int) -> Moment | None:
        """What was shown at a step; None while it was not reached."""
        return self._moments.get(index) if index in self.worlds else None

    async def begin(self) -> None:
        """Lay the lesson's files and stand at the first step.

        Raises:
            StorageError: the folder cannot be written.
        """
        await asyncio.to_thread(self.scene.files.reset, self.lesson.context, self.lesson.folder / "start")
        text = self._typing.text()
        # The demo's store may hold what another class said.
        self._book.put_back(())
        self.scene.facts.clear()
        self._travel.clear()
        self.worlds[0] = await self._keeper.take()
        self._moments = {0: self._shown(0, Moment(1, self._typing.file, text, text))}

    async def forward(self) -> AsyncGenerator[SessionEvent, None]:
        """Do the next step; one that was done before, and is still true, is not done again."""
        following = self.index + 1
        if following >= len(self.steps):
            yield Said(new_run_id(), "This was the last step.")
            return
        for said in await self._travel.note_edits(self.index):
            self._offer.withdraw()
            yield said
        async with aclosing(self._offer.take(self.scene.engine)) as obtained:
            async for event in obtained:
                yield event
        if following in self.worlds:
            async with aclosing(self._to(following)) as events:
                async for event in events:
                    yield event
            return
        for source in (self._travel.mend(self.index), self._do(following)):
            async with aclosing(source) as events:
                async for event in events:
                    yield event

    async def back(self) -> AsyncGenerator[SessionEvent, None]:
        """The step before, with its world; at the start nothing happens."""
        async with aclosing(self.jump(self.index)) as events:
            async for event in events:
                yield event

    async def jump(self, number: int) -> AsyncGenerator[SessionEvent, None]:
        """To any step by its number; the steps up to one that was never reached are done."""
        self._offer.withdraw()
        wanted = max(0, min(number - 1, len(self.steps) - 1))
        leave = self._travel.note_edits if wanted > self.index else self._travel.put_edits_aside
        if wanted != self.index:
            for said in await leave(self.index):
                yield said
        reached = wanted if wanted in self.worlds else max(i for i in self.worlds if i <= wanted)
        if reached != self.index:
            async with aclosing(self._to(reached)) as events:
                async for event in events:
                    yield event
        while self.index < wanted:
            before = self.index
            async with aclosing(self.forward()) as events:
                async for event in events:
                    yield event
            if self.index == before:
                return

    async def restore(self) -> None:
        """The world of the step on the screen, after a step was stopped in the middle."""
        async with aclosing(self._to(self.index)) as events:
            async for _ in events:
                pass

    def predict(self, answer: str) -> str | None:
        """Take the class's prediction for the question that is on the screen."""
        task = self.steps[self.index].task
        if not isinstance(task, Predict):
            return "No question is open."
        problem = self._book.take(task, answer, 0)
        if problem is None:
            (guess,) = self._book.of({task.id})
            self._put_guess(task, guess)
            self._moments[self.index] = self._shown(self.index, self._moments[self.index])
        return problem

    def _put_guess(self, question: Predict, guess: Prediction) -> None:
        is_told = False
        for index in sorted(each for each in self.worlds if each >= self.index):
            world = self.worlds[index] = world_with_guess(self.worlds[index], question, guess)
            told = world.predictions[-1]
            if told.actual and not is_told and index > self.index:
                is_told = True
                self._moments[index] = moment_with_guess(self._moments[index], told)

    async def redo(self) -> AsyncGenerator[SessionEvent, None]:
        """Do the step on the screen once more, live."""
        here = self.index
        if here == 0:
            return
        self._offer.withdraw()
        for said in await self._travel.put_edits_aside(here):
            yield said
        self._travel.forget_from(here)
        async with aclosing(self._to(here - 1)) as events:
            async for _ in events:
                pass
        async with aclosing(self._do(here)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Remove the container. Images and the folder stay, so that the next demo starts warm."""
        await self._keeper.settle()
        await self.scene.stop()

    # One step.

    async def _do(self, index: int) -> AsyncGenerator[SessionEvent, None]:
        step, clock = self.steps[index], self._course.clock
        began = clock.monotonic()
        before, lab = self._typing.text(step), lab_asked_about(self.steps, index)
        told: list[tuple[float, SessionEvent]] = []
        self.scene.went_well = None
        async with aclosing(self._events(step, index)) as events:
            async for event in events:
                if isinstance(event, BuildFinished):
                    await self._keeper.keep_images({each.reference: each.image_id for each in event.images})
                self._offer.note(event)
                if not isinstance(event, WorkProgressed) and len(told) < EVENT_LIMIT:
                    told.append((clock.monotonic() - began, event))
                yield event
        if self._offer.is_open:
            return
        if isinstance(step.task, Run) and self.scene.container is not None:
            self._keeper.note_run(step.task)
        self.worlds[index] = await self._keeper.take()
        self._travel.go_on()
        made = Moment(
            number=step.number,
            file=self._typing.file,
            before=before if lab is None else self._moments[lab].before,
            after=self._typing.text(step),
            events=tuple(event for _, event in told),
            at_seconds=tuple(at for at, _ in told),
            seconds=clock.monotonic() - began,
            went_well=ended_as_meant(step, self.scene.went_well),
        )
        self.index = index
        self._moments[index] = self._shown(index, made)
        if made.went_well is False:
            yield Said(new_run_id(), "This did not end as the lesson means it to.", "warning")

    async def _events(self, step: DemoStep, index: int) -> AsyncGenerator[SessionEvent, None]:
        if step.kind is DemoKind.TYPE:
            yield await self._typing.type(index)
            self.scene.went_well = True
        elif step.kind is DemoKind.CHECK:
            sha256 = await asyncio.to_thread(self.scene.files.sha256)
            async with aclosing(self._attempts.check(sha256)) as judged:
                async for event in judged:
                    yield event
            newest = self._attempts.newest
            self.scene.went_well = newest is not None and newest.outcome is Outcome.PASSED
        elif step.kind is DemoKind.DO and step.task is not None:
            source = perform(self.scene, step.task)  # type: ignore[arg-type]  # questions are of another kind
            if source is not None:
                async with aclosing(source) as events:
                    async for event in events:
                        yield event

    async def _to(self, index: int) -> AsyncGenerator[SessionEvent, None]:
        """Stand at a step that was reached before."""
        async with aclosing(self._travel.arrive(index)) as events:
            async for event in events:
                yield event
        self.index = index
        self._moments[index] = self._shown(index, self._moments[index])

    def _moved(self, index: int, old: str, new: str) -> None:
        if index in self._moments:
            self._moments[index] = moved_moment(self._moments[index], old, new)

    def _shown(self, index: int, moment: Moment) -> Moment:
        """With what is true at this moment."""
        here = self.steps[index].lesson_step
        asked = {device.id for device in self.lesson.steps[here].devices if isinstance(device, Predict)}
        return replace(
            moment,
            prose=as_far_as_known(self.steps[index].prose, self.scene.facts),
            notes=tuple(as_far_as_known(note.say, self.scene.facts) for note in self.steps[index].notes),
            sizes=self._course.size_rows(),
            address=self.scene.address,
            predictions=self._book.of(asked),
        )
