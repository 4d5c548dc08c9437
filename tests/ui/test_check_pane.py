from __future__ import annotations

from tests.ui.conftest import Stage
from tutor.core.verdict import Outcome, Verdict
from tutor.ui.widgets.check_pane import verdict_content


async def test_a_passed_checkpoint_is_said_and_marked_on_the_map(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("✓ 1 of 1  Passed.", "✓ The image builds", "6 Checks ✓", "● ○")


async def test_a_failed_check_says_expected_actual_and_why(stage: Stage) -> None:
    stage.engine.script.build_error = "undefined: foo"
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("✗ 0 of 1", "✗ The image builds  failed", "expected", "actual", "why", "6 Checks ✗")
        await hand.see("0 of 1 checks pass.", "h gives a hint")


async def test_verdicts_fold_by_key_and_by_click(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("✓ The image builds")
        assert "Nothing can be judged before." not in hand.text
        await hand.click("VerdictCard")
        await hand.see("why  Nothing can be judged before.")
        await hand.press("6", "tab", "enter")
        await hand.until(lambda: "Nothing can be judged before." not in hand.text)


async def test_an_edit_makes_a_pass_stale_and_says_so(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("Passed. The files are as they were graded.")
        await hand.idle()
        await hand.press("e")
        await hand.type("# edit\n")
        await hand.press("escape")
        await hand.see("Passed. The files were edited since: c grades them as")


async def test_hints_come_one_rung_at_a_time_and_the_last_after_a_change(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("h")
        await hand.see("Hints", "1/3  Look at the names.", "h shows the next one")
        await hand.press("h")
        await hand.see("2/3  Look at line four.", "The last hint opens after you changed a file.")
        await hand.press("h")
        assert "Write builder." not in hand.text
        await hand.press("e")
        await hand.type("# tried\n")
        await hand.press("escape", "h")
        await hand.see("3/3  Write builder.")


async def test_without_a_fitting_hint_it_says_so(stage: Stage) -> None:
    async with stage.play(lesson="stripping") as hand:
        await hand.idle()
        await hand.press("h")
        await hand.see("No hint fits now")


async def test_a_stopped_check_leaves_no_half_verdicts(stage: Stage) -> None:
    import asyncio

    stage.engine.script.hold_build = asyncio.Event()
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("NOW  Checking", "RUN go build")
        await hand.press("escape")
        await hand.see("Stopped: checking.")
        await hand.press("6")
        await hand.see("○ 1 checks.")


def test_every_part_of_a_verdict_is_shown_with_its_name() -> None:
    verdict = Verdict(
        "static",
        "The program is static",
        Outcome.FAILED,
        expected="no loader",
        actual="/lib/ld-musl-x86_64.so.1",
        where="layer 1: /app",
        why="An empty image has no loader.",
        next_step="Look at the RUN line [4].",
    )
    text = verdict_content(verdict, unfolded=True).plain
    for part in (
        "✗ The program is static  failed",
        "expected  no loader",
        "actual  /lib/ld-musl",
        "where  layer 1: /app",
        "why  An empty image",
        "next  Look at the RUN line [4].",
    ):
        assert part in text


def test_a_waiting_check_says_what_it_waits_for() -> None:
    verdict = Verdict("starts", "It starts", Outcome.WAITING, waits_for=("image-builds",))
    assert verdict_content(verdict, unfolded=False).plain == "· It starts  waits for image-builds"


def test_what_could_not_be_judged_is_not_called_failed() -> None:
    text = verdict_content(Verdict("x", "It answers", Outcome.UNKNOWN), unfolded=False).plain
    assert text == "? It answers  could not be judged"
