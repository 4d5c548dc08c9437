from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.ui.conftest import Stage as Stage
from tests.ui.test_demo import Present
from tests.ui.test_demo import present as present
from tutor.session.demo_recording import Recording, steps_sha256, whole_moments
from tutor.session.demo_replay import ReplaySession
from tutor.ui.demo_export import HOLD_SECONDS, Wait, cast_of, film_of, pictures_of, stills_of


async def recorded(present: Present, wait: Wait = asyncio.sleep) -> ReplaySession:
    async with present() as presenter:
        await presenter.go_to(5)
        moments = whole_moments([presenter.demo.moment(index) for index in range(5)])
        demo = presenter.demo
        made = Recording(demo.lesson.slug, "docker", "now", steps_sha256(demo.steps), moments)
        return ReplaySession(demo.lesson, made, wait=wait)


@pytest.mark.parametrize("speed", [1.0, 4.0])
async def test_a_cast_holds_what_a_terminal_would_get_at_its_own_times(
    present: Present, speed: float
) -> None:
    replay = await recorded(present)
    moments = [replay.moment(index) for index in range(5)]
    build = moments[3]
    assert build is not None
    stretched = replace(build, at_seconds=tuple(2.0 * at for at in range(len(build.events))))
    recording = replace(replay._recording, moments=(*moments[:3], stretched, *moments[4:]))  # type: ignore[arg-type]  # none is missing
    began = time.monotonic()
    cast = await cast_of(lambda wait: ReplaySession(replay.lesson, recording, wait=wait), speed)
    really = time.monotonic() - began
    head, *rows = [json.loads(line) for line in cast.splitlines()]
    assert (head["version"], head["width"], head["height"]) == (2, 100, 30)
    times = [row[0] for row in rows]
    assert times[0] == 0.0
    assert times == sorted(times)
    drawn = "".join(row[2] for row in rows)
    assert "REPLAY" in drawn
    assert "built in" in drawn
    waits = sum(stretched.at_seconds[-1:]) + 5 * HOLD_SECONDS
    # What it took to draw comes on top, never more than it really took.
    assert waits / speed <= times[-1] <= (waits + really) / speed


async def test_each_step_becomes_a_picture_that_links_nothing_from_outside(
    present: Present, tmp_path: Path
) -> None:
    assert await stills_of(await recorded(present), tmp_path / "made") == 5
    pictures = sorted((tmp_path / "made").iterdir())
    assert [path.name for path in pictures] == ["01.svg", "02.svg", "03.svg", "04.svg", "05.svg"]
    text = pictures[3].read_text()
    assert "REPLAY" in text
    assert "built" in text
    assert "url(" not in text.replace("url(#", "")
    assert "cdnjs" not in text


async def test_the_pictures_become_one_that_turns_them_over_by_itself(present: Present) -> None:
    pictures = list((await pictures_of(await recorded(present))).values())
    film = ElementTree.fromstring(film_of(pictures, 2.0))
    stills = [each for each in film if each.get("class") == "still"]
    assert [still.get("style") for still in stills] == [f"animation-delay:{at}s" for at in (0, 2, 4, 6, 8)]
    said = ["".join(still.itertext()).replace("\N{NO-BREAK SPACE}", " ") for still in stills]
    assert [number for number, text in enumerate(said, 1) if f"{number} / " in text] == [1, 2, 3, 4, 5]
    style = "".join(film[0].itertext())
    assert "turn 10s" in style
    assert "20.0000%" in style
    # A class or an id of one picture must not style another.
    names = [set(re.findall(r"terminal-(\d+)-matrix", ElementTree.tostring(s, "unicode"))) for s in stills]
    assert len(set.union(*names)) == len(stills) == sum(len(each) for each in names)
