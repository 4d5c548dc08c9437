"""``fromscratch demo --rehearse``: every step without waiting, with its time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from tutor.command.demo import keep_recording, only_demo, opened_demo

if TYPE_CHECKING:
    from tutor.command.demo import DemoRequest
    from tutor.wiring import Wiring


async def run_rehearsal(wiring: Wiring, request: DemoRequest) -> int:
    """Walk through one lesson or the whole course and print how it went; 1 when a step went otherwise."""
    from tutor.session.demo_rehearsal import rehearse

    lessons = (wiring.course.find(request.lesson),) if request.lesson else wiring.course.lessons
    bad = 0
    began = time.monotonic()
    with only_demo(wiring):
        for lesson in lessons:
            async with opened_demo(wiring, lesson) as demo:
                click.echo(f"{lesson.name} on {demo.source}")
                total, network = 0.0, dict[str, None]()
                async for row in rehearse(demo):
                    sign = {True: "✓", False: "✗", None: "·"}[row.went_well]
                    click.echo(f"  {row.step.number:>3} {sign} {row.seconds:6.1f} s  {row.step.say}")
                    if row.went_well is False:
                        bad += 1
                        for line in (row.why or "It did not end as the lesson means it to.").splitlines()[:6]:
                            click.echo(f"        {line}")
                    total += row.seconds
                    network |= dict.fromkeys(row.network)
                keep_recording(wiring, lesson, demo, request.record if request.lesson else None)
                click.echo(f"      {total:6.1f} s in all, of {lesson.minutes} min for the class")
                for what in network:
                    click.echo(f"      network: {what}")
                if not network:
                    click.echo("      network: nothing here needs it")
    if len(lessons) > 1:
        click.echo(f"{len(lessons)} lessons in {time.monotonic() - began:.0f} s")
    click.echo(
        f"{bad} steps went otherwise than the lessons say." if bad else "Every step ended as it should."
    )
    return 1 if bad else 0
