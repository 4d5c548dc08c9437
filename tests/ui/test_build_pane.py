from __future__ import annotations

import asyncio

from tests.ui.conftest import Stage
from tutor.core.errors import DockerfileError
from tutor.ui.widgets.step_log import LINES_KEPT, StepLines


async def test_a_live_build_shows_every_step_with_its_sign_time_and_log(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        text = await hand.see("✓   cached  builder 1/2  FROM golang:1.21-alpine", "builder 2/2  RUN go build")
        assert "● building with docker 20.10 (fake)   $ docker build -t" in text
        await hand.see("compiling", "Esc stops")
        stage.engine.script.hold_build.set()
        await hand.see("✓    0.5 s  builder 2/2  RUN go build", "2 Build ✓")


async def test_a_failed_build_shows_the_engines_text_the_line_and_keeps_the_file(stage: Stage) -> None:
    stage.engine.script.build_error = "failed to solve: exit code: 1\nmain.go:3: undefined: foo"
    stage.engine.script.build_error_line = 2
    async with stage.play() as hand:
        await hand.idle()
        before = hand.dockerfile
        await hand.press("b")
        await hand.see(
            "✗ failed after 0.6 s",
            "✗ Dockerfile:2  failed to solve: exit code: 1",
            "main.go:3: undefined: foo",
            "2 Build ✗",
            "the build stopped at line 2",
        )
        assert hand.dockerfile == before
        stage.engine.script.build_error = ""
        await hand.press("b")
        await hand.see("built in")
        assert "undefined: foo" not in hand.text


async def test_a_dockerfile_that_cannot_be_read_is_shown_beside_it(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        stage.engine.script.fault = DockerfileError(
            "FORM is no instruction.", line=3, next_step="Did you mean FROM?"
        )
        await hand.press("b")
        await hand.see("✗ Dockerfile:3  FORM is no instruction.", "→ Did you mean FROM?", "stopped at line 3")


async def test_markup_and_control_characters_are_shown_never_obeyed(stage: Stage) -> None:
    stage.engine.script.log = ("[red]not red[/red] [/]", "[@click=app.quit]x[/]", "tail")
    stage.engine.script.build_error = "[bold]broken [/nothing]"
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("[red]not red[/red] [/]", "[@click=app.quit]x[/]", "[bold]broken [/nothing]")


async def test_no_escape_character_ever_reaches_the_terminal(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        (hand.workspace / "Dockerfile").write_text("FROM scratch \x1b]0;owned\x07\nRUN \x9b31m\n")
        await hand.see("FROM scratch ␛]0;owned␇")
        assert not {"\x1b", "\x07", "\x9b"} & set(hand.text)


async def test_choosing_a_step_shows_its_log_and_stops_following(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    stage.engine.script.log = tuple(f"line {n}" for n in range(3))
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("line 2")
        await hand.press("2", "up")
        await hand.until(lambda: "line 2" not in hand.text)
        await hand.press("down")
        await hand.see("line 2")
        stage.engine.script.hold_build.set()
        await hand.idle()


async def test_enter_on_the_steps_still_does_what_comes_next(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("built in")
        await hand.idle()
        await hand.press("2", "enter")
        await hand.see("Predict: How big")


async def test_a_long_log_keeps_its_end_and_bounded_memory(stage: Stage) -> None:
    stage.engine.script.log = tuple(f"line {n}" for n in range(3 * LINES_KEPT))
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see(f"line {3 * LINES_KEPT - 1}")
        assert hand.lesson.bench.build.log_view.line_count <= LINES_KEPT
        stage.engine.script.hold_build.set()
        await hand.idle()


def test_a_step_keeps_its_last_lines_and_counts_the_others() -> None:
    lines = StepLines()
    for start in range(0, 2 * LINES_KEPT, 200):
        lines.add(str(n) for n in range(start, start + 200))
    assert len(lines.kept) == LINES_KEPT
    assert lines.kept[-1] == str(2 * LINES_KEPT - 1)
    assert lines.dropped == LINES_KEPT


async def test_a_missing_base_offers_both_ways_and_goes_on_by_itself(stage: Stage) -> None:
    stage.engine.script.missing_bases = {"golang:1.21-alpine"}
    stage.engine.script.pull_bytes = 69_000_000
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see(
            "A base image is needed", "golang:1.21-alpine", "Pull 69.0 MB", "Make stand-in", "Not now"
        )
        await hand.press("enter")
        await hand.see("built in")
        assert "pull golang:1.21-alpine" in stage.engine.asked


async def test_a_class_kit_that_holds_the_base_is_offered_first_and_told(stage: Stage) -> None:
    stage.engine.script.missing_bases = {"golang:1.21-alpine"}
    stage.engine.script.pull_bytes = 69_000_000
    stage.engine.script.kit_bytes = 221_000_000
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("Load it from the class kit. The real image, 221 MB", "Load from kit", "Pull 69.0 MB")
        await hand.press("enter")
        await hand.see("built in", "golang:1.21-alpine is loaded from the class kit now.")
        asked = [each for each in stage.engine.asked if "golang" in each]
        assert asked == ["kit golang:1.21-alpine"]


async def test_a_stand_in_is_explained_made_and_marked(stage: Stage) -> None:
    stage.engine.script.missing_bases = {"golang:1.21-alpine"}
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        await hand.press("b")
        text = await hand.see("It cannot be pulled: no registry answers", "Make stand-in")
        assert "Pull 69" not in text
        assert "It carries a label" in " ".join(text.replace("│", " ").split())
        await hand.click("#stand-in")
        await hand.see("built in")
        assert "stand-in golang:1.21-alpine" in stage.engine.asked
        await hand.press("3")
        await hand.see("2 B*")


async def test_a_base_that_is_not_wanted_leaves_everything_as_it_was(stage: Stage) -> None:
    stage.engine.script.missing_bases = {"golang:1.21-alpine"}
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("Not now")
        await hand.press("escape")
        await hand.see("Without golang:1.21-alpine there is nothing to build from. b asks again.", "NEXT ▸")
        assert not any(asked.startswith(("pull", "stand-in", "build ")) for asked in stage.engine.asked)
