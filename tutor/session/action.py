"""Build, run and probe, as a learner does them between checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.errors import ContainerError
from tutor.core.events import (
    BuildFailed,
    BuildFinished,
    CheckJudged,
    CommandShown,
    ContainerExited,
    ContainerStarted,
    EndpointProbed,
    ImageMeasured,
    PredictionCompared,
    SessionEvent,
    StepFinished,
)
from tutor.core.image import SizeRole
from tutor.core.lesson import Build, Lesson, Predict, Run
from tutor.core.live_value import live_values
from tutor.core.ports import BuildRequest, RunRequest
from tutor.session.context import measure_context
from tutor.session.live import (
    bases_are_stand_ins,
    missing_bases,
    read_dockerfile,
    read_stages,
    start_and_settle,
    why_unreachable,
)
from tutor.session.origin import note_origin
from tutor.session.scene import new_run_id as new_run_id
from tutor.session.step_log import StepLog

if TYPE_CHECKING:
    from tutor.session.scene import Scene


def known_paths(lesson: Lesson) -> tuple[str, ...]:
    """The paths that the lesson's checks ask for."""
    from tutor.grading.check import probe_paths

    return probe_paths(lesson.checks) or ("/",)


async def build(scene: Scene, action: Build) -> AsyncGenerator[SessionEvent, None]:
    """Build the workspace and measure what came out."""
    scene.went_well = None
    run_id = new_run_id()
    text = read_dockerfile(scene.files.folder, action.file)
    if text is None:
        scene.went_well = False
        yield BuildFailed(
            run_id,
            f"There is no file named {action.file} in the workspace.",
            0.0,
            next_step=scene.without_dockerfile,
        )
        return
    stages = read_stages(text)
    async for needed in missing_bases(scene.engine, stages.bases, run_id):
        yield needed
        return
    await measure_context(scene, action)
    request = BuildRequest(
        run_id=run_id,
        context=scene.files.folder,
        tag=scene.reference(action.tag),
        dockerfile=scene.files.folder / action.file if action.file != "Dockerfile" else None,
        keep_stages=stages.kept,
        build_args=dict(action.args),
        use_cache=action.use_cache,
        lesson=scene.lesson.slug,
    )
    built: BuildFinished | None = None
    cached_steps = 0
    log = StepLog()
    async with aclosing(scene.engine.builder.build(request)) as events:
        async for event in events:
            log.hear(event)
            cached_steps += isinstance(event, StepFinished) and event.cached
            if isinstance(event, BuildFinished):
                built = event
                scene.facts.learn(f"build.{action.tag}.cached_steps", cached_steps)
            scene.went_well = isinstance(event, BuildFinished) or (
                False if isinstance(event, BuildFailed) else None
            )
            yield event
            for compared in learn(scene, event, action.tag):
                yield compared
            if isinstance(event, BuildFailed):
                scene.facts.learn("build.error", log.error_of(event))
    if built is not None:
        await asyncio.to_thread(note_origin, scene.course.store, built.images, text)
        async with aclosing(measure_built(scene, built, action.tag, stages.bases)) as measured:
            async for event_measured in measured:
                yield event_measured


async def measure_built(
    scene: Scene, built: BuildFinished, tag: str, bases: tuple[str, ...]
) -> AsyncGenerator[SessionEvent, None]:
    """Tell the sizes of all that a build left, and of the base it began with."""
    reader = scene.course.reader()
    run_id, lesson = built.run_id, scene.lesson.slug
    stand_in = await bases_are_stand_ins(scene.engine, bases)
    sources = [
        reader.measure_built(built.images, run_id, tag=tag, lesson=lesson, stand_in=stand_in),
        *(reader.measure(base, run_id, name=base, role=SizeRole.BASE, lesson=lesson) for base in bases[:1]),
    ]
    for source in sources:
        async with aclosing(source) as events:
            async for event in events:
                yield event
                for compared in learn(scene, event, tag):
                    yield compared
                if (
                    isinstance(event, ImageMeasured)
                    and event.row.role is SizeRole.FINAL
                    and f"packed.{tag}.bytes" in named_measures(scene.lesson)
                ):
                    async with aclosing(reader.packed(event.row, run_id)) as packing:
                        async for packed in packing:
                            yield packed
                            for compared in learn(scene, packed, tag):
                                yield compared


