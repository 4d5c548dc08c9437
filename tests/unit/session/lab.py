"""A lesson made of the blocks that a test is about, on the engine double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tutor.catalog.course import load_course
from tutor.core.events import SessionEvent, Shown
from tutor.session.course import CourseSession, Folders
from tutor.session.lesson import LessonSession
from tutor.storage.database import SqliteProgressStore

HEAD = """---
title: A lab
goal: To be tested
minutes: 5
tag: multi
tags: [other]
---

## Only step

"""
CHECK = """
```yaml check
id: builds
check: image_builds
on: image.multi
why: Nothing can be judged before.
```
"""
DOCKERFILE = "FROM golang:1.21-alpine AS builder\nFROM scratch\nCOPY --from=builder /a /a\n"


@dataclass
class Lab:
    lesson: LessonSession
    course: CourseSession
    engine: FakeEngine
    clock: FakeClock

    async def next(self) -> list[SessionEvent]:
        """Do what comes next."""
        return await self.told(self.lesson.advance())

    async def all(self) -> list[SessionEvent]:
        """Do everything up to the checkpoint."""
        events: list[SessionEvent] = []
        while self.lesson.place.pending():
            events += await self.next()
        return events

    async def told(self, source: AsyncIterator[SessionEvent]) -> list[SessionEvent]:
        return [event async for event in source]

    async def shown(self) -> Shown:
        """What the next action shows."""
        [shown] = [event for event in await self.next() if isinstance(event, Shown)]
        return shown


async def open_lab(tmp_path: Path, clock: FakeClock, body: str, engine: FakeEngine | None = None) -> Lab:
    """A lesson with this body, open."""
    folder = tmp_path / "lessons" / "01-lab"
    if not folder.exists():
        (folder / "start").mkdir(parents=True)
        (folder / "start" / "Dockerfile").write_text(DOCKERFILE)
        (folder / "start" / "main.go").write_text("package main\n")
        (tmp_path / "context").mkdir()
    (folder / "lesson.md").write_text(HEAD + body + CHECK)
    course = load_course(tmp_path / "lessons", tmp_path / "context")
    assert [str(problem) for problem in course.problems] == []
    fake = engine or FakeEngine()

    async def connect() -> FakeEngine:
        return fake

    store = SqliteProgressStore(tmp_path / "progress.sqlite3")
    session = CourseSession(course, store, clock, Folders(tmp_path / "work", tmp_path / "kept"), connect)
    await session.connect()
    return Lab(await session.open("lab"), session, fake, clock)
