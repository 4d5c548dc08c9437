from __future__ import annotations

import pytest
from textual.binding import Binding

from tests.ui.conftest import Stage
from tutor.ui.binding import APP_BINDINGS, EXTRA_COMMANDS, LESSON_BINDINGS
from tutor.ui.screens.help import HelpScreen
from tutor.ui.screens.lesson import LessonScreen
from tutor.ui.widgets.dockerfile_editor import DockerfileEditor
from tutor.ui.widgets.endpoint_pane import EndpointPane
from tutor.ui.widgets.sizes_pane import SizesPane


async def test_the_tour_comes_once_and_has_four_short_screens(stage: Stage) -> None:
    async with stage.play((80, 24), tour=True) as hand:
        await hand.see("From 300 MB to 5 MB", "● ○ ○ ○".replace(" ", "  "))
        await hand.press("enter")
        await hand.see("One key: Enter")
        await hand.press("right")
        await hand.see("Your Dockerfile")
        await hand.press("left")
        await hand.see("One key: Enter")
        await hand.press("n", "n")
        await hand.see("Checks that explain", "Begin")
        await hand.press("enter")
        await hand.see("NEXT ▸ Go on")
    assert stage.session.tour_seen()


async def test_the_tour_is_skipped_by_escape_or_a_click_and_shown_again_on_wish(stage: Stage) -> None:
    async with stage.play(tour=True) as hand:
        await hand.see("From 300 MB to 5 MB")
        await hand.click("#tour-skip")
        await hand.until(lambda: "From 300 MB" not in hand.text)
        assert stage.session.tour_seen()
        await hand.press("colon")
        await hand.type("tour")
        await hand.see("Show the tour")
        await hand.press("enter")
        await hand.see("From 300 MB to 5 MB")
        await hand.press("escape")
        await hand.until(lambda: "From 300 MB" not in hand.text)


async def test_help_lists_every_key_and_closes(stage: Stage) -> None:
    async with stage.play((120, 60)) as hand:
        await hand.idle()
        await hand.press("question_mark")
        text = await hand.see("Help", "Enter does what NEXT says")
        for binding in LESSON_BINDINGS:
            assert isinstance(binding, Binding)
            assert binding.tooltip in text or binding.description in text
        await hand.press("escape")
        await hand.until(lambda: not isinstance(hand.app.screen, HelpScreen))


async def test_the_course_map_shows_every_lesson_and_opens_one(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        await hand.press("m")
        await hand.see(
            "Course map", "◐  2  Two stages", "◂ you are here", "○  4  Stripping", "A smaller image", "7 min"
        )
        await hand.press("down", "enter")
        await hand.see("4/2 Stripping", "The second lesson.")
        await hand.idle()
        await hand.press("b")
        await hand.see("built in")


async def test_the_dots_lead_to_the_map_and_escape_back(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.click("#status-dots")
        await hand.see("Course map")
        await hand.press("escape")
        await hand.until(lambda: "Course map" not in hand.text)


async def test_lessons_that_cannot_be_read_are_named_on_the_map(stage: Stage) -> None:
    broken = stage.folder / "lessons" / "05-broken"
    broken.mkdir()
    (broken / "lesson.md").write_text("no front matter\n")
    from tutor.catalog.course import load_course

    stage.session.course = load_course(stage.folder / "lessons", stage.folder / "context")
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("m")
        await hand.see("Stripping", "✗ lessons/05-broken/lesson.md")


async def test_a_reset_asks_and_begins_anew(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("enter", "s")
        await hand.see("NEXT ▸ Build the image")
        await hand.press("e")
        await hand.type("# mine\n")
        await hand.press("escape", "colon")
        await hand.type("reset")
        await hand.press("enter")
        await hand.see("Reset this lesson?")
        await hand.press("escape")
        await hand.see("# mine")
        await hand.press("colon")
        await hand.type("reset")
        await hand.press("enter")
        await hand.see("Reset this lesson?")
        await hand.click("#yes")
        await hand.see("The lesson begins anew.", "Read this first")
        assert "# mine" not in hand.text


async def test_the_palette_finds_actions_lessons_and_steps(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("colon")
        await hand.type("build")
        await hand.see("Build  (b)", "Build the image from the workspace.")
        await hand.press("escape", "escape", "colon")
        await hand.type("stripping")
        await hand.see("Lesson 4: Stripping")
        await hand.press("enter")
        await hand.see("The second lesson.")


async def test_the_path_of_the_files_is_told_and_copied(stage: Stage) -> None:
    async with stage.play((200, 60)) as hand:
        await hand.idle()
        await hand.lesson.run_action("where")
        await hand.see("The path of your files")
        assert hand.app.clipboard == str(hand.workspace)


@pytest.mark.parametrize("command", EXTRA_COMMANDS, ids=lambda command: command.action)
async def test_every_command_of_the_palette_has_its_action(stage: Stage, command) -> None:  # type: ignore[no-untyped-def]  # pytest gives it
    async with stage.play() as hand:
        await hand.idle()
        assert await hand.app.run_action(command.action, hand.lesson)
        await hand.pilot.pause()
        assert hand.app.is_running


def test_every_binding_has_an_id_a_description_and_a_tooltip() -> None:
    seen = set()
    for binding in (
        *LESSON_BINDINGS,
        *APP_BINDINGS,
        *DockerfileEditor.BINDINGS,
        *EndpointPane.BINDINGS,
        *SizesPane.BINDINGS,
    ):
        assert isinstance(binding, Binding)
        assert binding.id
        assert binding.id not in seen
        seen.add(binding.id)
        assert binding.description
        assert binding.tooltip or binding.id.endswith("-alias")


def test_screens_and_panes_explain_themselves() -> None:
    for kind in (LessonScreen, DockerfileEditor, EndpointPane, SizesPane):
        assert kind.HELP
