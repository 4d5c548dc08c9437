"""One learner in one lesson: what NEXT does, and everything else they may choose to do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.events import Said, SessionEvent
from tutor.core.lesson import Build, Edit, Expectation, Fill, Order, Predict, Probe, Quiz, Run, Show, ShowKind
from tutor.core.progress import PassState
from tutor.session import action
from tutor.session.attempt import AttemptBook
from tutor.session.edit import EditWatch
from tutor.session.exercise import ExerciseBook
from tutor.session.fact import Facts
from tutor.session.hint import HintLadders
from tutor.session.lesson_view import lesson_view
from tutor.session.loop import next_action
from tutor.session.perform import expectation, perform
from tutor.session.place import Place
from tutor.session.prediction import PredictionBook
from tutor.session.question import Questions
from tutor.session.scene import Scene, new_run_id
from tutor.session.show import show
from tutor.session.size import SizeWork
from tutor.session.solution import SolutionBook
from tutor.session.view import HintView, LessonView, NextAction, NextKind

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson
    from tutor.session.course import CourseSession
    from tutor.storage.workspace import Workspace


class LessonSession:
    """One open lesson. The generators tell what happens; close or cancel one to stop its work."""

    def __init__(self, course: CourseSession, lesson: Lesson, workspace: Workspace) -> None:
        self.lesson = lesson
        self._course = course
        self._files = workspace
        learning = course.store.learning
        self.predictions = PredictionBook(lesson, course.store)
        facts = Facts(learning.facts(lesson.slug))
        self.scene = Scene(course, lesson, workspace, self.predictions, facts)
        self.exercises = ExerciseBook(lesson, learning, course.clock)
        self.attempts = AttemptBook(self.scene)
        self.place = Place(lesson, course.store, course.clock)
        self.questions = Questions(self.scene, self.place, self.exercises, self._question_done)
        self.sizes = SizeWork(self.scene, self.attempts)
        self.solutions = SolutionBook(self.scene)
        self.ladders = HintLadders()
        self._edits = EditWatch()
        self.files_sha256 = workspace.sha256()
        self._arrive()

    # What a screen asks.

    @property
    def workspace(self) -> Path:
        """The visible folder with the learner's files."""
        return self._files.folder

    def view(self) -> LessonView:
        """The lesson as it is now."""
        return lesson_view(self, self._course)

    def next(self) -> NextAction:
        """What Enter on NEXT does now."""
        return next_action(
            self.lesson,
            self.place.index,
            self.place.done,
            self.attempts.newest,
            report_is_current=self.attempts.is_current(self.files_sha256),
            has_next_lesson=self._course.lesson_after(self.lesson) is not None,
            address=self.scene.address,
        )

    def pass_state(self) -> PassState:
        """Whether the checkpoint is passed, and whether that can still be said."""
        return self.attempts.pass_state(self.files_sha256)

    # The loop.

    async def advance(self) -> AsyncGenerator[SessionEvent, None]:
        """Do what comes next. Questions and other lessons are not done here."""
        key, task = self.place.pending() or ("", None)
        source: AsyncGenerator[SessionEvent, None] | None
        if task is None:
            kind = self.next().kind
            if kind is NextKind.READ:
                self.next_step()
            source = self.check() if kind is NextKind.CHECK else None
        elif isinstance(task, Edit):
            source = self._edit(task, key)
        elif isinstance(task, Predict | Quiz | Order | Fill):
            source = None
        else:
            performed = perform(self.scene, task)
            source = self._finishing(performed, key, expectation(task)) if performed else None
        if source is not None:
            async with aclosing(source) as events:
                async for event in events:
                    yield event

    def build(self) -> AsyncGenerator[SessionEvent, None]:
        """Build the workspace under the tag this step is about."""
        key, task = self.place.pending() or ("", None)
        if isinstance(task, Build):
            return self._finishing(action.build(self.scene, task), key, task.expect)
        return self._finishing(action.build(self.scene, Build(self._current_tag())))

    def run(self) -> AsyncGenerator[SessionEvent, None]:
        """Start the image this step is about and leave it running."""
        key, task = self.place.pending() or ("", None)
        if isinstance(task, Run):
            return self._finishing(action.run(self.scene, task), key, task.expect)
        return self._finishing(action.run(self.scene, Run(self._current_tag())))

    def probe(self, path: str | None = None) -> AsyncGenerator[SessionEvent, None]:
        """Ask the running container for a path, or for those this step is about."""
        key, task = self.place.pending() or ("", None)
        if path is None and isinstance(task, Probe):
            return self._finishing(action.probe(self.scene, task.paths), key, task.expect)
        paths = (path,) if path else action.known_paths(self.lesson)
        return self._finishing(action.probe(self.scene, paths))

    def log(self) -> AsyncGenerator[SessionEvent, None]:
        """Show what the running container wrote; a step that is about it is done by that."""
        key, task = self.place.pending() or ("", None)
        if isinstance(task, Show) and task.what is ShowKind.LOG:
            return self._finishing(show(self.scene, task), key)
        tag = self.scene.container_tag or self._current_tag()
        return self._finishing(show(self.scene, Show(tag, ShowKind.LOG)))

    async def check(self) -> AsyncGenerator[SessionEvent, None]:
        """Grade the workspace by the lesson's checkpoint and store the attempt."""
        self.note_saved()
        async with aclosing(self.attempts.check(self.files_sha256)) as events:
            async for event in events:
                yield event

    async def _finishing(
        self,
        source: AsyncGenerator[SessionEvent, None],
        key: str = "",
        expect: Expectation = Expectation.ANY,
    ) -> AsyncGenerator[SessionEvent, None]:
        """Pass events on, then mark the task done when it ended as the lesson meant it to."""
        self.note_saved()
        run_id = ""
        async with aclosing(source) as events:
            async for event in events:
                run_id = event.run_id
                yield event
        went_well = self.scene.went_well
        self.note_saved()
        if not key or went_well is None:
            return
        if expect is Expectation.FAILURE and went_well:
            yield Said(run_id, "This was meant to fail, and went well: you have mended it already.")
        elif expect is Expectation.SUCCESS and not went_well:
            return
        self._mark_done(key)

    async def _edit(self, task: Edit, key: str) -> AsyncGenerator[SessionEvent, None]:
        self.note_saved()
        if problem := self._edits.objection(task, key, self.files_sha256):
            yield Said(new_run_id(), problem)
        else:
            self._mark_done(key)

    def reveal_hint(self) -> HintView | None:
        """The next rung of the ladder that fits what went wrong; None when none fits."""
        self.note_saved()
        here = self.place.step.hints
        others = tuple(hint for hint in self.lesson.hints if hint not in here)
        return self.ladders.reveal(here + others, self.scene.facts, self.files_sha256)

    # Steps and files.

    def next_step(self) -> bool:
        """Turn to the next step; False at the end."""
        return self.go_to_step(self.place.index + 1)

    def previous_step(self) -> bool:
        """Turn back one step; False at the start."""
        return self.go_to_step(self.place.index - 1)

    def go_to_step(self, index: int) -> bool:
        """Turn to a step; False when there is none of that number."""
        moved = self.place.go_to(index)
        if moved:
            self._arrive()
        return moved

    def file_text(self, name: str = "Dockerfile") -> str:
        """A file as it lies in the workspace; one that is not there is empty."""
        return self._files.read_text(name) if (self.workspace / name).exists() else ""

    def save_file(self, text: str, name: str = "Dockerfile") -> None:
        """Write a file of the workspace."""
        self._files.write_text(name, text)
        self.note_saved()

    def file_names(self) -> tuple[str, ...]:
        """Every file of the workspace, what the lesson is about first."""
        return tuple(sorted(self._files.names(), key=lambda name: (not name.startswith("Dockerfile"), name)))

    def note_saved(self) -> None:
        """Take note of the files as they lie on disk now."""
        self.files_sha256 = self._files.sha256()

    @property
    def can_undo_lay(self) -> bool:
        """Whether there is something to put back."""
        return self._files.can_restore

    def undo_lay(self) -> tuple[str, ...]:
        """Put back the files that the last lab replaced."""
        paths = self._files.restore_last()
        self.note_saved()
        return paths

    def reset(self) -> None:
        """Workspace and steps as at the start; the old files are kept aside, attempts stay."""
        self._files.reset(self.lesson.context, self.lesson.folder / "start")
        self.place.begin_again()
        self.scene.facts.clear()
        self.ladders = HintLadders()
        self.exercises.forget()
        self._edits = EditWatch()
        self.note_saved()
        self._arrive()

    def begin_drill(self) -> None:
        """An empty Dockerfile, and the checkpoint's rules beside it; the old file is kept aside."""
        self._files.lay_file("Dockerfile", b"# From an empty file: the rules stand at the left.\n")
        self.note_saved()
        self.go_to_step(max(i for i, step in enumerate(self.lesson.steps) if step.checks))

    async def close(self) -> None:
        """Stop what runs and store the time spent."""
        try:
            await self.scene.stop()
        finally:
            self.place.count_time()
            self.place.store()

    def _current_tag(self) -> str:
        live = [task for task in self.place.step.actions if isinstance(task, Build | Run)]
        return live[0].tag if live else self.lesson.tag

    def _question_done(self, key: str) -> None:
        self.note_saved()
        self._mark_done(key)

    def _mark_done(self, key: str) -> None:
        self.place.mark_done(key)
        self._arrive()

    def _arrive(self) -> None:
        """Store where the learner is now, and what the files were when an edit was first asked for."""
        key, task = self.place.pending() or ("", None)
        if isinstance(task, Edit):
            self._edits.asked(key, self.files_sha256)
        self.place.store()
