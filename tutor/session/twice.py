"""The same build twice, without a cache: is it the same program, byte for byte?"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tutor.core.events import BuildFinished, SessionEvent, Shown
from tutor.core.lesson import Build, BuildTwice
from tutor.session import table
from tutor.session.action import build
from tutor.session.scene import new_run_id
from tutor.session.show import program_bytes

if TYPE_CHECKING:
    from tutor.session.scene import Scene


async def build_twice(scene: Scene, action: BuildTwice) -> AsyncGenerator[SessionEvent, None]:
    """Build twice and compare. Goes well when both builds do, whether they agree or not."""
    run_id = new_run_id()
    programs: list[bytes] = []
    for nth in ("first", "second"):
        yield scene.say(run_id, f"The {nth} build, without a cache.", "information")
        finished = False
        async with aclosing(build(scene, Build(action.tag, use_cache=False))) as events:
            async for event in events:
                finished = finished or isinstance(event, BuildFinished)
                yield event
        if not finished:
            return
        summary = await scene.image(action.tag)
        image = scene.course.reader().evidence.get(summary.image_id) if summary else None
        program = None
        if summary is not None and image is not None:
            program = await asyncio.to_thread(program_bytes, scene, summary, image)
        if program is None:
            scene.went_well = False
            yield scene.say(run_id, "The image starts no program that could be compared.")
            return
        programs.append(program)
    first, second = programs
    same = first == second
    digests = tuple(
        (name, hashlib.sha256(each).hexdigest()[:32]) for name, each in (("first", first), ("second", second))
    )
    if same:
        made = table.Table(digests, ("build", "sha256 of the program"), "The same, byte for byte.")
    else:
        made = await asyncio.to_thread(table.difference_table, first, second)
        made = table.Table((*digests, *made.rows), made.header, "Two programs that differ.")
    scene.went_well = True
    yield scene.show(Shown(run_id, "Built twice", made.rows, made.header, made.foot, same))
    scene.facts.learn(f"twice.{action.tag}.same", same)
    for compared in scene.compare(run_id):
        yield compared
