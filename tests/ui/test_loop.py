from __future__ import annotations

import asyncio

import pytest

from tests.ui.conftest import Stage
from tutor.core.errors import EngineLost, EngineUnavailable

SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@SIZES
async def test_enter_alone_walks_a_step_from_prediction_to_answers(
    stage: Stage, size: tuple[int, int]
) -> None:
    async with stage.play(size) as hand:
        await hand.see("Read this first", "docker 20.10 (fake)", "NEXT ▸ Go on: Predict and build")
        await hand.press("enter")
        await hand.see("Predict: How big will it be?", "your guess")
        await hand.press("5", "enter")
        await hand.see("How sure?", "1 a guess", "3 sure")
        await hand.press("3")
        await hand.see("NEXT ▸ Build the image", "$ docker build -t fromscratch/two-stages:multi .")
        await hand.press("enter")
        await hand.see("built in 0.7 s", "You said 5 MB (sure). It is 4.7 MB", "4.70 MB")
        await hand.see("Predict: Will it start?", "y yes", "n no")
        await hand.press("y", "enter")
        await hand.see("NEXT ▸ Run the image")
        await hand.press("enter")
        await hand.see("127.0.0.1:49154", "NEXT ▸ Ask / and /health")
        await hand.press("enter")
        await hand.see("✓ 200 /health", "curl -i http://127.0.0.1:49154/health", '"status": "healthy"')
        await hand.see("NEXT ▸ Go on: A lab")


