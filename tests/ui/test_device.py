from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.conftest import FIRST_LESSON, Stage
from tests.ui.hand import Hand
from tutor.core.image import ExecResult

SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
QUIZ = """
```yaml quiz
id: owner
ask: May user 65532 run a file that root owns?
options:
  - {say: "No, chown it first.", because: Ownership is not permission.}
  - {say: "Yes, its mode decides.", because: The x bit for others decides., right: true}
```
"""
ORDER = """
```yaml order
id: stage
ask: Put the second stage together
lines: [FROM scratch, COPY --from=builder /app /app]
distractors:
  - {line: RUN apk add bash, because: Nothing runs there.}
before: FROM golang:1.21-alpine AS builder
```
"""
FILL = """
```yaml fill
id: static
ask: Make it static
text: |
  FROM golang:1.21-alpine AS builder
  RUN CGO_ENABLED=___1___ go build
  COPY --from=___2___ /app /app
blanks:
  - {answers: [0], because: No C is linked in., wrong: [{say: 1, because: That asks for C.}]}
  - {answers: [builder], because: A stage by its name.}
```
"""
Open = Callable[[str], Stage]


@pytest.fixture
def stage_with(make_stage: Callable[[], Stage], tmp_path: Path) -> Open:
    def make(body: str) -> Stage:
        head, _, rest = FIRST_LESSON.partition("## Read this first")
        text = f"{head}## Devices\n\nSome prose.\n{body}\n## Read this first{rest}"
        (tmp_path / "lessons" / "02-two-stages" / "lesson.md").write_text(text)
        return make_stage()

    return make


async def go_to(hand: Hand, line: str) -> None:
    """Move down until the mark stands at this line."""
    for _ in range(6):
        if any("▸" in row and line in row for row in hand.text.split("\n") if "NEXT" not in row):
            return
        await hand.press("j")
    raise AssertionError(hand.text)


@SIZES
async def test_quiz_answers_each_option_and_goes_on_after_the_right_one(
    stage_with: Open, size: tuple[int, int]
) -> None:
    async with stage_with(QUIZ).play(size) as hand:
        await hand.idle()
        await hand.see("May user 65532", "1 No, chown it first.", "2 Yes, its mode decides.", "s skips")
        await hand.press("enter", "1")
        await hand.see("Ownership is not permission.", "2 Yes, its mode decides.")
        await hand.press("2")
        await hand.see("NEXT ▸ Go on")
        await hand.press("pagedown")
        await hand.see("The x bit for others decides.")


async def test_quiz_can_be_clicked_and_skipped(stage_with: Open) -> None:
    async with stage_with(QUIZ + QUIZ.replace("owner", "other")).play() as hand:
        await hand.idle()
        await hand.click("#answer-choices .choice:last-child")
        await hand.see("The x bit for others decides.", "May user 65532")
        await hand.press("s")
        await hand.see("NEXT ▸ Go on")


@SIZES
async def test_lines_are_ordered_by_keys_and_written_to_the_file(
    stage_with: Open, size: tuple[int, int]
) -> None:
    stage = stage_with(ORDER)
    async with stage.play(size) as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.see("Put in order", "FROM scratch", "RUN apk add bash", "Take or leave")
        await hand.press("enter")
        await hand.see("Nothing is taken yet.")
        field = hand.app.screen.query_one("#order-field")
        for line in ("RUN apk add bash", "FROM scratch"):
            await go_to(hand, line)
            await hand.press("space")
        await hand.see("1  RUN apk add bash", "2  FROM scratch")
        assert "Nothing is taken yet." not in hand.text
        await hand.press("enter")
        await hand.see("RUN apk add bash: Nothing runs there.")
        assert field.has_focus
        await go_to(hand, "RUN apk add bash")
        await hand.press("space")
        await go_to(hand, "COPY --from=builder")
        await hand.press("space", "enter")
        await hand.see("the file holds it now", "NEXT ▸ Go on")
        assert hand.dockerfile.endswith("FROM scratch\nCOPY --from=builder /app /app\n")
        await hand.press("u")
        await hand.see("from before the lab are back")


async def test_taken_line_can_be_moved_and_lines_can_be_clicked(stage_with: Open) -> None:
    async with stage_with(ORDER).play() as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.see("Put in order")
        await hand.click("#order-field", (3, 1))
        await hand.press("space")
        before = [line.strip(" │▸") for line in hand.text.split("\n") if "  1  " in line]
        await hand.press("k", "J") if "▸  2" in hand.text else await hand.press("k", "k", "J")
        after = [line.strip(" │▸") for line in hand.text.split("\n") if "  1  " in line]
        assert before != after


