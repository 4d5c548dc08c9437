"""One learner in one lesson: what NEXT does, and everything else they may choose to do."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutor.core.events import CheckpointFinished, ImageMeasured, Said, SessionEvent, WorkspaceChanged
from tutor.core.lesson import Build, Edit, Expectation, Lay, Note, Predict, Probe, Run
from tutor.core.progress import LessonProgress, PassState
from tutor.session.action import LiveActions, new_run_id
from tutor.session.checkpoint import Checkpoint, CheckpointJob
from tutor.session.hint import HintLadders
from tutor.session.live import obtain_base
from tutor.session.loop import next_action, pending_action
from tutor.session.passing import pass_state
from tutor.session.prediction import PredictionBook
from tutor.session.size import measured_images
from tutor.session.view import HintView, LessonView, NextAction, NextKind

if TYPE_CHECKING:
    from tutor.core.lesson import Lesson, Step, Task
    from tutor.core.verdict import CheckpointReport
    from tutor.session.course import CourseSession
    from tutor.storage.workspace import Workspace


class LessonSession:
    """One open lesson. The generators tell what happens; close or cancel one to stop its work."""

    def __init__(self, course: CourseSession, lesson: Lesson, workspace: Workspace) -> None:
        self.lesson = lesson
        self._course = course
        self._files = workspace
        self._store = course.store
        self._predictions = PredictionBook(lesson, course.store)
        self._live = LiveActions(course, lesson, workspace.folder, self._predictions)
        self._ladders = HintLadders()
        self._image_gone = False
        self._edit_from: dict[str, str] = {}
        self._edit_asked: set[str] = set()
        self._opened_at = course.clock.monotonic()
        self._reports = [attempt.report for attempt in self._store.attempts(lesson.slug)]
        self._sha256 = workspace.sha256()
        progress = self._store.lesson_progress(lesson.slug)
        step = max(0, min(progress.step, len(lesson.steps) - 1))
        self._progress = dataclasses.replace(progress, step=step)
        self._arrive()

    # What a screen asks.

    @property
    def workspace(self) -> Path:
        """The visible folder with the learner's files."""
        return self._files.folder

    @property
    def _step(self) -> Step:
        return self.lesson.steps[self._progress.step]

    @property
    def _report(self) -> CheckpointReport | None:
        return self._reports[-1] if self._reports else None

    def _pending(self) -> tuple[str, Task] | None:
        return pending_action(self._step, frozenset(self._progress.done))

    def view(self) -> LessonView:
        """The lesson as it is now."""
        step = self._step
        return LessonView(
            lesson=self.lesson,
            step_index=self._progress.step,
            step_total=len(self.lesson.steps),
            step_title=step.title,
            prose=step.prose,
            notes=tuple(d for d in step.devices if isinstance(d, Note)),
            next=self.next(),
            sizes=self._course.size_rows(),
            par_bytes=self.lesson.par_bytes,
            exchanges=tuple(self._live.exchanges.values()),
            address=self._live.address,
            predictions=self._predictions.of({d.id for d in step.devices if isinstance(d, Predict)}),
            report=self._report,
            pass_state=self.pass_state(),
            hints=self._ladders.views(self.lesson.hints, self._sha256),
            can_undo_lay=self._files.can_restore,
            workspace=str(self.workspace),
        )

    def next(self) -> NextAction:
        """What Enter on NEXT does now."""
        return next_action(
            self.lesson,
            self._progress.step,
            frozenset(self._progress.done),
            self._report,
            report_is_current=bool(self._report and self._report.workspace_sha256 == self._sha256),
            has_next_lesson=self._course.lesson_after(self.lesson) is not None,
            address=self._live.address,
        )

    def pass_state(self) -> PassState:
        """Whether the checkpoint is passed, and whether that can still be said."""
        state = pass_state(tuple(self._reports), self._sha256)
        if state is PassState.PASSED and (self._image_gone or self._course.engine_lost):
            return PassState.NOT_VERIFIABLE
        return state

    # The loop.

    async def advance(self) -> AsyncGenerator[SessionEvent, None]:
        """Do what comes next. Predictions and other lessons are not done here."""
        pending = self._pending()
        source: AsyncGenerator[SessionEvent, None]
        if pending is None:
            kind = self.next().kind
            if kind is NextKind.READ:
                self.next_step()
            if kind is not NextKind.CHECK:
                return
            source = self.check()
        else:
            key, action = pending
            match action:
                case Build():
                    source = self._finishing(self._live.build(action.tag), key, action.expect)
                case Run():
                    source = self._finishing(self._live.run(action), key, action.expect)
                case Probe():
                    source = self._finishing(self._live.probe(action.paths), key, action.expect)
                case Lay():
                    source = self._lay(action, key)
                case Edit():
                    source = self._edit(action, key)
                case _:
                    return
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def build(self) -> AsyncGenerator[SessionEvent, None]:
        """Build the workspace under the tag this step is about."""
        key, action = self._pending() or ("", None)
        if isinstance(action, Build):
            source = self._finishing(self._live.build(action.tag), key, action.expect)
        else:
            source = self._finishing(self._live.build(self._current_tag()), "", Expectation.ANY)
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def run(self) -> AsyncGenerator[SessionEvent, None]:
        """Start the image this step is about and leave it running."""
        key, action = self._pending() or ("", None)
        if isinstance(action, Run):
            source = self._finishing(self._live.run(action), key, action.expect)
        else:
            source = self._finishing(self._live.run(Run(self._current_tag())), "", Expectation.ANY)
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def probe(self, path: str | None = None) -> AsyncGenerator[SessionEvent, None]:
        """Ask the running container for a path, or for those this step is about."""
        key, action = self._pending() or ("", None)
        if path is None and isinstance(action, Probe):
            source = self._finishing(self._live.probe(action.paths), key, action.expect)
        else:
            paths = (path,) if path else self._live.known_paths()
            source = self._finishing(self._live.probe(paths), "", Expectation.ANY)
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def check(self) -> AsyncGenerator[SessionEvent, None]:
        """Grade the workspace by the lesson's checkpoint and store the attempt."""
        engine = self._course.require_engine()
        self.note_saved()
        checkpoint = Checkpoint(engine, self._course.reader(), self._course.clock)
        job = CheckpointJob(self.lesson, self.workspace, self.lesson.reference, new_run_id(), self._sha256)
        async with aclosing(checkpoint.run(job)) as events:
            async for event in events:
                if isinstance(event, CheckpointFinished):
                    await self._store_attempt(checkpoint, event.report)
                yield event
                for compared in self._live.learn(event, self.lesson.tag):
                    yield compared

    async def _store_attempt(self, checkpoint: Checkpoint, report: CheckpointReport) -> None:
        from tutor.grading.evidence_json import encode_evidence

        if checkpoint.evidence is not None:
            self._live.facts.learn_evidence(checkpoint.evidence, self.lesson.tag)
            text = encode_evidence(checkpoint.evidence)
            await asyncio.to_thread(self._store.add_attempt, report, text)
        self._reports.append(report)
        self._image_gone = False

    async def _finishing(
        self, source: AsyncGenerator[SessionEvent, None], key: str, expect: Expectation
    ) -> AsyncGenerator[SessionEvent, None]:
        """Pass events on, then mark the action done when it ended as the lesson meant it to."""
        self.note_saved()
        run_id = ""
        async with aclosing(source) as events:
            async for event in events:
                run_id = event.run_id
                yield event
        went_well = self._live.went_well
        if not key or went_well is None:
            return
        if expect is Expectation.FAILURE and went_well:
            yield Said(run_id, "This was meant to fail, and went well: you have mended it already.")
        elif expect is Expectation.SUCCESS and not went_well:
            return
        self._mark_done(key)

    async def _lay(self, action: Lay, key: str) -> AsyncGenerator[SessionEvent, None]:
        paths = await asyncio.to_thread(self._files.lay, self.lesson.folder / action.source)
        self.note_saved()
        self._mark_done(key)
        yield WorkspaceChanged(new_run_id(), paths)

    async def _edit(self, action: Edit, key: str) -> AsyncGenerator[SessionEvent, None]:
        self.note_saved()
        if key not in self._edit_asked and self._sha256 == self._edit_from.get(key):
            # Asked once; a second Enter goes on all the same: an edit is a choice, not a duty.
            self._edit_asked.add(key)
            yield Said(
                new_run_id(),
                f"{action.file} has not changed yet. Press e to edit it, or Enter again to go on as it is.",
            )
            return
        self._mark_done(key)

    # Predictions and hints.

    def predict(self, answer: str, confidence: int) -> str | None:
        """Take the learner's answer to the question that NEXT asks; an error text when it is none."""
        key, question = self._pending() or ("", None)
        if not isinstance(question, Predict):
            return "No question is open."
        problem = self._predictions.take(question, answer, confidence)
        if problem is None:
            self._question_done(key)
        return problem

    def skip_prediction(self) -> None:
        """Go on without an answer; that is recorded, not graded."""
        key, question = self._pending() or ("", None)
        if isinstance(question, Predict):
            self._predictions.skip(question)
            self._question_done(key)

    def _question_done(self, key: str) -> None:
        # Facts from before the question are not its answer.
        self._live.facts.take_fresh()
        self._mark_done(key)

    def reveal_hint(self) -> HintView | None:
        """The next rung of the ladder that fits what went wrong; None when none fits."""
        self.note_saved()
        here = self._step.hints
        others = tuple(hint for hint in self.lesson.hints if hint not in here)
        return self._ladders.reveal(here + others, self._live.facts, self._sha256)

    # Sizes and bases.

    async def obtain_base(
        self, reference: str, how: Literal["pull", "stand-in"]
    ) -> AsyncGenerator[SessionEvent, None]:
        """Pull a base image or make its stand-in, as the learner chose."""
        async with aclosing(
            obtain_base(self._course.require_engine(), reference, how, new_run_id())
        ) as events:
            async for event in events:
                yield event

    async def refresh_sizes(self) -> AsyncGenerator[SessionEvent, None]:
        """Measure the images of the course that exist already, this lesson's first."""
        engine = self._course.require_engine()
        async with aclosing(measured_images(self._course, self.lesson, new_run_id())) as events:
            async for event in events:
                if isinstance(event, ImageMeasured):
                    self._course.keep_size_row(event.row)
                yield event
        self._image_gone = await engine.images.find(self.lesson.reference) is None

    async def measure_packed(self, image_id: str) -> AsyncGenerator[SessionEvent, None]:
        """Compute about what a registry would ship of one image."""
        row = next((row for row in self._course.size_rows() if row.image_id == image_id), None)
        if row is None:
            return
        async with aclosing(self._course.reader().packed(row, new_run_id())) as events:
            async for event in events:
                if isinstance(event, ImageMeasured):
                    self._course.keep_size_row(event.row)
                yield event

    # Steps and files.

    def next_step(self) -> bool:
        """Turn to the next step; False at the end."""
        return self.go_to_step(self._progress.step + 1)

    def previous_step(self) -> bool:
        """Turn back one step; False at the start."""
        return self.go_to_step(self._progress.step - 1)

    def go_to_step(self, index: int) -> bool:
        """Turn to a step; False when there is none of that number."""
        if not 0 <= index < len(self.lesson.steps):
            return False
        self._progress = dataclasses.replace(self._progress, step=index)
        self._arrive()
        return True

    def dockerfile_text(self) -> str:
        """The Dockerfile as it lies in the workspace."""
        return self._files.read_text("Dockerfile")

    def save_dockerfile(self, text: str) -> None:
        """Write the Dockerfile."""
        self._files.write_text("Dockerfile", text)
        self.note_saved()

    def note_saved(self) -> None:
        """Take note of the files as they lie on disk now."""
        self._sha256 = self._files.sha256()

    def undo_lay(self) -> tuple[str, ...]:
        """Put back the files that the last lab replaced."""
        paths = self._files.restore_last()
        self.note_saved()
        return paths

    def reset(self) -> None:
        """Workspace and steps as at the start; the old files are kept aside, attempts stay."""
        self._files.reset(self.lesson.context, self.lesson.folder / "start")
        self._store.reset_lesson(self.lesson.slug)
        self._progress = LessonProgress(self.lesson.slug)
        self._live.facts.clear()
        self._ladders = HintLadders()
        self._edit_from.clear()
        self._edit_asked.clear()
        self.note_saved()
        self._arrive()

    async def close(self) -> None:
        """Stop what runs and store the time spent."""
        try:
            await self._live.stop()
        finally:
            spent = self._progress.seconds_spent + self._course.clock.monotonic() - self._opened_at
            self._progress = dataclasses.replace(self._progress, seconds_spent=spent)
            self._touch()

    def _current_tag(self) -> str:
        live = [action for action in self._step.actions if isinstance(action, Build | Run)]
        return live[0].tag if live else self.lesson.tag

    def _mark_done(self, key: str) -> None:
        if key not in self._progress.done:
            self._progress = dataclasses.replace(self._progress, done=(*self._progress.done, key))
        self._arrive()

    def _arrive(self) -> None:
        """Store where the learner is now, and what the files were when an edit was first asked for."""
        key, action = self._pending() or ("", None)
        if isinstance(action, Edit):
            self._edit_from.setdefault(key, self._sha256)
        self._touch()

    def _touch(self) -> None:
        now = self._course.clock.now().isoformat(timespec="seconds")
        started_at = self._progress.started_at or now
        self._progress = dataclasses.replace(self._progress, started_at=started_at, touched_at=now)
        self._store.save_lesson_progress(self._progress)
