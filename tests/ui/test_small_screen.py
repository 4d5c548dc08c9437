"""What a learner at 80×24 must not stumble over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.conftest import FIRST_LESSON, Stage

SMALL = (80, 24)
BODY = """
Some prose, and more of it.

{rest}

```yaml do
edit: {{file: .dockerignore, say: Name app in .dockerignore}}
```

```yaml predict
id: files
ask: How many files will it hold?
measure: image.multi.file_count
unit: number
why: What was copied.
```

```yaml do
build: {{tag: multi}}
```

```yaml note
kind: finer-truth
say: It was one all along.
```

```yaml quiz
id: owner
ask: May user 65532 run a file that root owns?
options:
  - {{say: "No, chown it first.", because: "{long}"}}
  - {{say: "Yes, its mode decides.", because: The x bit for others decides., right: true}}
```
"""
LONG = "Ownership is not permission, and a chown in a line of its own stores the whole program once more."
Open = Callable[[int], Stage]


@pytest.fixture
def stage_of(make_stage: Callable[[], Stage], tmp_path: Path) -> Open:
    """A first step whose text has this many paragraphs more than its first."""

    def make(paragraphs: int) -> Stage:
        head, _, rest = FIRST_LESSON.partition("## Read this first")
        body = BODY.format(rest="\n\n".join(["Another paragraph."] * paragraphs), long=LONG)
        text = f"{head}## Devices\n{body}\n## Read this first{rest}"
        (tmp_path / "lessons" / "02-two-stages" / "lesson.md").write_text(text)
        return make_stage()

    return make


async def test_the_editor_opens_the_file_that_next_asks_for(stage_of: Open) -> None:
    async with stage_of(0).play(SMALL) as hand:
        await hand.idle()
        await hand.see("NEXT ▸ Name app in .dockerignore", "e edits · done: Enter", "1 .dockerignore")
        await hand.press("e")
        await hand.type("app")
        await hand.press("escape", "enter")
        await hand.see("How many files")
        assert (hand.workspace / ".dockerignore").read_text() == "app"
        assert "FROM golang" in hand.dockerfile
        # On it goes with the Dockerfile.
        await hand.press("1")
        await hand.see("1 File")
        await hand.press("1")


async def test_any_file_of_the_folder_can_be_chosen_by_keys(stage: Stage) -> None:
    async with stage.play(SMALL) as hand:
        await hand.idle()
        await hand.press("f")
        await hand.see("Your files", "Dockerfile", "main.go")
        await hand.press("down", "enter")
        await hand.see("1 main.go", "1  package main")
        await hand.type("// mine\n")
        await hand.press("escape", "f", "up", "enter")
        await hand.see("1 File", "1  FROM golang:1.21-alpine AS builder")
        assert (hand.workspace / "main.go").read_text().startswith("// mine\n")


async def test_text_below_the_fold_is_announced_with_its_key(stage_of: Open) -> None:
    async with stage_of(4).play(SMALL) as hand:
        await hand.idle()
        await hand.see("▾ PgDn")
        await hand.press("pagedown", "pagedown")
        assert "PgDn" not in hand.text
    async with stage_of(0).play(SMALL) as hand:
        await hand.idle()
        assert "PgDn" not in hand.text


async def test_a_remark_on_a_fact_waits_for_the_fact_and_is_then_in_view(stage_of: Open) -> None:
    async with stage_of(4).play(SMALL) as hand:
        await hand.idle()
        await hand.press("enter", "enter")
        await hand.see("How many files")
        await hand.press("pagedown", "pagedown")
        assert "finer truth" not in hand.text
        await hand.press("3", "enter", "enter", "enter")
        await hand.see("measured  1", "The finer truth. It was one all along.")


async def test_what_is_said_to_a_wrong_option_can_be_read_to_its_end(stage_of: Open) -> None:
    async with stage_of(0).play(SMALL) as hand:
        await hand.idle()
        await hand.press("enter", "enter", "s", "enter")
        await hand.see("May user 65532")
        await hand.press("1")
        await hand.until(lambda: LONG in " ".join(hand.text.split()))
        await hand.press("2")
        await hand.see("✓ May user 65532", "The x bit for others decides.")


async def test_a_lab_shows_the_file_that_it_laid(stage: Stage) -> None:
    async with stage.play(SMALL) as hand:
        await hand.idle()
        await hand.press("right_square_bracket", "right_square_bracket", "enter")
        await hand.see("Written to your workspace: Dockerfile", "COPY --from=biulder")


async def test_a_question_that_stands_there_at_the_start_is_answered_by_its_keys(
    stage_of: Open, make_stage: Callable[[], Stage]
) -> None:
    async with stage_of(0).play(SMALL) as hand:
        await hand.idle()
        await hand.press("enter", "enter", "s", "enter")
        await hand.see("May user 65532")
    async with make_stage().play(SMALL) as hand:
        await hand.idle()
        await hand.see("May user 65532")
        await hand.press("2")
        await hand.see("The x bit for others decides.")


LONG_FILL = """
```yaml fill
id: long
ask: Fill the gaps
text: |
  FROM golang:1.21-alpine AS ___1___
{lines}
  COPY --from=___2___ /app /app
blanks:
  - {{answers: [builder], because: Its name., wrong: [{{say: build, because: "{long}"}}]}}
  - {{answers: [builder], because: The same name.}}
```
"""


async def test_gap_input_and_what_is_said_stay_in_view_however_long_the_text_is(
    make_stage: Callable[[], Stage], tmp_path: Path
) -> None:
    head, _, rest = FIRST_LESSON.partition("## Read this first")
    lines = "\n".join(f"  # line {number}" for number in range(30))
    body = LONG_FILL.format(lines=lines, long=LONG)
    text = f"{head}## Devices\n\nSome prose.\n{body}\n## Read this first{rest}"
    (tmp_path / "lessons" / "02-two-stages" / "lesson.md").write_text(text)
    async with make_stage().play(SMALL) as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.see("Fill in", "COPY --from=[ ? ]", "what belongs into the marked gap", "Later")
        await hand.type("builder\n")
        await hand.see("FROM golang:1.21-alpine AS [ ? ]", "The same name.", "Later")
        await hand.type("build\n")
        await hand.until(lambda: LONG[-40:] in " ".join(hand.text.replace("│", " ").split()))
        await hand.see("AS [ ? ]", "Later")


async def test_the_containers_log_is_read_by_one_key(stage: Stage) -> None:
    async with stage.play(SMALL) as hand:
        await hand.idle()
        await hand.press("l")
        await hand.see("Nothing runs yet. Run the image first: r.")
        for key, seen in (("b", "built in"), ("r", "runs at 127.0.0.1")):
            await hand.press(key)
            await hand.see(seen)
            await hand.idle()
        await hand.press("l")
        await hand.see("What the container of multi wrote", "listening")


async def test_escape_leaves_a_question_so_that_digits_choose_panes_and_enter_comes_back(
    stage_of: Open,
) -> None:
    async with stage_of(0).play(SMALL) as hand:
        await hand.idle()
        await hand.press("enter", "enter", "s", "enter")
        await hand.see("May user 65532")
        await hand.press("escape", "3")
        await hand.see("compared and graded", "May user 65532")
        await hand.press("enter", "2")
        await hand.see("The x bit for others decides.")
