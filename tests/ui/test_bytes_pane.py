from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import pytest
from textual.widgets import Tree

from tests.ui.conftest import Stage
from tests.ui.hand import Hand
from tests.unit.inspect.go_program import go_program
from tutor.core.errors import ImageNotFound

TOOLCHAIN = {
    "usr/local/go/bin/go": b"g" * 900_000,
    "usr/local/go/src/runtime/proc.go": b"r" * 10_000,
    "usr/local/go/src/runtime": b"",
    "src/main.go": b"m" * 500,
}


@pytest.fixture
def built(stage: Stage) -> Stage:
    """A stage whose images hold a real program."""
    stage.engine.script.final_files = {"server": go_program(symbols=False)}
    stage.engine.script.stage_files = TOOLCHAIN | {"server": go_program()}
    return stage


async def build(hand: Hand) -> None:
    await hand.idle()
    await hand.press("b")
    await hand.see("built in")
    await hand.idle()


async def open_bytes(hand: Hand) -> None:
    await build(hand)
    await hand.press("escape", "5")
    await hand.see("seen 100.0 %")
    await hand.idle()


def tree(hand: Hand) -> Tree[object]:
    return hand.lesson.bench.query_one("#bytes-tree", Tree)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_pane_opens_the_lessons_image_and_shows_its_layers(
    built: Stage, size: tuple[int, int]
) -> None:
    async with built.play(size) as hand:
        await open_bytes(hand)
        text = await hand.see("multi", "line 4: COPY --from=builder /app /app")
        assert all(len(line) <= size[0] for line in text.splitlines())
        await hand.press("right", "down")
        await hand.see("+ server", "/server   added")
        await hand.press("left", "left")
        await hand.until(lambda: "+ server" not in hand.text)


async def test_v_turns_through_files_program_and_packages(built: Stage) -> None:
    async with built.play((80, 24)) as hand:
        await open_bytes(hand)
        await hand.press("v")
        await hand.see("/server", "from layer 1")
        await hand.press("v")
        await hand.see("static", "stripped", "line table")
        await hand.press("down", "right")
        await hand.see(".text")
        await hand.press("v")
        await hand.see("runtime", "internal/cpu", "(data no symbol names)")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_d_shows_what_differs_by_kind_layer_file_and_section(
    built: Stage, size: tuple[int, int]
) -> None:
    async with built.play(size) as hand:
        await open_bytes(hand)
        await hand.press("d")
        text = await hand.see("Compared", "builder", "→ multi", "Kinds of bytes", "toolchain")
        assert all(len(line) <= size[0] for line in text.splitlines())
        await hand.press("down", "down")
        await hand.see("line 3: FROM scratch")
        labels = [str(node.label) for node in tree(hand).root.children]
        assert [label.partition("   ")[0] for label in labels[1:]] == [
            "Kinds of bytes",
            "Layers",
            "Files",
            "Sections of the program",
        ]
        below = {
            label.partition("   ")[0]: [str(row.label) for row in node.children]
            for label, node in zip(labels, tree(hand).root.children, strict=True)
        }
        assert any("/usr/local/go/bin/go" in row and "removed" in row for row in below["Files"])
        assert any(".symtab" in row and "removed" in row for row in below["Sections of the program"])
        assert any("COPY" in row for row in below["Layers"])
        await hand.press("left", "left")
        await hand.until(lambda: "symbol table" not in hand.text)


