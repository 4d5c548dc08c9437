"""``fromscratch lesson new``: one complete small lesson to begin from."""

from __future__ import annotations

import re
from pathlib import Path

from tutor.core.errors import UsageError

_LESSON = """---
title: {title}
goal: Start the program that was built.
minutes: 10
tag: app
port: 8080
---

## Guess, then build

The Dockerfile builds the service and copies it into an empty image.

Something is missing. Will a container of it start?

```yaml predict
id: starts
ask: Will a container of this image start?
measure: container.app.starts
why: An image says itself what a container of it runs. This one did not.
```

```yaml do
build: {{tag: app}}
run: {{tag: app, expect: failure}}
```

## Mend it

```yaml do
edit: {{file: Dockerfile, say: Tell the image what to start}}
build: {{tag: app}}
run: {{tag: app}}
probe: {{tag: app, paths: [/health]}}
```

The image has {{{{ image.app.unpacked_bytes }}}}.

## Checkpoint

- the Dockerfile builds
- the container starts and stays up
- `/health` answers 200

```yaml check
id: builds
title: The Dockerfile builds
check: image_builds
on: image.app
why: Without an image there is nothing to grade.
next: Open the build pane.
```

```yaml check
id: starts
title: The container starts and stays up
check: container_starts
on: image.app
needs: [builds]
why: An image that starts nothing serves nobody.
next: Look at the last line of the Dockerfile.
```

```yaml check
id: health-answers
title: /health answers
check: endpoint_answers
on: image.app
needs: [starts]
params: {{path: /health, status: 200}}
why: Whoever runs the service asks this first.
next: Read the container's log.
```

```yaml hint
id: nothing-to-start
when: check.starts failed
say:
  - Nothing was started. What was the container told to start?
  - Look at the last stage of the Dockerfile.
  - An image names the program that its containers run. A stage takes nothing over from another.
  - 'Write ENTRYPOINT ["/app"]'
```
"""
_ANSWERS = """right:
  entrypoint: ENTRYPOINT names the program.
  command: CMD names it.
wrong:
  shell-form: {caught_by: starts, why: Brackets are believed to be taste., nearest: entrypoint}
  other-path: {caught_by: starts, why: It is believed to lie where it was built., nearest: entrypoint}
  misspelt-stage: {caught_by: builds, why: A name that no stage has is taken for an image.}
  moves-the-port: {caught_by: health-answers, why: PORT is believed to be a note only.}
"""
_HEAD = """FROM golang:1.21-alpine AS builder
WORKDIR /src
COPY go.mod *.go ./
RUN CGO_ENABLED=0 go build -o /app .

FROM scratch
COPY --from=builder /app /app
"""
_FILES = {
    "start/Dockerfile": _HEAD,
    "right/entrypoint/Dockerfile": _HEAD + 'ENTRYPOINT ["/app"]\n',
    "right/command/Dockerfile": _HEAD + 'CMD ["/app"]\n',
    "wrong/shell-form/Dockerfile": _HEAD + "ENTRYPOINT /app\n",
    "wrong/other-path/Dockerfile": _HEAD + 'ENTRYPOINT ["/src/app"]\n',
    "wrong/misspelt-stage/Dockerfile": _HEAD.replace("--from=builder", "--from=biulder"),
    "wrong/moves-the-port/Dockerfile": _HEAD + 'ENV PORT=9000\nENTRYPOINT ["/app"]\n',
    "answers.yaml": _ANSWERS,
}
_SLUG = re.compile(r"(?:(?P<number>\d{2})-)?(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)")


def new_lesson(name: str, lessons: Path) -> Path:
    """Make a lesson's folder that passes ``fromscratch lesson check``, and give it.

    Raises:
        UsageError: the name is none, or the folder is there already.
    """
    match = _SLUG.fullmatch(name)
    if match is None:
        raise UsageError(
            f'"{name}" is no name for a lesson.',
            next_step="Words in small letters with hyphens: signed-images, or 13-signed-images.",
        )
    taken = [int(path.name[:2]) for path in lessons.glob("[0-9][0-9]-*")] if lessons.is_dir() else []
    number = match["number"] or f"{max(taken, default=0) + 1:02d}"
    folder = lessons / f"{number}-{match['slug']}"
    if folder.exists():
        raise UsageError(
            "There is such a folder already.", where=str(folder), next_step="Choose another name."
        )
    title = match["slug"].replace("-", " ").capitalize()
    for relative, text in {**_FILES, "lesson.md": _LESSON.format(title=title)}.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
