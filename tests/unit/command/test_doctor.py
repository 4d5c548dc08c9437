from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.engine import FakeEngine
from tests.unit.storage.kit_maker import made
from tutor.catalog.course import Course, load_course
from tutor.command.doctor import _offline, lesson_bases, told_numbers
from tutor.core.kit import KitImage
from tutor.storage.kit_file import open_kit
from tutor.storage.kit_shelf import KitShelf
from tutor.wiring import Wiring

LESSON = """---
title: A lesson
goal: To be ready
minutes: 1
tag: app
---

## Only step

```yaml check
id: builds
check: image_builds
on: image.app
why: It is there.
```
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for number, lab in ((1, "FROM golang:1.21-alpine\n"), (2, "FROM alpine:3.19 AS x\nFROM scratch\n")):
        start = tmp_path / "lessons" / f"0{number}-lesson-{number}" / "start"
        start.mkdir(parents=True)
        (start / "Dockerfile").write_text("FROM golang:1.21-alpine\n")
        (start.parent / "lesson.md").write_text(LESSON)
        (start.parent / "labs" / "one").mkdir(parents=True)
        (start.parent / "labs" / "one" / "Dockerfile").write_text(lab)
    (tmp_path / "context").mkdir()
    return load_course(tmp_path / "lessons", tmp_path / "context")


def test_the_bases_of_labs_count_and_scratch_does_not(course: Course) -> None:
    assert lesson_bases(course.lessons[1]) == ("golang:1.21-alpine", "alpine:3.19")


async def test_one_line_tells_which_lessons_are_ready_offline(course: Course) -> None:
    engine = FakeEngine()
    finding = await _offline(engine, Wiring(_course=course))
    assert finding.what == "ready for lesson 1 offline; not ready for lesson 2: alpine:3.19 is not here"
    assert finding.state == "note"
    engine._add("alpine:3.19", {"bin/sh": b"x"})
    finding = await _offline(engine, Wiring(_course=course))
    assert (finding.state, finding.what) == ("ok", "ready for lessons 1–2 offline")


async def test_without_its_base_no_lesson_is_ready_and_the_way_is_told(course: Course) -> None:
    engine = FakeEngine()
    engine.script.missing_bases.add("golang:1.21-alpine")
    finding = await _offline(engine, Wiring(_course=course))
    assert finding.what.startswith("not ready for lessons 1–2: golang:1.21-alpine")
    assert "--rehearse" in finding.next_step


async def test_a_base_that_waits_in_the_class_kit_counts_as_ready(course: Course, tmp_path: Path) -> None:
    path = made(
        tmp_path,
        {"images/0.tar": b"archive"},
        images=(KitImage("alpine:3.19", "amd64", "images/0.tar"),),
        stand_ins=("golang:1.21-alpine",),
    )
    with open_kit(path) as reader:
        kit = KitShelf(tmp_path / "kit").install(reader)
    engine = FakeEngine()
    engine.script.missing_bases.add("golang:1.21-alpine")
    wiring = Wiring(_course=course, _kit=kit, _kit_sought=True)
    assert (await _offline(engine, wiring)).what == "ready for lessons 1–2 offline"
    # Its images are for Docker: the embedded engine makes its bases itself.
    engine.info = replace(engine.info, kind="embedded")
    assert "not ready for lesson 2: alpine:3.19" in (await _offline(engine, wiring)).what


def test_numbers_in_a_row_are_told_as_a_range() -> None:
    assert told_numbers([3, 1, 2, 5]) == "lessons 1–3, 5"
