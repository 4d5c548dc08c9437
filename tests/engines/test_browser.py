"""The course in a real browser, on a real engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engines import chromium
from tests.patience import until
from tutor.wiring import Wiring

PICTURE = "KEEP_PICTURE_AT"
"""Names a file to keep the screenshot in, for whoever wants to look at it."""


LESSON = """---
title: A small lesson
goal: Two stages, and nothing to compile
minutes: 1
tag: app
---

## Only step

```yaml check
id: builds
check: image_builds
on: image.app
why: It is there.
```
"""
DOCKERFILE = (
    "FROM scratch AS builder\nCOPY *.go /src/\nFROM scratch\nCOPY --from=builder /src/main.go /main.go\n"
)


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    start = tmp_path / "course" / "01-small" / "start"
    start.mkdir(parents=True)
    (start.parent / "lesson.md").write_text(LESSON)
    (start / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path / "course"


@pytest.mark.embedded
async def test_a_lesson_is_opened_built_and_measured_in_a_browser(
    small_course: Path, tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]
) -> None:
    sizes = await built_in_browser("embedded", "small", tmp_path, engine_is_missing, small_course)
    assert re.search(r"\d+\.\d kB", sizes)


@pytest.mark.prove
@pytest.mark.parametrize(
    "engine", [pytest.param(e, marks=getattr(pytest.mark, e)) for e in ("embedded", "docker")]
)
async def test_lesson_2_is_opened_built_and_measured_in_a_browser(
    engine: str, tmp_path: Path, engine_is_missing: Callable[[str], NoReturn]
) -> None:
    sizes = await built_in_browser(engine, "two-stages", tmp_path, engine_is_missing)
    assert re.search(r"2\d\d \d{3} \d{3} bytes", sizes)


async def built_in_browser(
    engine: str,
    lesson: str,
    tmp_path: Path,
    engine_is_missing: Callable[[str], NoReturn],
    course: Path | None = None,
) -> str:
    """What the sizes pane drew, after a lesson was opened and built by keys alone."""
    program = chromium.find_chromium()
    if program is None:
        engine_is_missing("there is no chromium (apt-get install chromium)")
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tutor", "serve", "--port", "0", "--engine", engine, "--lesson", lesson,
        *(["--lessons", str(course)] if course else []),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = (await asyncio.wait_for(server.stdout.readline(), 60)).decode().strip()
        origin = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/[\w-]{32}/", address)
        assert origin is not None
        async with chromium.browser(program, tmp_path / "profile") as session:
            async with chromium.tab(session) as page:
                await page.open(address)
                await page.see("Skip")
                await page.see(f"{engine}[ ,]")
                mark = len(page.drawn)
                # Not Escape: with the next key it would be another one to a terminal.
                await page.press("s")
                await page.see("Endpoints", mark)
                await page.press("b")
                await page.see("A base image is needed|built in")
                if "A base image is needed" in page.drawn:
                    at = page.drawn.index("A base image is needed")
                    assert "Make stand-in" in await page.see("Not now", at)
                    # Where a registry answers, pulling comes before the stand-in.
                    await page.press(*(["tab"] if "Pull it" in page.drawn[at:] else []), "enter")
                await page.see(r"built in \d")
                mark = len(page.drawn)
                await page.press("3")
                sizes = await page.see(r"unpacked [\d ]+ bytes", mark)
                await page.picture(Path(os.environ.get(PICTURE) or tmp_path / "page.png"))
                assert json.dumps(["stdin", "b"], separators=(",", ":")) in page.typed
                assert page.complaints == []
                outside = [each for each in page.asked_for if not each.startswith(("data:", "about:"))]
                own = (f"{origin[1]}/", origin[1].replace("http", "ws") + "/")
                assert [each for each in outside if not each.startswith(own)] == []
                assert len(tutors(server.pid)) == 1
            # The tab is closed: its tutor ends, and the server stays for the next one.
            await until(lambda: not tutors(server.pid))
            assert server.returncode is None
        server.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(server.wait(), 60) == 0
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
        await cleaned(engine)
    return sizes


def tutors(server: int) -> list[str]:
    """The processes that the server started and that still run."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [each for each in children if Path(f"/proc/{each}/cmdline").read_bytes()]


async def cleaned(engine: str) -> None:
    wiring = Wiring(engine)  # type: ignore[arg-type]  # one of two words
    with closing(wiring):
        connected = await wiring.engine()
        await connected.clean()
        await connected.close()
