"""``fromscratch clean``: everything of ours goes, nothing else."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import click

from tutor.core.errors import EngineUnavailable
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.ports import CleanReport


async def run_clean(engine: str, *, as_json: bool) -> int:
    """Clean the engines that answer and print what went; the exit code.

    2 when an engine that holds things of ours does not answer.
    """
    wiring = Wiring()
    reports: dict[str, CleanReport] = {}
    unreachable: dict[str, str] = {}
    wanted = {"docker": wiring.docker, "embedded": wiring.embedded}
    try:
        for name, connect in wanted.items():
            if engine not in {"auto", name}:
                continue
            try:
                connected = await connect()
            except EngineUnavailable as error:
                unreachable[name] = error.what
                continue
            try:
                reports[name] = await connected.clean()
            finally:
                await connected.close()
        shutil.rmtree(wiring.scratch_folder, ignore_errors=True)
        # A record that was not struck out belongs to an engine that did not answer.
        waiting = [entry for entry in wiring.journal.entries() if entry.kind != "process"]
    finally:
        wiring.close()
    left = sum(len(report.left) for report in reports.values())
    code = 2 if (unreachable and waiting) or (engine != "auto" and unreachable) else 0
    if as_json:
        click.echo(json.dumps(_as_dict(reports, unreachable), indent=2))
        return code
    for name, report in reports.items():
        megabytes = report.reclaimed_bytes / 1e6
        click.echo(f"{name}: removed {len(report.removed)} of ours, {megabytes:.0f} MB.")
        for entry, why in report.left:
            click.echo(f"{name}: left {entry.kind} {entry.object_id[:19]}: {why}")
    if code:
        for name, why in unreachable.items():
            click.echo(
                f"{name}: {why} What is ours there stays until it answers; then clean again.", err=True
            )
    if left == 0 and not code:
        click.echo("Your workspaces and your progress are untouched.")
    return code


def _as_dict(reports: dict[str, CleanReport], unreachable: dict[str, str]) -> dict[str, object]:
    return {
        "schema": 1,
        "engines": {
            name: {
                "removed": [{"kind": e.kind, "id": e.object_id, "detail": e.detail} for e in report.removed],
                "left": [{"kind": e.kind, "id": e.object_id, "why": why} for e, why in report.left],
                "reclaimed_bytes": report.reclaimed_bytes,
            }
            for name, report in reports.items()
        },
        "unreachable": unreachable,
    }