async def test_d_again_compares_with_the_next_image(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        await hand.press("d")
        await hand.see("Kinds of bytes")
        await hand.idle()
        rows = hand.lesson.bench.bytes._others
        assert len(rows) > 1
        await hand.press("d")
        await hand.see(f"{rows[1].name} ", "→ multi")
        await hand.idle()


async def test_the_way_from_the_builder_has_the_lines_and_par(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        await hand.press("d")
        await hand.see("Kinds of bytes")
        await hand.press("v")
        await hand.see("builder", "toolchain", "source", "symbol table", "par")
        await hand.press("down")
        await hand.see("line 3: FROM scratch")
        await hand.press("down")
        await hand.see("line 4: COPY --from=builder /app /app")


async def test_the_way_is_there_with_par_and_the_attempts_as_soon_as_one_turns_to_it(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await hand.idle()
        await hand.press("c")
        await hand.see("Passed: all 1 checks")
        await hand.idle()
        await hand.press("5")
        await hand.see("seen 100.0 %")
        await hand.press("v", "v", "v", "v", "v")
        await hand.see("builder ", "toolchain", "a scale of their own", "par ", "attempt 1 ✓")
        await hand.press("end")
        await hand.see("passed, within par.")


async def test_a_new_build_is_compared_with_the_largest_image_again(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        pane = hand.lesson.bench.bytes
        await hand.press("d")
        await hand.see("Kinds of bytes")
        await hand.press("d")
        await hand.until(lambda: pane._other == pane._others[1] and pane._comparison is not None)
        await hand.idle()
        built.engine.script.final_files = {"server": go_program(symbols=False), "more": b"m" * 100}
        session = hand.lesson.session
        session.save_file(session.file_text() + "# once more\n")
        await hand.press("escape", "b")
        await hand.until(lambda: pane._other == pane._others[0])


async def test_the_views_stay_named_however_long_the_image_is_called(built: Stage) -> None:
    async with built.play((80, 24)) as hand:
        await open_bytes(hand)
        pane = hand.lesson.bench.bytes
        long = replace(pane._rows[0], name="registry.example/team/" + "long" * 30)
        pane.show(hand.lesson.opening, (*pane._rows[1:], long), "")
        pane._image_id = long.image_id
        pane.draw()
        await hand.see("…", "seen", "Way  Layers", "Compared")


async def test_an_attempt_made_meanwhile_stands_on_the_way_when_the_pane_is_turned_to(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        await hand.press("c")
        await hand.see("Passed: all 1 checks")
        await hand.idle()
        await hand.press("5", "v", "v", "v", "v", "v")
        await hand.see("attempt 1 ✓")


async def test_an_image_keeps_the_lines_it_was_built_from_when_the_file_is_edited(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await build(hand)
        session = hand.lesson.session
        session.save_file("# one\n# two\n" + session.file_text())
        await hand.press("escape", "5")
        await hand.see("seen 100.0 %", "line 4: COPY --from=builder /app /app")


async def test_i_opens_the_next_image(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        before = hand.lesson.bench.bytes.row
        await hand.press("i")
        await hand.until(lambda: hand.lesson.bench.bytes.row != before)
        await hand.idle()
        await hand.see("seen 100.0 %")


async def test_an_image_is_read_once(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        saves = [asked for asked in built.engine.asked if asked.startswith("save")]
        await hand.press("2", "5", "v", "v")
        await hand.idle()
        assert [asked for asked in built.engine.asked if asked.startswith("save")] == saves


async def test_enter_in_the_pane_does_what_comes_next(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await open_bytes(hand)
        step = hand.lesson.session.view().step_index
        await hand.press("enter")
        await hand.until(lambda: hand.lesson.session.view().step_index == step + 1)


async def test_with_no_image_the_pane_says_what_to_do(built: Stage) -> None:
    async with built.play((80, 24)) as hand:
        await hand.idle()
        await hand.press("5")
        await hand.see("No image is measured yet. Build one: b.")
        await hand.press("v", "i", "right", "left", "d")
        await hand.see("no other image to compare with")


class EndlessArchives:
    """While it is on, every archive has a first file that never ends."""

    def __init__(self, built: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_on = False
        self.reading = threading.Event()
        self._archives = built.engine.archives
        real = built.engine.open_archive

        @contextmanager
        def open_archive(image_id: str) -> Iterator[BinaryIO]:
            if self.is_on:
                yield self._endless()
            else:
                with real(image_id) as archive:
                    yield archive

        monkeypatch.setattr(built.engine, "open_archive", open_archive)

    def _endless(self) -> BinaryIO:
        header = bytearray(next(iter(self._archives.values()))[:512])
        header[124:136] = b"77777777777\0"
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        start, reading = io.BytesIO(bytes(header)), self.reading

        class Endless(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                reading.set()
                return start.read(size) or b"\0" * 64

        return Endless()  # type: ignore[return-value]  # read is all that is called


@pytest.fixture
def endless(built: Stage, monkeypatch: pytest.MonkeyPatch) -> EndlessArchives:
    return EndlessArchives(built, monkeypatch)


async def test_a_long_opening_is_stopped_by_escape(built: Stage, endless: EndlessArchives) -> None:
    async with built.play((80, 24)) as hand:
        await build(hand)
        endless.is_on = True
        await hand.press("escape", "5")
        await hand.until(endless.reading.is_set)
        await hand.press("escape")
        await hand.see("Stopped: opening multi")
        await hand.idle()
        await hand.see("not opened yet", "5 looks into this image.")
        endless.is_on = False
        await hand.press("5")
        await hand.see("seen 100.0 %")


async def test_a_long_comparison_tells_its_progress_and_is_stopped_by_escape(
    built: Stage, endless: EndlessArchives
) -> None:
    async with built.play((80, 24)) as hand:
        await open_bytes(hand)
        endless.is_on = True
        await hand.press("d")
        await hand.until(endless.reading.is_set)
        await hand.see("Comparing multi with builder", "Opening builder")
        await hand.press("escape")
        await hand.see("Stopped: comparing multi with builder")
        await hand.idle()
        endless.is_on = False
        await hand.press("d")
        await hand.see("Kinds of bytes")


async def test_an_image_that_is_gone_is_told(built: Stage) -> None:
    async with built.play((120, 36)) as hand:
        await build(hand)
        built.engine.tags.clear()
        await hand.press("escape", "5")
        await hand.see("is gone")
        with pytest.raises(ImageNotFound):
            row = hand.lesson.bench.bytes.row
            assert row is not None
            async for _ in hand.lesson.opening.open(row):
                await asyncio.sleep(0)
