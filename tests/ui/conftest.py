from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine, Script
from tests.ui.hand import Hand
from tutor.catalog.course import load_course
from tutor.core.errors import EngineUnavailable
from tutor.core.image import ImageSummary
from tutor.session.course import CourseSession, Folders
from tutor.storage.database import SqliteProgressStore
from tutor.ui.app import TutorApp

FIRST_LESSON = """---
title: Two stages
goal: A small image
minutes: 5
needs: []
tag: multi
port: 8080
par_bytes: 5000000
---

## Read this first

Some prose with `code`.

```yaml note
kind: finer-truth
say: Scratch is no image at all.
```

## Predict and build

More prose.

```yaml predict
id: size
ask: How big will it be?
measure: image.multi.unpacked_bytes
unit: MB
why: It holds one file.
```

```yaml do
build: {tag: multi}
```

```yaml predict
id: starts
ask: Will it start?
measure: container.multi.starts
unit: yes-no
why: It is static.
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
say: [Look at the names., Look at line four., Write builder.]
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
title: The image builds
why: Nothing can be judged before.
```
"""

SECOND_LESSON = """---
title: Stripping
goal: A smaller image
minutes: 7
needs: []
tag: stripped
port: 8080
---

## Begin

The second lesson.

```yaml check
id: builds
check: image_builds
on: image.stripped
title: The image builds
why: Nothing can be judged before.
```
"""

DOCKERFILE = """FROM golang:1.21-alpine AS builder
RUN go build -o /app .
FROM scratch
COPY --from=builder /app /app
ENTRYPOINT ["/app"]
"""


class StageEngine(FakeEngine):
    """Remembers whether a base was made as a stand-in."""

    async def find(self, reference: str) -> ImageSummary | None:
        return self.tags.get(reference) or await super().find(reference)


@dataclass
class Stage:
    """A course over a scripted engine, and the app on it."""

    folder: Path
    engine: FakeEngine
    store: SqliteProgressStore
    session: CourseSession
    workspace: Path
    no_engine: EngineUnavailable | None = None
    apps: list[TutorApp] = field(default_factory=list)

    @asynccontextmanager
    async def play(
        self,
        size: tuple[int, int] = (120, 36),
        *,
        lesson: str | None = None,
        theme: str | None = None,
        tour: bool = False,
    ) -> AsyncGenerator[Hand, None]:
        if not tour:
            self.session.mark_tour_seen()
        app = TutorApp(self.session, lesson=lesson, theme=theme)
        self.apps.append(app)
        async with app.run_test(size=size) as pilot:
            hand = Hand(app, pilot, self.workspace)
            await hand.until(lambda: hand.is_open)
            yield hand
            await hand.rest()


def write_course(folder: Path) -> None:
    for name, text in (("02-two-stages", FIRST_LESSON), ("04-stripping", SECOND_LESSON)):
        lesson = folder / "lessons" / name
        (lesson / "start").mkdir(parents=True)
        (lesson / "lesson.md").write_text(text)
        (lesson / "start" / "Dockerfile").write_text(DOCKERFILE)
    typo = folder / "lessons" / "02-two-stages" / "labs" / "typo"
    typo.mkdir(parents=True)
    (typo / "Dockerfile").write_text(DOCKERFILE.replace("=builder", "=biulder"))
    (folder / "context").mkdir()
    (folder / "context" / "main.go").write_text("package main\n")


@pytest.fixture
def make_stage(tmp_path: Path, clock: FakeClock) -> Iterator[Callable[[], Stage]]:
    write_course(tmp_path)
    stores: list[SqliteProgressStore] = []

    def make() -> Stage:
        # No ELF file: what is inside a program is for the tests of the inspector.
        engine = StageEngine(Script(final_files={"app": b"x" * 4_700_000}))
        store = SqliteProgressStore(tmp_path / "progress.sqlite3")
        stores.append(store)
        course = load_course(tmp_path / "lessons", tmp_path / "context")
        assert [str(problem) for problem in course.problems] == []

        async def connect() -> FakeEngine:
            if made.no_engine is not None:
                raise made.no_engine
            return engine

        folders = Folders(tmp_path / "workspaces", tmp_path / "kept")
        session = CourseSession(course, store, clock, folders, connect)
        made = Stage(tmp_path, engine, store, session, tmp_path / "workspaces" / "02-two-stages")
        return made

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def stage(make_stage: Callable[[], Stage]) -> Stage:
    return make_stage()
