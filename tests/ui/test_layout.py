from __future__ import annotations

import pytest

from tests.ui.conftest import Stage


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (104, 28), (120, 36), (200, 60)])
async def test_every_size_shows_lesson_next_sizes_and_keys(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.play(size) as hand:
        await hand.idle()
        await hand.see("Read this first", "NEXT ▸", "Image sizes", "b Build")
        await hand.press("b")
        await hand.see("built in")
        await hand.idle()
        text = await hand.see("4.70 MB")
        assert len(text.splitlines()) == size[1]
        assert all(len(line) <= size[0] for line in text.splitlines())


async def test_a_tiny_terminal_asks_for_room_and_goes_on_when_it_has_it(stage: Stage) -> None:
    async with stage.play((40, 10)) as hand:
        await hand.see("More room, please: 60×18", "This window is 40×10")
        assert "NEXT" not in hand.text
        await hand.press("b")
        await hand.pilot.resize_terminal(80, 24)
        await hand.see("built in", "NEXT ▸", "Read this first")
        await hand.pilot.resize_terminal(40, 10)
        await hand.see("More room, please")
        await hand.pilot.resize_terminal(1, 1)
        await hand.pilot.resize_terminal(120, 36)
        await hand.see("Read this first", "╭─ Dockerfile")


async def test_on_a_small_screen_digits_choose_the_pane(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        for key, words in (
            ("1", "FROM golang:1.21-alpine AS builder"),
            ("2", "No build yet"),
            ("3", "No image is measured yet"),
            ("4", "Run the image (r)"),
            ("5", "No image is measured yet"),
            ("6", "○ 1 checks."),
        ):
            await hand.press(key)
            await hand.see(words, "Read this first", "NEXT ▸")


async def test_tabs_can_be_clicked(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        await hand.click("#tab-checks")
        await hand.see("○ 1 checks.")
        await hand.click("#tab-file")
        await hand.see("FROM golang:1.21-alpine AS builder")


async def test_z_gives_all_the_room_to_one_pane_and_takes_it_back(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("z")
        await hand.until(lambda: "Read this first" not in hand.text and "╭─ Dockerfile" not in hand.text)
        await hand.see("No build yet", "NEXT ▸")
        await hand.press("z")
        await hand.see("Read this first", "╭─ Dockerfile")
        await hand.click("#lesson")
        await hand.press("z")
        await hand.until(lambda: "No build yet" not in hand.text)
        await hand.see("Read this first")


async def test_page_keys_scroll_the_lesson_from_next(stage: Stage) -> None:
    async with stage.play((80, 24)) as hand:
        await hand.idle()
        lesson = hand.lesson.query_one("#lesson")
        assert lesson.max_scroll_y > 0 or lesson.virtual_size.height <= 7
        await hand.press("pagedown")
        assert lesson.scroll_y == lesson.max_scroll_y
        await hand.press("pageup")
        assert lesson.scroll_y == 0


async def test_sizes_are_listed_with_all_three_faces(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        await hand.press("b")
        await hand.see("4.70 MB")
        await hand.idle()
        await hand.press("3")
        await hand.see(
            "builder stage", "unpacked 9 000 000 bytes", "k computes about what a registry ships", "listed"
        )
        await hand.press("k")
        await hand.see("packed   about")
        await hand.press("down")
        await hand.see("unpacked 4 700 000 bytes", "par      5.00 MB   within it")


async def test_light_and_dark_change_by_t_and_stay_for_the_next_start(make_stage) -> None:  # type: ignore[no-untyped-def]  # pytest gives it
    first = make_stage()
    async with first.play() as hand:
        await hand.idle()
        assert hand.app.current_theme.dark
        await hand.press("t")
        assert not hand.app.current_theme.dark
    async with make_stage().play() as hand:
        assert hand.app.theme == "scratch-light"


async def test_every_theme_there_is_can_be_chosen(stage: Stage) -> None:
    async with stage.play() as hand:
        await hand.idle()
        for name in hand.app.available_themes:
            hand.app.theme = name
            await hand.pilot.pause()
            assert "NEXT ▸" in hand.text


async def test_without_colour_every_state_still_has_its_sign(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stage.engine.script.build_error = "boom"
    async with stage.play() as hand:
        await hand.idle()
        assert hand.app.no_color
        await hand.press("b")
        await hand.see("✗ failed after", "2 Build ✗", "✗    0.5 s")
        colours = {
            segment.style.color.get_truecolor()
            for strip in hand.app.screen._compositor.render_strips()
            for segment in strip.apply_filter(hand.app._filters[-1], hand.app.background_colors[0])
            if segment.style and segment.style.color
        }
        assert all(abs(c.red - c.green) <= 1 and abs(c.green - c.blue) <= 1 for c in colours)
