from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tutor.catalog.course import Course, load_course
from tutor.core.events import SessionEvent
from tutor.session.course import CourseSession, Folders
from tutor.storage.database import SqliteProgressStore

LESSON = """---
title: Two stages
goal: A small image
minutes: 5
needs: []
tag: multi
port: 8080
---

## Predict and build

Some prose.

```yaml predict
id: size
ask: How big?
measure: image.multi.unpacked_bytes
unit: MB
why: It holds one file.
```

```yaml do
edit: {file: Dockerfile, say: Change the file}
```

```yaml do
build: {tag: multi}
```

```yaml do
run: {tag: multi}
```

```yaml do
probe: {tag: multi, paths: [/, /health]}
```

```yaml hint
id: stuck
when: always
say: [nudge, where, the change]
```

## A lab

```yaml do
lay: {from: labs/typo, say: Lay the typo}
```

```yaml do
build: {tag: multi, expect: failure}
```

## Checkpoint

```yaml check
id: builds
check: image_builds
on: image.multi
why: Nothing can be judged before.
```
"""
DOCKERFILE = """FROM golang:1.21-alpine AS builder
RUN go build
FROM scratch
COPY --from=builder /a /a
ENTRYPOINT ["/a"]
"""


@dataclass
class World:
    session: CourseSession
    engine: FakeEngine
    store: SqliteProgressStore
    course: Course
    folder: Path

    async def told(self, source: AsyncIterator[SessionEvent]) -> list[SessionEvent]:
        return [event async for event in source]


@pytest.fixture
def make_world(tmp_path: Path, clock: FakeClock) -> Iterator[Callable[[], World]]:
    lesson = tmp_path / "lessons" / "02-two-stages"
    (lesson / "start").mkdir(parents=True)
    (lesson / "labs" / "typo").mkdir(parents=True)
    (lesson / "lesson.md").write_text(LESSON)
    (lesson / "start" / "Dockerfile").write_text(DOCKERFILE)
    (lesson / "labs" / "typo" / "Dockerfile").write_text(DOCKERFILE.replace("=builder", "=biulder"))
    context = tmp_path / "context"
    context.mkdir()
    (context / "main.go").write_text("package main\n")
    stores = []

    def make() -> World:
        engine = FakeEngine()
        store = SqliteProgressStore(tmp_path / "progress.sqlite3")
        stores.append(store)
        course = load_course(tmp_path / "lessons", context)
        assert course.problems == ()

        async def connect() -> FakeEngine:
            return engine

        folders = Folders(tmp_path / "work", tmp_path / "kept")
        return World(CourseSession(course, store, clock, folders, connect), engine, store, course, tmp_path)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
async def world(make_world: Callable[[], World]) -> AsyncIterator[World]:
    world = make_world()
    await world.session.connect()
    yield world
    await world.session.close()
