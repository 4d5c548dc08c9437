"""Sizes of images: of those that exist already when a lesson is opened, and of one when asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Literal

from tutor.core.events import ImageMeasured, SessionEvent
from tutor.core.image import SizeRole
from tutor.core.lesson import Build, Lesson, image_reference
from tutor.core.ports import stage_reference
from tutor.session.action import learn
from tutor.session.live import Stages, bases_are_stand_ins, obtain_base, read_dockerfile, read_stages
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.session.attempt import AttemptBook
    from tutor.session.course import CourseSession
    from tutor.session.scene import Scene


class SizeWork:
    """What a learner may have measured at any time in a lesson."""

    def __init__(self, scene: Scene, attempts: AttemptBook) -> None:
        self._scene = scene
        self._attempts = attempts

    async def obtain_base(
        self, reference: str, how: Literal["pull", "kit", "stand-in"]
    ) -> AsyncGenerator[SessionEvent, None]:
        """Pull a base image, load it from the class kit or make its stand-in, as the learner chose."""
        async with aclosing(obtain_base(self._scene.engine, reference, how, new_run_id())) as events:
            async for event in events:
                yield event

    async def refresh(self) -> AsyncGenerator[SessionEvent, None]:
        """Measure the images of the course that exist already, this lesson's first."""
        scene = self._scene
        scene.course.require_engine()
        async with aclosing(measured_images(scene.course, scene.lesson, new_run_id())) as events:
            async for event in events:
                if isinstance(event, ImageMeasured):
                    scene.course.keep_size_row(event.row)
                yield event
        await self._attempts.look_for_image()

    async def packed(self, image_id: str) -> AsyncGenerator[SessionEvent, None]:
        """Compute about what a registry would ship of one image."""
        scene = self._scene
        row = next((row for row in scene.course.size_rows() if row.image_id == image_id), None)
        if row is None:
            return
        async with aclosing(scene.course.reader().packed(row, new_run_id())) as events:
            async for event in events:
                if isinstance(event, ImageMeasured) and row.lesson == scene.lesson.slug:
                    for compared in learn(scene, event, row.name):
                        yield compared
                elif isinstance(event, ImageMeasured):
                    scene.course.keep_size_row(event.row)
                yield event


async def measured_images(
    course: CourseSession, first: Lesson, run_id: str
) -> AsyncGenerator[SessionEvent, None]:
    """Tell the size of every image of the course that the engine holds, ``first``'s before others.

    Of a base image only when its archive was read before: it is large, and may be of no use here.
    """
    reader = course.reader()
    images = course.require_engine().images
    for lesson in (first, *(other for other in course.lessons if other is not first)):
        stages = read_stages(read_dockerfile(course.workspace_folder(lesson)) or "")
        stand_in = await bases_are_stand_ins(course.require_engine(), stages.bases)
        for reference, name, role in _references(lesson, stages):
            if role is SizeRole.BASE:
                base = await images.find(reference)
                if base is None or not reader.knows(base.image_id):
                    continue
            source = reader.measure(
                reference,
                run_id,
                name=name,
                role=role,
                lesson=lesson.slug,
                stand_in=stand_in and role is not SizeRole.BASE,
            )
            async with aclosing(source) as events:
                async for event in events:
                    yield event


def _references(lesson: Lesson, stages: Stages) -> list[tuple[str, str, SizeRole]]:
    built = [a.tag for step in lesson.steps for a in step.actions if isinstance(a, Build)]
    wanted = []
    for tag in dict.fromkeys([lesson.tag, *built]):
        reference = image_reference(lesson.slug, tag)
        wanted.append((reference, tag, SizeRole.FINAL))
        if tag == lesson.tag:
            wanted += [(stage_reference(reference, stage), stage, SizeRole.BUILDER) for stage in stages.kept]
    wanted += [(base, base, SizeRole.BASE) for base in stages.bases[:1]]
    return wanted