def named_measures(lesson: Lesson) -> set[str]:
    """Every measure that a lesson asks for or shows."""
    from tutor.catalog.live_value import shown_texts

    devices = [device for step in lesson.steps for device in step.devices]
    texts = [step.prose for step in lesson.steps] + [t for device in devices for t in shown_texts(device)]
    asked = {device.measure for device in devices if isinstance(device, Predict)}
    return asked | {name for text in texts for name in live_values(text)}


async def run(scene: Scene, action: Run) -> AsyncGenerator[SessionEvent, None]:
    """Start the image and leave it running when it does."""
    scene.went_well = None
    engine = scene.engine
    run_id = new_run_id()
    await scene.stop()
    scene.exchanges.clear()
    if await scene.image(action.tag) is None:
        yield scene.say(run_id, "There is no image to run yet. Build it first: b.")
        return
    request = run_request(scene, action, run_id)
    try:
        started = await start_and_settle(engine, request, known_paths(scene.lesson)[0])
    except ContainerError as error:
        # Some engines look a user or a program up before there is a container at all.
        scene.went_well = False
        yield ContainerExited(run_id, "", None, error.what, (), error.next_step)
        scene.facts.learn_start(action.tag, starts=False, reachable=False, error=error.what)
        for compared in scene.compare(run_id):
            yield compared
        return
    container, state = started.container, started.state
    yield CommandShown(run_id, container.command)
    if state.is_running:
        scene.container, scene.container_tag = container, action.tag
        yield ContainerStarted(run_id, container.container_id, action.tag, scene.address, container.command)
        if started.first_answer is None:
            yield scene.say(run_id, await why_unreachable(engine, container))
    else:
        await engine.runtime.remove(container.container_id)
        yield ContainerExited(run_id, container.container_id, state.exit_code, state.error, started.log)
    scene.went_well = state.is_running
    scene.facts.learn_start(
        action.tag,
        starts=state.is_running,
        reachable=started.first_answer is not None,
        error="" if state.is_running else state.error or "\n".join(started.log[-3:]),
    )
    for compared in scene.compare(run_id):
        yield compared


def run_request(scene: Scene, action: Run, run_id: str) -> RunRequest:
    """The container that an action asks for."""
    return RunRequest(
        run_id=run_id,
        image=scene.reference(action.tag),
        port=action.port or scene.lesson.port,
        env=dict(action.env),
        read_only=action.read_only,
        user=action.user,
        lesson=scene.lesson.slug,
    )


async def probe(scene: Scene, paths: tuple[str, ...]) -> AsyncGenerator[SessionEvent, None]:
    """Ask the running container for these paths."""
    scene.went_well = None
    run_id = new_run_id()
    async for reason in scene.running(run_id):
        yield reason
        return
    container = scene.container
    assert container is not None
    for path in paths:
        exchange = await scene.engine.probe.request(container, path)
        scene.exchanges.pop(path, None)
        scene.exchanges[path] = exchange
        scene.facts.learn_exchange(exchange)
        yield CommandShown(run_id, exchange.curl)
        yield EndpointProbed(run_id, exchange)
    answers = [scene.exchanges[path].status for path in paths]
    scene.went_well = all(status is not None and status < 500 for status in answers)
    if None in answers:
        yield scene.say(run_id, await why_unreachable(scene.engine, container))
    for compared in scene.compare(run_id):
        yield compared


def learn(scene: Scene, event: SessionEvent, tag: str) -> list[PredictionCompared]:
    """Take the facts out of an event; predictions that can be compared now are told."""
    facts = scene.facts
    match event:
        case BuildFinished():
            facts.learn_build(tag, succeeded=True, elapsed_seconds=event.elapsed_seconds)
        case BuildFailed():
            facts.learn_build(tag, succeeded=False, elapsed_seconds=event.elapsed_seconds, error=event.error)
        case ImageMeasured():
            evidence = scene.course.reader().evidence.get(event.row.image_id)
            scene.course.keep_size_row(event.row)
            facts.learn_size(event, tag, evidence.file_count if evidence else 0)
            if event.row.packed_bytes is not None:
                facts.learn(f"packed.{tag}.bytes", event.row.packed_bytes)
            if evidence is not None and event.row.role is SizeRole.FINAL:
                facts.learn_image(evidence, tag)
        case EndpointProbed():
            scene.exchanges[event.exchange.path] = event.exchange
            facts.learn_exchange(event.exchange)
        case CheckJudged():
            facts.learn_verdict(event.verdict)
        case ContainerExited():
            facts.learn("container.error", event.error or "\n".join(event.log[-3:]))
        case _:
            return []
    return scene.compare(event.run_id)