@SIZES
async def test_gaps_are_filled_from_the_last_line_up(stage_with: Open, size: tuple[int, int]) -> None:
    async with stage_with(FILL).play(size) as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.see("COPY --from=[ ? ] /app /app", "CGO_ENABLED=____")
        await hand.type("builder\n")
        await hand.see("A stage by its name.", "CGO_ENABLED=[ ? ]")
        await hand.type("1\n")
        await hand.see("That asks for C.")
        await hand.press("backspace")
        await hand.type("0\n")
        await hand.see("the file holds it now", "NEXT ▸ Go on")
        assert "CGO_ENABLED=0 go build" in hand.dockerfile


async def test_exercise_can_be_left_for_later_and_skipped(stage_with: Open) -> None:
    async with stage_with(FILL + ORDER).play() as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.see("Fill in")
        await hand.press("escape")
        await hand.see("NEXT ▸ Make it static")
        await hand.press("enter", "ctrl+g")
        await hand.see("NEXT ▸ Put the second stage together")
        await hand.press("s")
        await hand.see("NEXT ▸ Go on")


@SIZES
async def test_command_inside_and_facts_are_shown(stage_with: Open, size: tuple[int, int]) -> None:
    body = (
        "```yaml do\nbuild: {tag: multi}\nrun: {tag: multi}\nshow: {tag: multi, what: layers}\n"
        "exec: {tag: multi, argv: [/bin/ls]}\n```\n"
    )
    stage = stage_with(body)
    stage.engine.script.exec_results = {"/bin/ls": ExecResult(0, "app etc proc\n")}
    async with stage.play(size) as hand:
        await hand.idle()
        for _ in range(3):
            await hand.press("enter")
            await hand.idle()
        await hand.see("7 Look", "Layers of multi", "4 700 000")
        await hand.press("enter")
        await hand.see("✓ /bin/ls", "app etc proc", "Exit code 0.")


async def test_live_value_fills_in_once_it_is_measured(stage_with: Open) -> None:
    body = "It has {{ image.multi.unpacked_bytes }}.\n\n```yaml do\nbuild: {tag: multi}\n```\n"
    async with stage_with(body).play() as hand:
        await hand.idle()
        await hand.see("It has not measured yet.")
        await hand.press("enter")
        await hand.see("It has 4.7 MB.")


async def test_test_out_leads_to_the_checkpoint(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("o")
        await hand.see("NEXT ▸ Check: build, run, probe and judge", "A pass is a pass")


async def test_solutions_open_after_the_pass_and_are_measured(stage: Stage) -> None:
    folder = stage.folder / "lessons" / "02-two-stages"
    for name in ("named", "numbered"):
        (folder / "right" / name).mkdir(parents=True)
        (folder / "right" / name / "Dockerfile").write_text(f"# {name}\nFROM scratch\n")
    (folder / "answers.yaml").write_text("right: {named: By name., numbered: By number.}\nwrong: {}\n")
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("S")
        await hand.see("once you passed")
        await hand.press("c")
        await hand.see("Passed: all 1 checks")
        await hand.press("S")
        await hand.see("Solutions: Two stages", "By number.", "not measured yet", "# named")
        await hand.press("down")
        await hand.see("# numbered")
        await hand.press("b")
        await hand.idle()
        await hand.press("S")
        await hand.see("4.70 MB  1 layer")


async def test_what_if_grades_the_nearest_right_answer_beside_a_failed_check(stage: Stage) -> None:
    folder = stage.folder / "lessons" / "02-two-stages"
    (folder / "right" / "named").mkdir(parents=True)
    (folder / "right" / "named" / "Dockerfile").write_text(
        "FROM golang:1.21-alpine AS builder\nFROM scratch\n"
    )
    (folder / "answers.yaml").write_text("right: {named: By name.}\nwrong: {}\n")
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("w")
        await hand.see("compares a failed check")
        stage.engine.script.build_error = "it broke"
        await hand.press("c")
        await hand.see("0 of 1 checks pass")
        stage.engine.script.build_error = ""
        await hand.press("w")
        await hand.see("the nearest right answer: By name.", "The image builds", "− RUN go build")