async def test_the_finer_truth_is_told_apart_from_the_prose(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.see("The finer truth. Scratch is no image")


async def test_next_can_be_clicked(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.click("#next-label")
        await hand.see("Predict: How big will it be?")


async def test_letters_act_while_the_field_is_empty_and_are_text_once_it_is_not(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "3", "left_square_bracket")
        await hand.see("Predict: How big will it be?", "3[")
        await hand.press("backspace", "backspace", "left_square_bracket")
        await hand.see("Read this first")


async def test_a_prediction_typed_wrong_says_so_and_keeps_the_question_open(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter")
        await hand.type("5 apples")
        await hand.press("enter")
        await hand.see("“5 apples” is no answer. Type a number of MB, such as 50.", "How big will it be?")
        await hand.press(*["backspace"] * 8, "5", "enter", "enter")
        await hand.see("NEXT ▸ Build the image")


async def test_a_prediction_can_be_skipped_by_s_or_by_enter_twice(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "enter")
        await hand.see("A rough guess is enough")
        await hand.press("enter")
        await hand.see("NEXT ▸ Build the image")
        await hand.press("enter")
        await hand.see("Will it start?")
        await hand.press("s")
        await hand.see("NEXT ▸ Run the image")


async def test_escape_goes_back_from_the_confidence_to_the_answer(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "5", "enter")
        await hand.see("How sure")
        await hand.press("escape")
        await hand.until(lambda: "How sure" not in hand.text)
        await hand.see("Predict: How big")
        await hand.press("backspace", "7", "enter", "1")
        await hand.see("you  7 MB")


async def test_yes_and_no_can_be_clicked(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "s", "enter")
        await hand.see("Will it start?")
        await hand.click("#answer-choices .choice:last-child")
        await hand.see("no  How sure?")
        await hand.click("#answer-sure .choice:first-child")
        await hand.see("NEXT ▸ Run the image")


async def test_a_lab_is_laid_shown_and_undone(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("right_square_bracket", "right_square_bracket")
        await hand.see("NEXT ▸ Lay the typo")
        await hand.press("n")
        await hand.see("COPY --from=biulder", "Written to your workspace: Dockerfile")
        await hand.press("u")
        await hand.see("COPY --from=builder", "from before the lab are back")
        assert "=builder" in hand.dockerfile


async def test_next_leads_to_the_next_lesson_and_there_starts_at_its_first_step(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press(*["right_square_bracket"] * 3)
        await hand.see("Check: build, run, probe and judge")
        await hand.press("enter")
        await hand.see("Passed: all 1 checks", "Go on to the next lesson", "✓ The image builds")
        await hand.press("enter")
        await hand.see("4/2 Stripping", "The second lesson.")


async def test_steps_turn_by_brackets_and_arrows_and_stop_at_the_ends(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("left_square_bracket")
        await hand.see("Read this first")
        await hand.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        await hand.see("NEXT ▸ Check")
        await hand.press("right_square_bracket")
        await hand.see("NEXT ▸ Check")
        await hand.press("left_square_bracket")
        await hand.see("NEXT ▸ Lay the typo")


async def test_a_second_wish_while_work_runs_is_refused_in_words(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("NOW  Building", "● ")
        await hand.press("r")
        await hand.see("Still busy: building. Esc stops it.")
        stage.engine.script.hold_build.set()
        await hand.see("built in")
        assert stage.engine.asked.count("build fromscratch/two-stages:multi") == 1


async def test_escape_stops_a_build_and_it_can_be_started_again(stage: Stage) -> None:
    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("RUN go build", "compiling")
        await hand.press("escape")
        await hand.see("Stopped: building.", "■ stopped; nothing of it is left", "NEXT ▸")
        assert "build cancelled" in stage.engine.asked
        stage.engine.script.hold_build.set()
        await hand.press("b")
        await hand.see("built in")


async def test_no_engine_is_told_with_the_next_step_and_can_be_looked_for_again(stage: Stage) -> None:
    stage.no_engine = EngineUnavailable(
        "Nothing answers.", where="/var/run/docker.sock", next_step="Start it: systemctl start docker"
    )
    async with stage.play() as hand:
        await hand.see("✗ no engine", "No engine: Nothing answers. You can read and edit meanwhile.")
        await hand.click("#status-engine")
        await hand.see("where  /var/run/docker.sock", "→ Start it: systemctl start docker")
        stage.no_engine = None
        await hand.press("enter")
        await hand.see("▪ docker 20.10 (fake)")
        await hand.press("b")
        await hand.see("built in")


async def test_a_build_without_an_engine_says_what_is_missing(stage: Stage) -> None:
    stage.no_engine = EngineUnavailable("Nothing answers.")
    async with stage.play() as hand:
        await hand.see("✗ no engine")
        await hand.press("b")
        await hand.see("✗ Building did not work", "No engine is connected")
        await hand.press("escape")
        await hand.see("NEXT ▸")


async def test_an_engine_that_dies_in_a_build_is_told_and_looked_for_again(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        stage.engine.script.fault = EngineLost(
            "The engine stopped answering.", where="unix:///run/docker.sock", next_step="Is dockerd running?"
        )
        await hand.press("b")
        await hand.see("Building did not work", "The engine stopped answering.", "→ Is dockerd running?")
        await hand.press("enter")
        await hand.idle()
        await hand.see("▪ docker 20.10 (fake)")
        await hand.press("b")
        await hand.see("built in")


async def test_a_fault_of_the_tutor_itself_is_shown_as_ours_and_ends_nothing(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        stage.engine.script.fault = ZeroDivisionError("half of nothing")
        await hand.press("b")
        await hand.see("a fault of the tutor, not yours", "ZeroDivisionError: half of nothing", "--debug")
        await hand.press("escape", "b")
        await hand.see("built in")


async def test_the_engine_tells_about_itself(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.click("#status-engine")
        await hand.see("keeps images in  overlay2", "isolation  container", "builds with  classic")


async def test_the_same_step_stands_there_after_a_restart(make_stage, stage: Stage) -> None:  # type: ignore[no-untyped-def]  # pytest gives it
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "s")
        await hand.see("NEXT ▸ Build the image")
    stage.store.close()
    async with make_stage().play() as hand:
        await hand.see("Predict and build", "NEXT ▸ Build the image")
