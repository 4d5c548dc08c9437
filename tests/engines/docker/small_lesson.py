"""A lesson that builds in a moment, for tests of a demo on a real engine."""

from __future__ import annotations

from pathlib import Path

from tests.engines.docker.conftest import BASE

LESSON = """---
title: A small image
goal: An image that takes its time
minutes: 5
needs: []
tag: small
tags: [small, again]
port: 8080
---

## Build it

```yaml do
build: {tag: small}
```

## Build it once more

```yaml do
build: {tag: again}
```

## Checkpoint

```yaml check
id: builds
check: image_builds
on: image.small
title: The image builds
why: Nothing can be judged before.
```
"""
DOCKERFILE = f'FROM {BASE}\nCOPY pause /\nRUN sleep "$(cat /pause)"\n'


def lay(lessons: Path) -> Path:
    """Write it below a folder of lessons; gives the folder back."""
    lesson = lessons / "01-small"
    for folder in ("start", "right/labelled"):
        (lesson / folder).mkdir(parents=True)
    (lesson / "start" / "Dockerfile").write_text(DOCKERFILE)
    (lesson / "start" / "pause").write_text("0\n")
    (lesson / "right" / "labelled" / "Dockerfile").write_text(f"{DOCKERFILE}LABEL a=b\n")
    (lesson / "lesson.md").write_text(LESSON)
    (lesson / "answers.yaml").write_text("right:\n  labelled: It bears a label.\nwrong: {}\n")
    return lessons
