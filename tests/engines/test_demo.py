"""A demo on each real engine: forward, all the way back, and forward again."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import pytest

from tests.engines import warm_base
from tutor.command.demo import opened_demo
from tutor.core.errors import EngineUnavailable
from tutor.core.events import BuildStarted, SessionEvent
from tutor.session.demo import DemoSession
from tutor.session.demo_world import World
from tutor.wiring import Wiring

# A lesson compiles the standard library in several ways; on a busy machine that takes its time.
pytestmark = [pytest.mark.prove, pytest.mark.timeout(2400)]


WAYS = ("docker-classic", "docker-buildx", "embedded")


@pytest.fixture(params=[pytest.param(w, marks=getattr(pytest.mark, w.split("-")[0])) for w in WAYS])
async def wiring(
    request: pytest.FixtureRequest, engine_is_missing: Callable[[str], NoReturn]
) -> AsyncIterator[Wiring]:
    engine_choice, _, builder_choice = request.param.partition("-")
    wiring = Wiring(engine_choice, builder_choice or "auto")
    with contextlib.closing(wiring):
        try:
            engine = await wiring.engine()
        except EngineUnavailable as error:
            engine_is_missing(str(error))
        await warm_base.make(engine)
        try:
            yield wiring
        finally:
            await engine.clean()
            await engine.close()


async def told(source: AsyncIterator[SessionEvent]) -> list[SessionEvent]:
    return [event async for event in source]


async def forward(demo: DemoSession) -> list[SessionEvent]:
    before = demo.index
    events = await told(demo.forward())
    assert demo.index == before + 1, demo.steps[before + 1]
    return events


async def seen(demo: DemoSession) -> tuple[World, bool]:
    """The world as the engine and the folder tell it, and whether a container really runs."""
    container = demo.scene.container
    runs = False
    if container is not None:
        runs = (await demo.scene.engine.runtime.state(container.container_id)).is_running
    world = await demo._keeper.take()
    for reference, image_id in world.images:
        found = await demo.scene.engine.images.find(reference)
        assert found is not None
        assert found.image_id == image_id
    return world, runs


# Lesson 4 builds five images, one after the other under several tags; lesson 2 moves one tag.
@pytest.mark.parametrize("lesson", ["two-stages", "stripping"])
async def test_forward_back_to_the_start_and_forward_again_shows_equal_worlds_at_every_step(
    wiring: Wiring, lesson: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened_demo(wiring, wiring.course.find(lesson)) as demo:
        source = demo.source
        first: list[tuple[World, bool]] = [await seen(demo)]
        while demo.index + 1 < len(demo.steps):
            await forward(demo)
            first.append(await seen(demo))
        meant = [demo.moment(index) for index in range(len(demo.steps))]
        assert [m.number for m in meant if m is not None and m.went_well is False] == []
        worlds = [world for world, _ in first]
        assert worlds == list(demo.worlds.values())
        assert len({image for world in worlds for _, image in world.images}) > 1
        assert any(runs for _, runs in first)
        assert all(runs is (world.running is not None) for world, runs in first)
        ways_back = []
        for index in reversed(range(len(demo.steps) - 1)):
            began = time.monotonic()
            assert await demo.back()
            ways_back.append(time.monotonic() - began)
            assert await seen(demo) == first[index], demo.steps[index]
        for index in range(1, len(demo.steps)):
            again = await forward(demo)
            assert [event for event in again if isinstance(event, BuildStarted)] == []
            assert await seen(demo) == first[index], demo.steps[index]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{lesson} on {source}: {len(ways_back)} steps back, "
            f"slowest {max(ways_back):.2f} s, mean {sum(ways_back) / len(ways_back):.2f} s\n"
        )
