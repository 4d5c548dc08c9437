"""``fromscratch xray``: where the bytes of an image or a program are."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tutor.command.output import written
from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy
from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError, EngineUnavailable, ImageNotFound, InspectError, TutorError
from tutor.inspect.decision import fitting_stage
from tutor.inspect.difference import Anatomy, compare
from tutor.inspect.gate import Gate, GateRequest, judge_gates, read_requirements, read_size
from tutor.inspect.waterfall import make_waterfall
from tutor.session.merge import ThreadWork
from tutor.ui.present import megabytes
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.core.ports import Engine

R = TypeVar("R")

HELD, MISSED, FAULT = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class XrayRequest:
    """What the command line asked for."""

    target: str
    other: str | None
    engine: str
    as_json: bool
    all_files: bool
    packed: bool
    dockerfile: Path | None
    max_size: str | None
    max_wasted: str | None
    require: str | None


async def run_xray(request: XrayRequest) -> int:
    """Open, compare, judge and print; the exit code."""
    wiring = Wiring(request.engine)  # type: ignore[arg-type]  # click.Choice checked it
    try:
        return await _Xray(request, wiring).run()
    except TutorError as error:
        if request.as_json:
            fault = {"what": error.what, "where": error.where, "next_step": error.next_step}
            click.echo(json.dumps({"schema": 1, "kind": "fault", "error": fault}, indent=2))
        else:
            click.echo(str(error), err=True)
        return FAULT
    finally:
        wiring.close()


class _Xray:
    """One call of the command."""

    def __init__(self, request: XrayRequest, wiring: Wiring) -> None:
        self._request = request
        self._wiring = wiring
        self._engines: list[Engine] = []

    async def run(self) -> int:
        request = self._request
        # Read first: a limit that cannot be read should not cost the time to open an image.
        gates = GateRequest(
            read_size(request.max_size) if request.max_size is not None else None,
            request.max_wasted,
            read_requirements(request.require) if request.require is not None else (),
        )
        dockerfile = _dockerfile(request.dockerfile)
        try:
            first = await self._open(request.target)
            second = await self._open(request.other) if request.other is not None else None
        finally:
            for engine in self._engines:
                await engine.close()
        judged = judge_gates(second or first, gates)
        with written():
            if second is None:
                self._print_one(first, dockerfile, judged)
            else:
                self._print_two(first, second, dockerfile, judged)
        missed = [gate for gate in judged if not gate.held]
        for gate in missed:
            click.echo(f"{gate.name}: expected {gate.expected}; found {gate.actual}", err=True)
        return MISSED if missed else HELD

    def _print_one(self, anatomy: Anatomy, dockerfile: Dockerfile | None, gates: tuple[Gate, ...]) -> None:
        if self._request.as_json:
            from tutor.inspect.anatomy_json import anatomy_as_json

            found = anatomy_as_json(anatomy, gates, all_files=self._request.all_files, dockerfile=dockerfile)
            click.echo(json.dumps(found, indent=2))
            return
        from tutor.command.xray_text import gates_text, image_text, program_text

        if isinstance(anatomy, ImageAnatomy):
            click.echo(image_text(anatomy, dockerfile))
        else:
            click.echo(program_text(anatomy))
        if gates:
            click.echo(f"\n{gates_text(gates)}")

    def _print_two(
        self, first: Anatomy, second: Anatomy, dockerfile: Dockerfile | None, gates: tuple[Gate, ...]
    ) -> None:
        difference = compare(first, second)
        waterfall = None
        if isinstance(first, ImageAnatomy) and isinstance(second, ImageAnatomy):
            stage = fitting_stage(tuple(layer.created_by for layer in second.layers), dockerfile)
            waterfall = make_waterfall(first, second, dockerfile, stage_key=stage)
        if self._request.as_json:
            from tutor.inspect.anatomy_json import difference_as_json

            found = difference_as_json(difference, first, second, gates, waterfall)
            click.echo(json.dumps(found, indent=2))
            return
        from tutor.command.xray_text import difference_text, gates_text

        click.echo(difference_text(difference, waterfall, first, second))
        if gates:
            click.echo(f"\n{gates_text(gates)}")

    async def _open(self, target: str) -> Anatomy:
        """A path that is there is opened as such; anything else is the name of an image.

        Raises:
            ImageNotFound: no engine holds it, and there is no such file.
        """
        if target in ("", "-"):
            raise InspectError(
                "Standard input is not read: an archive is read twice." if target else "No name was given.",
                next_step="Name an image, or a file: docker save -o image.tar NAME",
            )
        path = Path(target)
        if await asyncio.to_thread(os.path.exists, target):
            from tutor.inspect.source import packed_size_of_path, read_path

            anatomy = await _in_thread(
                f"Opening {target}",
                lambda progress, cancelled: read_path(path, on_progress=progress, cancelled=cancelled),
            )
            if self._request.packed and (isinstance(anatomy, BinaryAnatomy) or anatomy.packed_bytes is None):
                packed = await _in_thread(
                    f"Compressing {target}",
                    lambda progress, cancelled: packed_size_of_path(
                        path, on_progress=progress, cancelled=cancelled
                    ),
                )
                anatomy = dataclasses.replace(anatomy, packed_bytes=packed)
            return anatomy
        faults = []
        for connect in self._connections():
            try:
                engine = await connect()
            except EngineUnavailable as error:
                faults.append(error)
                continue
            self._engines.append(engine)
            found = await self._open_in(engine, target)
            if found is not None:
                return found
        if faults and not self._engines:
            raise faults[0]
        names = " and ".join(dict.fromkeys(engine.info.name for engine in self._engines))
        raise ImageNotFound(
            f"There is no such file, and no such image on {names}.",
            where=target,
            next_step="Name an image that docker images lists, a program, or an archive of docker save."
            + "".join(f"\nNot asked: {fault.what}." for fault in faults),
        )

    def _connections(self) -> tuple[Callable[[], Awaitable[Engine]], ...]:
        wanted = {"docker": (self._wiring.docker,), "embedded": (self._wiring.embedded,)}
        return wanted.get(self._request.engine, (self._wiring.docker, self._wiring.embedded))

    async def _open_in(self, engine: Engine, name: str) -> ImageAnatomy | None:
        from tutor.inspect.image import read_image_anatomy
        from tutor.inspect.packed import packed_size

        summary = await engine.images.find(name)
        if summary is None:
            return None

        def read(progress: Callable[[int], None], cancelled: threading.Event) -> ImageAnatomy:
            with engine.images.open_archive(summary.image_id) as archive:
                return read_image_anatomy(
                    archive,
                    summary.config,
                    name=name,
                    image_id=summary.image_id,
                    listed_bytes=summary.listed_bytes,
                    on_progress=progress,
                    cancelled=cancelled,
                )

        def compress(progress: Callable[[int], None], cancelled: threading.Event) -> int:
            with engine.images.open_archive(summary.image_id) as archive:
                return packed_size(
                    archive, image_id=summary.image_id, on_progress=progress, cancelled=cancelled
                )

        anatomy = await _in_thread(f"Opening {name}", read)
        if self._request.packed and anatomy.packed_bytes is None:
            packed = await _in_thread(f"Compressing {name}", compress)
            anatomy = dataclasses.replace(anatomy, packed_bytes=packed)
        return anatomy


def _dockerfile(path: Path | None) -> Dockerfile | None:
    if path is None:
        return None
    try:
        return parse_dockerfile(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InspectError(
            f"The Dockerfile cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except UnicodeDecodeError as error:
        raise InspectError("This is no Dockerfile: it is no text.", where=str(path)) from error
    except DockerfileError as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise InspectError(error.what, where=where, next_step=error.next_step) from error


async def _in_thread(label: str, work: Callable[[Callable[[int], None], threading.Event], R]) -> R:
    """Run blocking work, telling on a terminal how far it is; Ctrl-C stops it."""
    tells = sys.stderr.isatty()
    running = ThreadWork(work)
    try:
        async for done in running.progress():
            if tells:
                click.echo(f"\r\x1b[K{label}: {megabytes(done)}", nl=False, err=True)
    finally:
        if tells:
            click.echo("\r\x1b[K", nl=False, err=True)
    return running.result
