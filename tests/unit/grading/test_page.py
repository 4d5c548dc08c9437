from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.grading.test_rubric import result, verdict
from tutor.core.submission import GradedItem
from tutor.core.verdict import Outcome
from tutor.grading.page import html_page

HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'


def eve() -> object:
    item = GradedItem(verdict("builds", Outcome.FAILED, HOSTILE), 0, 6, True)
    return result(name="eve", learner={"name": HOSTILE}, items=(item,), refused=HOSTILE, notes=(HOSTILE,))


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
    page = html_page([result(), eve()])  # type: ignore[list-item]
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


def test_a_real_browser_shows_the_page_and_runs_nothing_of_it(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        if os.environ.get("FROMSCRATCH_REQUIRE_ENGINES") == "1":
            pytest.fail("FROMSCRATCH_REQUIRE_ENGINES=1, but chromium is not installed")
        pytest.skip("chromium is not installed")
    path = tmp_path / "class.html"
    path.write_text(html_page([result(), eve()]), "utf-8")  # type: ignore[list-item]
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000",
            "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "<title>Small</title>" in done.stdout
    assert "owned</title>" not in done.stdout
    assert done.stdout.count("<section") == 2
