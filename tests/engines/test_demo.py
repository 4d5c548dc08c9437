"""A demo on each real engine: forward, all the way back, and forward again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from tests.engines import warm_base
from tutor.command.demo import opened_demo
from tutor.core.errors import EngineUnavailable
from tutor.core.events import BuildFinished, BuildStarted, Said, SessionEvent, StepStarted
from tutor.core.lesson import Build, Run
from tutor.session.demo import DemoSession
from tutor.session.demo_address import with_address
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


def without_address(world: World) -> World:
    """A container that is started again is published at another port."""
    if world.running is None:
        return world
    exchanges = with_address(world.exchanges, world.running.address, "HERE")
    return replace(world, running=replace(world.running, address=""), exchanges=exchanges)


async def back(demo: DemoSession) -> None:
    async for _ in demo.back():
        pass


async def seen(demo: DemoSession) -> tuple[World, bool]:
    """The world as the engine and the folder tell it, and whether a container really runs."""
    container = demo.scene.container
    runs = False
    if container is not None:
        runs = (await demo.scene.engine.runtime.state(container.container_id)).is_running
    world = without_address(await demo._keeper.take())
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
        assert worlds == [without_address(world) for world in demo.worlds.values()]
        assert len({image for world in worlds for _, image in world.images}) > 1
        assert any(runs for _, runs in first)
        assert all(runs is (world.running is not None) for world, runs in first)
        ways_back = []
        for index in reversed(range(len(demo.steps) - 1)):
            began = time.monotonic()
            await back(demo)
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


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


async def take_images_away(demo: DemoSession) -> bool:
    """As somebody else would who tidies up: by their names, those that keep them alive too.

    Whether they have to be built again: the embedded engine keeps what has no name until its next build.
    """
    images = demo.scene.engine.images
    if demo.source.startswith("docker"):
        slug = f"fromscratch/{demo.lesson.slug}"
        names = docker("images", "--format", "{{.Repository}}:{{.Tag}}", slug).split()
        assert names
        docker("rmi", "-f", *names)
    else:
        for image_id in set(demo._keeper.images.values()):
            found = await images.find(image_id)
            assert found is not None
            for name in found.references:
                await images.remove(name)
    assert [await images.find(reference) for reference in demo._keeper.images] == [None] * len(
        demo._keeper.images
    )
    return demo.source.startswith("docker")


def says(events: list[SessionEvent], words: str) -> bool:
    return any(isinstance(event, Said) and words in event.text for event in events)


async def test_images_that_somebody_removed_are_there_again_wherever_the_demo_goes(wiring: Wiring) -> None:
    async with opened_demo(wiring, wiring.course.find("stripping")) as demo:
        await told(demo.jump(len(demo.steps)))
        worlds = dict(demo.worlds)
        last = len(demo.steps) - 1
        assert len(worlds[last].images) > 3
        await told(demo.jump(1))
        demo._keeper.images.update(worlds[last].images)
        are_gone = await take_images_away(demo)
        events = await told(demo.jump(len(demo.steps)))
        assert says(events, "removed from outside and is built again") is are_gone
        assert demo.index == last
        world, runs = await seen(demo)
        assert [name for name, _ in world.images] == [name for name, _ in worlds[last].images]
        assert world.files == worlds[last].files
        assert runs is (worlds[last].running is not None)


async def test_a_demo_goes_on_after_what_others_do_between_two_steps(wiring: Wiring) -> None:
    async with opened_demo(wiring, wiring.course.find("two-stages")) as demo:
        build = next(at for at, step in enumerate(demo.steps) if isinstance(step.task, Build))
        run = next(at for at, step in enumerate(demo.steps) if isinstance(step.task, Run))

        # Back during the build: it is stopped, and the step before stands as it was.
        await told(demo.jump(build))
        before = await seen(demo)
        source = demo.forward()
        async for event in source:
            if isinstance(event, StepStarted):
                break
        await source.aclose()
        await demo.restore()
        assert demo.index == build - 1
        assert await seen(demo) == before

        # The image is removed before the next step, which was never done, needs it.
        events = await forward(demo)
        assert any(isinstance(event, BuildFinished) for event in events)
        are_gone = await take_images_away(demo)
        assert says(await forward(demo), "removed from outside and is built again") is are_gone
        await seen(demo)

        # The container is removed.
        await told(demo.jump(run + 1))
        assert demo.scene.container is not None
        await demo.scene.engine.runtime.remove(demo.scene.container.container_id)
        await back(demo)
        await forward(demo)
        _, runs = await seen(demo)
        assert runs

        # A file is edited.
        await told(demo.jump(build))
        (demo.workspace / "Dockerfile").write_text((demo.workspace / "Dockerfile").read_text() + "# mine\n")
        events = await forward(demo)
        assert says(events, "Edited from outside: Dockerfile")
        assert any(isinstance(event, BuildFinished) for event in events)
        assert (demo.workspace / "Dockerfile").read_text().endswith("# mine\n")
        await seen(demo)
