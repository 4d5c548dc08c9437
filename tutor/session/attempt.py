"""A lesson's checkpoint as this learner tried it: attempts, and whether a pass still stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.events import BuildFinished, CheckpointFinished, SessionEvent
from tutor.core.progress import PassState
from tutor.core.verdict import Outcome
from tutor.session.action import learn
from tutor.session.live import read_dockerfile
from tutor.session.origin import note_origin
from tutor.session.passing import pass_state
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.verdict import CheckpointReport
    from tutor.session.checkpoint import Checkpoint
    from tutor.session.scene import Scene


class AttemptBook:
    """The attempts at one lesson, oldest first."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._store = scene.course.store
        self._reports = [attempt.report for attempt in self._store.attempts(scene.lesson.slug)]
        self._image_gone = False

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._reports)

    @property
    def newest(self) -> CheckpointReport | None:
        """The newest attempt."""
        return self._reports[-1] if self._reports else None

    @property
    def was_passed(self) -> bool:
        """Whether the checkpoint was ever passed."""
        return any(report.outcome is Outcome.PASSED for report in self._reports)

    def is_current(self, workspace_sha256: str) -> bool:
        """Whether the newest attempt graded these very files."""
        return self.newest is not None and self.newest.workspace_sha256 == workspace_sha256

    def pass_state(self, workspace_sha256: str) -> PassState:
        """Whether the checkpoint is passed, and whether that can still be said."""
        state = pass_state(tuple(self._reports), workspace_sha256)
        if state is PassState.PASSED and (self._image_gone or self._scene.course.engine_lost):
            return PassState.NOT_VERIFIABLE
        return state

    async def check(self, workspace_sha256: str) -> AsyncGenerator[SessionEvent, None]:
        """Grade the workspace and store the attempt."""
        from tutor.session.checkpoint import Checkpoint, CheckpointJob

        scene, lesson = self._scene, self._scene.lesson
        checkpoint = Checkpoint(scene.engine, scene.course.reader(), scene.course.clock)
        job = CheckpointJob(lesson, scene.files.folder, lesson.reference, new_run_id(), workspace_sha256)
        is_built = False
        async with aclosing(checkpoint.run(job)) as events:
            async for event in events:
                if isinstance(event, BuildFinished) and not is_built:
                    # What is built after it are trials, of files that were changed for them.
                    is_built = True
                    text = read_dockerfile(scene.files.folder)
                    await asyncio.to_thread(note_origin, self._store, event.images, text or "")
                elif isinstance(event, CheckpointFinished):
                    await self._store_attempt(checkpoint, event.report)
                yield event
                for compared in learn(scene, event, lesson.tag):
                    yield compared

    async def _store_attempt(self, checkpoint: Checkpoint, report: CheckpointReport) -> None:
        from tutor.grading.evidence_json import encode_evidence

        scene = self._scene
        if checkpoint.evidence is not None:
            scene.facts.learn_evidence(checkpoint.evidence, scene.lesson.tag)
            text = encode_evidence(checkpoint.evidence)
            await asyncio.to_thread(self._store.add_attempt, report, text)
        self._reports.append(report)
        self._image_gone = False

    async def compare_with_neighbour(self) -> AsyncGenerator[SessionEvent, None]:
        """Grade the nearest right answer beside the newest attempt; says why not when there is none."""
        from tutor.session.neighbour import build_neighbour

        scene, newest = self._scene, self.newest
        if newest is None or newest.outcome is not Outcome.FAILED:
            yield scene.say(new_run_id(), "This compares a failed check with the nearest right answer.")
            return
        mine = scene.facts.get(f"image.{scene.lesson.tag}.unpacked_bytes")
        source = build_neighbour(scene, newest, mine if isinstance(mine, int) else None)
        async with aclosing(source) as events:
            async for event in events:
                yield event

    async def look_for_image(self) -> None:
        """Note whether the image that was graded is still there."""
        lesson = self._scene.lesson
        self._image_gone = await self._scene.engine.images.find(lesson.reference) is None
