"""What is private is hidden wherever a demo can show it: the screen, a cast, pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.conftest import Stage as Stage
from tests.ui.hand import screen_text
from tests.ui.test_demo import Present
from tests.ui.test_demo import present as present
from tutor.core.events import ContainerExited, Shown
from tutor.core.redaction import Redaction
from tutor.session.demo_recording import (
    Recording,
    decode_recording,
    encode_recording,
    steps_sha256,
    whole_moments,
)
from tutor.session.demo_replay import ReplaySession
from tutor.ui.demo_app import DemoApp
from tutor.ui.demo_export import cast_of, stills_of
from tutor.ui.demo_story import Story

MASK = Redaction.of({"USER": "annette"}, Path("/home/annette"), "lab-7.example.org", ["hub.corp"])
PRIVATE = "annette@lab-7 /home/annette/x hub.corp/base ghp_abcdefghijklmnopqrstuvwxyz0123"
HIDDEN = ("annette", "lab-7", "hub.corp", "ghp_")


@pytest.fixture
async def told_all(present: Present) -> ReplaySession:
    """A recording in which every text of every event begins with something private."""
    async with present() as presenter:
        await presenter.go_to(3)
        await presenter.press("g", "9", "enter")
        demo = presenter.demo
        await presenter.go_to(len(demo.steps))
        moments = whole_moments([demo.moment(index) for index in range(len(demo.steps))])
        made = Recording(demo.lesson.slug, "docker", "now", steps_sha256(demo.steps), moments)
        leaky = decode_recording(encode_recording(made, lambda text: f"{PRIVATE} {text}"))
        assert PRIVATE in str(leaky.moments[3].events)
        return ReplaySession(demo.lesson, leaky, speed=100)


async def test_no_step_shows_what_is_private(told_all: ReplaySession) -> None:
    async def nothing() -> None:
        pass

    app = DemoApp(told_all, close=nothing, mask=MASK)
    hidden_somewhere = 0
    async with app.run_test(size=(160, 60)) as pilot:
        for number in range(1, len(told_all.steps) + 1):
            await pilot.press("j", *str(number), "enter")
            await app.workers.wait_for_complete()
            await pilot.pause()
            text = screen_text(app)
            assert f"{number} / " in text
            hidden_somewhere += text.count("user@host")
            assert not [word for word in HIDDEN if word in text], text
    assert hidden_somewhere > len(told_all.steps)


async def test_neither_a_cast_nor_a_picture_tells_what_is_private(
    told_all: ReplaySession, tmp_path: Path
) -> None:
    cast = await cast_of(lambda _: told_all, 1.0, MASK)
    told_all.index = 0
    await stills_of(told_all, tmp_path / "made", MASK)
    pictures = "".join(path.read_text() for path in (tmp_path / "made").iterdir())
    for text in (cast, pictures):
        assert "user@host" in text
        assert not [word for word in HIDDEN if word in text]


def test_a_table_and_a_container_that_ended_hide_it_too() -> None:
    story = Story(MASK)
    story.tell(Shown("1", PRIVATE, ((PRIVATE, "1"),), (PRIVATE, "n"), PRIVATE))
    story.tell(ContainerExited("1", "c", 1, PRIVATE, (PRIVATE,)))
    text = story.content().plain
    assert text.count("user@host") == 5
    assert not [word for word in HIDDEN if word in text]
