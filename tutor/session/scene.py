"""What the live steps of one lesson share: its files, what runs, and what is known so far."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tutor.core.events import ContainerExited, PredictionCompared, Said, SessionEvent, Shown
from tutor.core.lesson import Lesson, image_reference
from tutor.session.fact import Facts

if TYPE_CHECKING:
    from tutor.core.http import HttpExchange
    from tutor.core.image import Container, ImageSummary
    from tutor.core.ports import Engine
    from tutor.session.course import CourseSession
    from tutor.session.prediction import PredictionBook
    from tutor.storage.workspace import Workspace


def new_run_id() -> str:
    """A name for one run, never used before."""
    return uuid.uuid4().hex[:12]


@dataclass(slots=True)
class Scene:
    """One lesson while it is open.

    After an action's generator came to its end, ``went_well`` says how the action ended: None when
    it did not get to be done at all (a base image is missing, nothing runs).
    """

    course: CourseSession
    lesson: Lesson
    files: Workspace
    predictions: PredictionBook
    facts: Facts = field(default_factory=Facts)
    exchanges: dict[str, HttpExchange] = field(default_factory=dict)
    """The newest answer of each path, in the order asked."""
    container: Container | None = None
    container_tag: str = ""
    """The tag of the image that runs."""
    shown: Shown | None = None
    """What was shown last."""
    went_well: bool | None = None
    without_dockerfile: str = "Write one, or reset the lesson from the command palette."
    """What to do when the file to build is gone."""

    @property
    def engine(self) -> Engine:
        """The engine in use.

        Raises:
            EngineLost: there is none (yet).
        """
        return self.course.require_engine()

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT`` of the running container; empty when none runs."""
        container = self.container
        return f"{container.host}:{container.host_port}" if container and container.host_port else ""

    def reference(self, tag: str, stage: str = "") -> str:
        """The image of a tag of this lesson, or of a stage that was kept."""
        from tutor.core.ports import stage_reference

        reference = image_reference(self.lesson.slug, tag)
        return stage_reference(reference, stage) if stage else reference

    async def image(self, tag: str, stage: str = "") -> ImageSummary | None:
        """The image of a tag, if the engine holds it."""
        return await self.engine.images.find(self.reference(tag, stage))

    def say(self, run_id: str, text: str, severity: str = "warning") -> Said:
        """A sentence for the learner."""
        return Said(run_id, text, severity)

    def show(self, event: Shown) -> Shown:
        """Remember what is shown, and give it back to be told."""
        self.shown = event
        return event

    async def running(self, run_id: str, tag: str = "") -> AsyncGenerator[SessionEvent, None]:
        """Say why nothing can be done inside; nothing at all when the container runs."""
        container = self.container
        if container is None or (tag and tag != self.container_tag):
            other = f"{self.container_tag} runs, not {tag}" if container else "Nothing runs yet"
            yield self.say(run_id, f"{other}. Run the image first: r.")
            return
        state = await self.engine.runtime.state(container.container_id)
        if not state.is_running:
            log = await self.engine.runtime.logs(container.container_id)
            await self.stop()
            yield ContainerExited(run_id, container.container_id, state.exit_code, state.error, log)

    def compare(self, run_id: str) -> list[PredictionCompared]:
        """Lay what was just learned beside the predictions that wait for it, and store it."""
        fresh = self.facts.stored_values()
        self.course.store.learning.save_facts(self.lesson.slug, fresh)
        return self.predictions.compare(self.facts, run_id)

    async def stop(self) -> None:
        """Remove the running container, if any."""
        container, self.container = self.container, None
        self.container_tag = ""
        if container is not None and self.course.engine is not None:
            await asyncio.shield(self.course.engine.runtime.remove(container.container_id))
