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
from tutor.session.origin import origin_text
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

    Of the base of ``first`` only when its archive was read before: it is large, and may be of no use.
    """
    engine, reader = course.require_engine(), course.reader()
    for lesson in (first, *(other for other in course.lessons if other is not first)):
        stages = read_stages(read_dockerfile(course.workspace_folder(lesson)) or "")
        wanted = _built_references(lesson, stages)
        if lesson is first:
            wanted += [(base, base, SizeRole.BASE) for base in stages.bases[:1]]
        for reference, name, role in wanted:
            image = await engine.images.find(reference)
            if image is None or (role is SizeRole.BASE and not reader.knows(image.image_id)):
                continue
            # The workspace may have been edited since it was built.
            text = None if role is SizeRole.BASE else origin_text(course.store, image.image_id)
            bases = read_stages(text).bases if text is not None else ()
            source = reader.measure(
                reference,
                run_id,
                name=name,
                role=role,
                lesson=lesson.slug,
                stand_in=await bases_are_stand_ins(engine, bases),
            )
            async with aclosing(source) as events:
                async for event in events:
                    yield event


def _built_references(lesson: Lesson, stages: Stages) -> list[tuple[str, str, SizeRole]]:
    built = [a.tag for step in lesson.steps for a in step.actions if isinstance(a, Build)]
    wanted = []
    for tag in dict.fromkeys([lesson.tag, *built]):
        reference = image_reference(lesson.slug, tag)
        wanted.append((reference, tag, SizeRole.FINAL))
        if tag == lesson.tag:
            wanted += [(stage_reference(reference, stage), stage, SizeRole.BUILDER) for stage in stages.kept]
    return wanted
