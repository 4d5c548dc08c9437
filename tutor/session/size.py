"""The images of the course that exist already, measured when a lesson is opened."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.events import SessionEvent
from tutor.core.image import SizeRole
from tutor.core.lesson import Build, Lesson, image_reference
from tutor.core.ports import stage_reference
from tutor.session.live import read_dockerfile, read_stages

if TYPE_CHECKING:
    from tutor.session.course import CourseSession


async def measured_images(
    course: CourseSession, first: Lesson, run_id: str
) -> AsyncGenerator[SessionEvent, None]:
    """Tell the size of every image of the course that the engine holds, ``first``'s before others."""
    reader = course.reader()
    for lesson in (first, *(other for other in course.lessons if other is not first)):
        for reference, name, role in _references(course, lesson):
            source = reader.measure(reference, run_id, name=name, role=role, lesson=lesson.slug)
            async with aclosing(source) as events:
                async for event in events:
                    yield event


def _references(course: CourseSession, lesson: Lesson) -> list[tuple[str, str, SizeRole]]:
    built = [a.tag for step in lesson.steps for a in step.actions if isinstance(a, Build)]
    wanted = []
    for tag in dict.fromkeys([lesson.tag, *built]):
        reference = image_reference(lesson.slug, tag)
        wanted.append((reference, tag, SizeRole.FINAL))
        if tag == lesson.tag:
            text = read_dockerfile(course.workspace_folder(lesson)) or ""
            wanted += [
                (stage_reference(reference, stage), stage, SizeRole.BUILDER)
                for stage in read_stages(text).kept
            ]
    return wanted
