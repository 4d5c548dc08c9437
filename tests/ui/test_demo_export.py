from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from tests.ui.conftest import Stage as Stage
from tests.ui.test_demo import Present
from tests.ui.test_demo import present as present
from tutor.session.demo_recording import Recording, steps_sha256, whole_moments
from tutor.session.demo_replay import ReplaySession
from tutor.ui.demo_export import cast_of, film_of, pictures_of, stills_of


async def recorded(present: Present) -> ReplaySession:
    async with present() as presenter:
        await presenter.go_to(5)
        moments = whole_moments([presenter.demo.moment(index) for index in range(5)])
        demo = presenter.demo
        made = Recording(demo.lesson.slug, "docker", "now", steps_sha256(demo.steps), moments)
        return ReplaySession(demo.lesson, made, speed=100)


async def test_a_cast_holds_what_a_terminal_would_get_in_the_order_of_time(present: Present) -> None:
    cast = await cast_of(await recorded(present), 100)
    head, *rows = [json.loads(line) for line in cast.splitlines()]
    assert (head["version"], head["width"], head["height"]) == (2, 100, 30)
    times = [row[0] for row in rows]
    assert times == sorted(times)
    drawn = "".join(row[2] for row in rows)
    assert "REPLAY" in drawn
    assert "built in" in drawn


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
