"""``fromscratch kit``: a class kit written, taken in, looked at, let go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tutor.command.kit_progress import Progress
from tutor.core.errors import EngineUnavailable, KitRefused, TutorError, UsageError
from tutor.core.kit import BUSYBOX, Kit, KitManifest, short_id
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.ports import Engine


@dataclass(slots=True)
class Told:
    """What a command has to say: lines for a person, a document for a program."""

    lines: list[str] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)


async def run_kit(
    make: Callable[[Wiring, Progress], Awaitable[Told]], wiring: Wiring, *, as_json: bool
) -> int:
    """Run one of the commands below and print what it says; the exit code, 0 or 2."""
    progress = Progress()
    try:
        said = await make(wiring, progress)
    except TutorError as error:
        progress.end()
        if as_json:
            fault = {"what": error.what, "where": error.where, "next_step": error.next_step}
            click.echo(json.dumps({"schema": 1, "error": fault}, indent=2))
        else:
            click.echo(str(error), err=True)
        return 2
    finally:
        wiring.close()
    if as_json:
        click.echo(json.dumps({"schema": 1, **said.document}, indent=2))
    else:
        click.echo("\n".join(said.lines))
    return 0


async def export_kit(path: Path, wiring: Wiring, progress: Progress, *, with_go: bool) -> Told:
    """Write a kit; ``with_go``: with what stand-ins and the embedded engine are made of."""
    from tutor.command.kit_export import KitExport

    exported = await KitExport(wiring, progress, with_go=with_go).write(path)
    manifest = exported.manifest
    size = await asyncio.to_thread(_size_bytes, path)
    told = Told(
        [f"kit {short_id(exported.kit_id)}: {path}, {size / 1e6:.1f} MB", *contents(manifest)],
        {"file": str(path), "size_bytes": size, "missing": exported.missing}
        | document(exported.kit_id, manifest),
    )
    told.lines += [f"  ! {line}" for line in exported.missing]
    told.lines.append(f"Elsewhere: fromscratch kit import {path.name}")
    return told


async def import_kit(path: Path, wiring: Wiring, progress: Progress) -> Told:
    """Check and keep a kit, then give its base images to the engine."""
    from tutor.storage.kit_file import open_kit
    from tutor.storage.kit_shelf import KitShelf

    shelf = KitShelf(wiring.location.kit_folder)

    def install() -> Kit:
        with open_kit(path) as reader:
            progress.begin(f"Checking and unpacking {path.name}")
            return shelf.install(reader, _readable, progress.tell)

    kit = await progress.in_thread(install)
    progress.end()
    wiring.forget_kit()
    told = Told(
        [f"kit {kit.name} is here: {kit.folder}", *contents(kit.manifest)],
        {"folder": str(kit.folder)} | document(kit.kit_id, kit.manifest),
    )
    told.lines += _about_lessons(kit)
    await _give_bases(kit, wiring, progress, told)
    return told


def _readable(kit: Kit) -> None:
    """A course of somebody's own becomes the course of this home, so it must be one.

    Raises:
        KitRefused: a lesson of it cannot be read by this version.
    """
    if not kit.manifest.own_lessons:
        return
    from tutor.catalog.course import load_course
    from tutor.grading.check import known_checks

    course = load_course(kit.lessons, kit.service, known_checks())
    if course.problems or not course.lessons:
        what = str(course.problems[0].as_error()).replace(f"{kit.folder}/", "") if course.problems else ""
        raise KitRefused(
            f"Its lessons cannot be read by this version of fromscratch. {what}".strip(),
            next_step=f"It was made by fromscratch {kit.manifest.tool_version}: install that version.",
        )


def _about_lessons(kit: Kit) -> list[str]:
    from tutor import __version__

    if kit.manifest.own_lessons:
        return ["The course is the kit's from now on; --lessons DIR opens another."]
    if kit.manifest.tool_version != __version__:
        line = (
            f"The kit was made by fromscratch {kit.manifest.tool_version}; this is {__version__}, and keeps "
        )
        return [f"{line}to its own lessons. Those of the kit: --lessons {kit.lessons}"]
    return []


def _size_bytes(path: Path) -> int:
    return path.stat().st_size


async def _give_bases(kit: Kit, wiring: Wiring, progress: Progress, told: Told) -> None:
    try:
        engine = await wiring.engine()
    except EngineUnavailable as error:
        if wiring.engine_choice != "auto":
            raise
        told.lines.append(f"No engine works here yet: {error.what} The bases wait in the kit.")
        told.document |= {"engine": None, "bases": {}}
        return
    try:
        manifest = kit.manifest
        bases = tuple(dict.fromkeys([*(image.reference for image in manifest.images), *manifest.stand_ins]))
        outcome = {base: await _give(engine, base, progress) for base in bases}
    finally:
        progress.end()
        await engine.close()
    told.lines += [f"{engine.info.name}: {base} {what}" for base, what in outcome.items()]
    told.document |= {"engine": engine.info.kind, "bases": outcome}


async def _give(engine: Engine, base: str, progress: Progress) -> str:
    from tutor.session.live import obtain_base
    from tutor.session.scene import new_run_id

    if await engine.images.find(base) is not None:
        return "was here already, and is left as it is"
    plan = await engine.images.plan_base(base)
    how = next((way for way in plan.ways if way in ("kit", "stand-in")), "")
    if not how:
        return f"is not for this engine: {plan.stand_in_note or 'it is for another architecture'}"
    done = {"kit": "was loaded", "stand-in": "was made as a stand-in, from the kit's Go and busybox"}[how]
    progress.begin(f"{'Loading' if how == 'kit' else 'Making a stand-in for'} {base}")
    async with aclosing(obtain_base(engine, base, how, new_run_id())) as events:
        async for event in events:
            current = getattr(event, "current", None)
            if current is not None:
                progress.tell(current, getattr(event, "total", None))
    return done


async def show_kit(path: Path | None, wiring: Wiring, progress: Progress) -> Told:
    """Tell what is in a kit and whether it is whole; without a file, of the kit that was imported here."""
    from tutor.storage.kit_file import open_kit

    if path is None:
        kit = wiring.kit
        if kit is None:
            raise UsageError("No class kit was imported here.", next_step="fromscratch kit import FILE")
        found = document(kit.kit_id, kit.manifest) | {"folder": str(kit.folder)}
        return Told([f"kit {kit.name}, imported: {kit.folder}", *contents(kit.manifest)], found)

    def verify() -> tuple[str, KitManifest]:
        with open_kit(path) as reader:
            progress.begin(f"Checking {path.name}")
            reader.verify(progress.tell)
            return reader.kit_id, reader.manifest

    kit_id, manifest = await progress.in_thread(verify)
    progress.end()
    size = await asyncio.to_thread(_size_bytes, path)
    return Told(
        [f"kit {short_id(kit_id)}: {path}, {size / 1e6:.1f} MB, whole", *contents(manifest)],
        {"file": str(path), "size_bytes": size} | document(kit_id, manifest),
    )


async def remove_kit(wiring: Wiring, _: Progress) -> Told:
    """Let go of the imported kit. What it loaded into an engine is for ``fromscratch clean``."""
    from tutor.storage.kit_shelf import KitShelf

    removed = await asyncio.to_thread(KitShelf(wiring.location.kit_folder).remove)
    line = "The kit is removed. What it gave an engine: fromscratch clean." if removed else "There was none."
    return Told([line], {"removed": removed})


def contents(manifest: KitManifest) -> list[str]:
    """What a kit holds, in a few lines."""
    sizes = {member.path: member.size_bytes for member in manifest.members}
    count = len(manifest.lessons)
    whose = "somebody's own" if manifest.own_lessons else f"as in fromscratch {manifest.tool_version}"
    lines = [
        f"  {count} lesson{'s' * (count != 1)}, {whose}, and the service they build; made {manifest.made_at}"
    ]
    if manifest.wheel:
        lines.append(
            f"  Go {manifest.go_version} for linux/{manifest.architecture}"
            f"{', a static busybox' if BUSYBOX in sizes else ''}: the embedded engine, "
            f"and a stand-in for {', '.join(manifest.stand_ins) or 'nothing'}"
        )
    lines += [
        f"  {image.reference} for linux/{image.architecture}, {sizes[image.member] / 1e6:.0f} MB"
        for image in manifest.images
    ]
    return lines


def document(kit_id: str, manifest: KitManifest) -> dict[str, Any]:
    """What a kit holds, for a program."""
    return {
        "kit": kit_id,
        "tool_version": manifest.tool_version,
        "made_at": manifest.made_at,
        "architecture": manifest.architecture,
        "lessons": list(manifest.lessons),
        "own_lessons": manifest.own_lessons,
        "go_version": manifest.go_version,
        "stand_ins": list(manifest.stand_ins),
        "images": [
            {"reference": each.reference, "architecture": each.architecture} for each in manifest.images
        ],
        "files": len(manifest.members),
        "total_bytes": manifest.total_bytes,
    }
