"""Every live step of a lesson, once on each real engine, with the service of the course."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.clock import SystemClock
from tutor.core.errors import EngineUnavailable
from tutor.core.events import SessionEvent, Shown
from tutor.session.course import CourseSession, Folders
from tutor.session.lesson import LessonSession
from tutor.session.live import obtain_base
from tutor.session.scene import new_run_id
from tutor.wiring import Wiring

pytestmark = pytest.mark.prove

BASE = "golang:1.21-alpine"
LESSON = """---
title: All live steps
goal: To be tested
minutes: 5
tag: multi
tags: [touched]
---

## Only step

```yaml do
build: {tag: multi}
show: {tag: multi, what: binary}
run: {tag: multi, read_only: true, user: 65532}
probe: {tag: multi, paths: [/health]}
exec: {tag: multi, argv: [/app, -healthcheck]}
```

```yaml do
exec: {tag: multi, argv: [/bin/sh, -c, ls], expect: failure}
healthcheck: {tag: multi}
fetch: {tag: multi, path: /app, to: fetched-app}
show: {tag: multi, what: container}
stop: {tag: multi, during: "/slow?for=2s"}
change: {file: main.go}
```

```yaml do
build: {tag: touched, args: {LDFLAGS: ""}}
```

```yaml do
show: {tag: touched, what: symbols}
```

```yaml do
twice: {tag: multi}
show: {tag: multi, what: surface}
```

```yaml check
id: builds
check: image_builds
on: image.multi
why: It is there.
```
"""
DOCKERFILE = """FROM golang:1.21-alpine AS builder
ARG LDFLAGS="-s -w -buildid="
WORKDIR /src
COPY go.mod ./
COPY *.go ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "$LDFLAGS" -o /app .
FROM scratch
COPY --from=builder /app /app
HEALTHCHECK CMD ["/app", "-healthcheck"]
EXPOSE 8080
ENTRYPOINT ["/app", "-drain", "10s"]
"""


@pytest.fixture(params=[pytest.param(e, marks=getattr(pytest.mark, e)) for e in ("docker", "embedded")])
async def lesson(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> AsyncIterator[LessonSession]:
    folder = tmp_path / "lessons" / "01-steps"
    (folder / "start").mkdir(parents=True)
    (folder / "start" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "lesson.md").write_text(LESSON)
    course = load_course(tmp_path / "lessons", shipped_folders()[1])
    assert [str(problem) for problem in course.problems] == []
    wiring = Wiring(request.param)
    with contextlib.closing(wiring):
        try:
            engine = await wiring.engine()
        except EngineUnavailable as error:
            engine_is_missing(str(error))
        if await engine.images.find(BASE) is None:
            async for _ in obtain_base(engine, BASE, "stand-in", new_run_id()):
                pass
        session = CourseSession(
            course, wiring.store, SystemClock(), Folders(tmp_path / "work", tmp_path / "kept"), wiring.engine
        )
        await session.connect()
        try:
            yield await session.open("steps")
        finally:
            await session.close()
            last = await wiring.engine()
            await last.clean()
            await last.close()
            await engine.close()


async def told(lesson: LessonSession) -> list[SessionEvent]:
    return [event async for event in lesson.advance()]


async def test_every_live_step_goes_as_the_lesson_means_it_and_leaves_its_facts(
    lesson: LessonSession,
) -> None:
    feet = []
    while pending := lesson.place.pending():
        events = await told(lesson)
        now = lesson.place.pending()
        feet += [event.foot for event in events if isinstance(event, Shown)]
        assert now is None or now[0] != pending[0], (pending, events[-6:])
    facts = lesson.scene.facts
    assert facts["exec.multi.works"] is False
    assert facts["health.multi.exit_code"] == 0
    assert facts["stop.multi.request_answered"] is True
    assert facts["stop.multi.exit_code"] == 0
    assert facts["twice.multi.same"] is True
    assert facts["binary.multi.is_static"] is True
    assert facts["binary.multi.is_stripped"] is True
    assert facts["binary.touched.is_stripped"] is False
    assert facts["smaller.multi.touched.percent"] == pytest.approx(30, abs=8)
    assert facts["image.multi.executable_count"] == 1
    assert any(foot.endswith(" symbols.") for foot in feet)
    fetched = lesson.workspace / "fetched-app"
    assert fetched.stat().st_size == facts["binary.multi.size_bytes"]
    assert fetched.stat().st_mode & 0o100
    surface = lesson.scene.shown
    assert surface is not None
    rows = {row[0]: row[1:] for row in surface.rows}
    assert rows["OS packages"][1] == "0"
    assert rows["executable files"][1] == "1"
    assert int(rows["files"][0].replace(" ", "")) > 1000
