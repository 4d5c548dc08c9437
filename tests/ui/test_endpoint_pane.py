from __future__ import annotations

from tests.ui.conftest import Stage
from tests.ui.hand import Hand


async def running(stage: Stage, hand: Hand) -> None:
    await hand.idle()
    await hand.press("b")
    await hand.see("built in")
    await hand.idle()
    await hand.press("r")
    await hand.see("127.0.0.1:49154")
    await hand.idle()


async def test_a_running_container_shows_its_command_and_address(stage: Stage) -> None:
    async with stage.play() as hand:
        await running(stage, hand)
        await hand.see(
            "$ docker run fromscratch/two-stages:multi", "▪ runs at 127.0.0.1:49154", "Ask its endpoints: p"
        )


async def test_an_answer_is_shown_in_full(stage: Stage) -> None:
    async with stage.play((200, 60)) as hand:
        await running(stage, hand)
        await hand.press("p")
        await hand.see(
            "$ curl -i http://127.0.0.1:49154/",
            "GET http://127.0.0.1:49154/",
            "✓ 200 OK   in 2.0 ms",
            "Content-Type: application/json",
            '"name": "fromscratch"',
        )


async def test_another_path_can_be_typed(stage: Stage) -> None:
    async with stage.play() as hand:
        await running(stage, hand)
        await hand.press("slash", "ctrl+a", "delete")
        await hand.type("nothing/here")
        await hand.press("enter")
        await hand.see("! 404 /nothing/here", "GET http://127.0.0.1:49154/nothing/here")
        await hand.press("escape", "p")
        await hand.see("! 404 /nothing/here", "✓ 200 /")


async def test_the_curl_line_is_copied_and_shown(stage: Stage) -> None:
    async with stage.play() as hand:
        await running(stage, hand)
        await hand.press("p")
        await hand.idle()
        await hand.press("4", "y")
        await hand.see("The curl line, also in the clipboard if your terminal allows it: curl -i http://127")
        assert hand.app.clipboard.startswith("curl -i http://127.0.0.1:49154/")


async def test_an_older_answer_is_shown_when_it_is_chosen(stage: Stage) -> None:
    stage.engine.script.bodies["/"] = "the root"
    async with stage.play() as hand:
        await running(stage, hand)
        await hand.press("p")
        await hand.idle()
        await hand.press("4", "down")
        await hand.see("the root")


async def test_no_answer_says_why_and_where_to_look(stage: Stage) -> None:
    async with stage.play() as hand:
        await running(stage, hand)
        stage.engine.script.refuse = "connection refused"
        await hand.press("p")
        await hand.see("✗ --- /", "✗ no answer: connection refused", "listens on port 9999", "4 Endpoints ✗")


async def test_an_image_that_exits_at_once_shows_the_engines_text_and_the_log(stage: Stage) -> None:
    stage.engine.script.exit_error = "exec /app: no such file or directory [red]"
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("built in")
        await hand.idle()
        await hand.press("r")
        await hand.see(
            "✗ The container ended with exit code 1.",
            "exec /app: no such file or directory [red]",
            "The end of its log",
            "listening",
        )


async def test_run_before_build_and_probe_before_run_say_what_comes_first(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("r")
        await hand.see("There is no image to run yet. Build it first: b.")
        await hand.press("p")
        await hand.see("Nothing runs yet. Run the image first: r.")


async def test_a_body_with_markup_and_a_status_of_500_are_shown_as_they_are(stage: Stage) -> None:
    stage.engine.script.statuses["/"] = 500
    stage.engine.script.bodies["/"] = "[bold]boom[/bold] [/]"
    async with stage.play() as hand:
        await running(stage, hand)
        await hand.press("slash", "enter")
        await hand.see("✗ 500 /", "[bold]boom[/bold] [/]")
