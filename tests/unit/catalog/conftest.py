from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tutor.catalog.course import Course, load_course
from tutor.catalog.problem import LessonProblem

LESSON = """\
---
title: First steps
goal: Take them.
minutes: 5
tag: multi
tags: [other]
---

## Read

Some *prose*.

```dockerfile
FROM scratch
```

```yaml note
say: A remark.
kind: warning
```

More prose.

## Do

```yaml predict
ask: How big?
measure: image.multi.unpacked_bytes
```

```yaml do
build: {tag: multi}
run: {tag: multi, port: 9000}
probe: {tag: multi, paths: [/, /health]}
```

```yaml do
lay: {from: labs/broken, say: Lay it}
edit: {say: Mend it}
build: {tag: other, expect: failure}
```

## Checkpoint

```yaml check
id: builds
check: image_builds
on: image.multi
why: Nothing runs otherwise.
```

```yaml check
id: is-small
check: image_is_smaller_than
on: image.multi
needs: [builds]
params: {max_bytes: 10}
why: Small is the point.
next: Look at the layers.
```

```yaml hint
when: check.is-small failed
say: [Nudge., The change.]
```
"""

WriteLesson = Callable[..., Path]
LoadLesson = Callable[..., Course]


@dataclass(frozen=True)
class CheckDouble:
    """A check of a grader that takes these parameters."""

    params: tuple[str, ...]
    subjects: tuple[str, ...] = ("image", "stage")

    def problems(self, params: Mapping[str, object]) -> tuple[str, ...]:
        return tuple(f"{name} is not taken." for name in params if name not in self.params)


@pytest.fixture
def write_lesson(tmp_path: Path) -> WriteLesson:
    """Writes a good lesson with some of its text replaced, and gives its folder."""
    (tmp_path / "service").mkdir()

    def write(*replaced: tuple[str, str], name: str = "01-first-steps", text: str = LESSON) -> Path:
        for old, new in replaced:
            assert old in text, f"{old!r} is not in the lesson"
            text = text.replace(old, new)
        folder = tmp_path / "lessons" / name
        (folder / "start").mkdir(parents=True)
        (folder / "start" / "Dockerfile").write_text("FROM scratch\n")
        (folder / "labs" / "broken").mkdir(parents=True)
        (folder / "labs" / "broken" / "Dockerfile").write_text("FORM scratch\n")
        (folder / "lesson.md").write_text(text)
        return folder

    return write


@pytest.fixture
def load(tmp_path: Path) -> Callable[[], Course]:
    """Loads the course that was written."""
    return lambda: load_course(
        tmp_path / "lessons",
        tmp_path / "service",
        {"image_builds": CheckDouble(()), "image_is_smaller_than": CheckDouble(("max_bytes",))},
    )


@pytest.fixture
def problems_of(
    write_lesson: WriteLesson, load: Callable[[], Course]
) -> Callable[..., tuple[LessonProblem, ...]]:
    """The problems of one lesson with some of its text replaced."""

    def problems(*replaced: tuple[str, str]) -> tuple[LessonProblem, ...]:
        write_lesson(*replaced)
        course = load()
        assert course.lessons == ()
        return course.problems

    return problems


def line_of(text: str, *replaced: tuple[str, str]) -> int:
    """The number of the first line of the lesson, after replacing, that holds this text."""
    lesson = LESSON
    for old, new in replaced:
        lesson = lesson.replace(old, new)
    return next(number for number, line in enumerate(lesson.split("\n"), 1) if text in line)
