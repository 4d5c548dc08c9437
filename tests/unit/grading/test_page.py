from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.grading.test_rubric import result, verdict
from tutor.core.submission import GradedItem, SubmissionResult
from tutor.core.verdict import Outcome
from tutor.grading.page import html_page

HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'


def eve() -> SubmissionResult:
    item = GradedItem(verdict("builds", Outcome.FAILED, HOSTILE), 0, 6, True)
    return result(name="eve", learner={"name": HOSTILE}, items=(item,), refused=HOSTILE, notes=(HOSTILE,))


def colours_of(png: bytes) -> Counter[tuple[int, ...]]:
    """How many points of a picture have which colour. Reads what Chromium writes: 8 bits, no interlace.

    https://www.w3.org/TR/png-3/#9Filters
    """
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    depth, kind, interlaced = png[24], png[25], png[28]
    assert (depth, interlaced) == (8, 0)
    size = {2: 3, 6: 4}[kind]
    packed, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    rows, stride = zlib.decompress(packed), width * size
    above, found = bytearray(stride), Counter[tuple[int, ...]]()
    for row in range(height):
        start = row * (stride + 1)
        filtered, line = rows[start], bytearray(rows[start + 1 : start + 1 + stride])
        if filtered:
            for i in range(stride):
                left, up = line[i - size] if i >= size else 0, above[i]
                corner = above[i - size] if i >= size else 0
                line[i] = (line[i] + _predicted(filtered, left, up, corner)) & 255
        found.update(zip(*(line[channel::size] for channel in range(3)), strict=True))
        above = line
    return found


def _predicted(filtered: int, left: int, up: int, corner: int) -> int:
    if filtered < 4:
        return (0, left, up, (left + up) // 2)[filtered]
    near = left + up - corner
    return min((left, up, corner), key=lambda value: abs(near - value))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_class_page_is_well_formed_and_holds_all_it_needs() -> None:
    page = html_page([result(), eve()])
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"script", "img", "link", "iframe"} & set(tags.seen)
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    for words in ("Failures by check", "Final images", "Ada", "4.70 MB"):
        assert words in page


def test_a_page_of_one_has_its_verdicts_and_no_table() -> None:
    page = html_page([result()])
    assert "asks for &lt;ld&gt;" in page
    assert 'id="class"' not in page


def test_a_page_of_nobody_is_a_page() -> None:
    assert "No submissions" in html_page([])


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    """Opens a page in Chromium; gives back what it was asked to print."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        if os.environ.get("FROMSCRATCH_REQUIRE_ENGINES") == "1":
            pytest.fail("FROMSCRATCH_REQUIRE_ENGINES=1, but chromium is not installed")
        pytest.skip("chromium is not installed")

    def run(page: str, *words: str) -> str:
        path = tmp_path / "page.html"
        path.write_text(page, "utf-8")
        done = subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000",
                *words, path.as_uri(),
            ],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


def test_a_real_browser_shows_the_page_and_runs_nothing_of_it(browse: Callable[..., str]) -> None:
    shown = browse(html_page([result(), eve()]), "--dump-dom")
    assert "<title>Small</title>" in shown
    assert "owned</title>" not in shown
    assert shown.count("<section") == 2


@pytest.mark.parametrize("whole_class", [True, False], ids=["class", "learner"])
def test_a_real_browser_draws_verdicts_and_bars_in_their_colours(
    whole_class: bool, browse: Callable[..., str], tmp_path: Path
) -> None:
    picture = tmp_path / "page.png"
    results = [result(), eve()] if whole_class else [result()]
    browse(html_page(results), f"--screenshot={picture}", "--window-size=1000,1600")
    colours = colours_of(picture.read_bytes())
    ground, text = (255, 255, 255), (0, 0, 0)
    failed, passed = (0xCF, 0x22, 0x2E), (0x1A, 0x7F, 0x37)
    assert colours[ground] > 1000 * 1600 / 2
    assert min(colours[text], colours[failed], colours[passed]) > 10
    # A bar is its colour at 65 % over the track.
    assert max(count for colour, count in colours.items() if colour not in (ground, text)) > 300
