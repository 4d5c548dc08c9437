"""The Docker engine with all its roles, from finding it to letting go of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tutor.core.errors import EngineError, EngineLost, EngineUnavailable
from tutor.core.ports import CleanReport, Clock, EngineInfo, Probe
from tutor.core.store import Journal
from tutor.engine.docker.discovery import Trial

if TYPE_CHECKING:
    from tutor.core.kit import Kit
    from tutor.engine.docker.builder import DockerBuilder
    from tutor.engine.docker.cleaning import Cleaning
    from tutor.engine.docker.connection import Connection
    from tutor.engine.docker.image_store import DockerImageStore
    from tutor.engine.docker.runtime import DockerRuntime

BuilderChoice = Literal["auto", "buildx", "classic"]


@dataclass(frozen=True, slots=True)
class _Parts:
    connection: Connection
    info: EngineInfo
    builder: DockerBuilder
    images: DockerImageStore
    runtime: DockerRuntime
    probe: Probe
    cleaning: Cleaning


class DockerEngine:
    """Fills :class:`tutor.core.ports.Engine`. Made by :meth:`connect`."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    @classmethod
    async def connect(
        cls,
        journal: Journal,
        clock: Clock,
        *,
        environ: Mapping[str, str] = os.environ,
        home: Path | None = None,
        lock_path: Path,
        builder: BuilderChoice = "auto",
        kit: Kit | None = None,
    ) -> DockerEngine:
        """Find an engine and get ready to use it.

        ``lock_path`` is the file that lets one build of this learner run at a time; buildx keeps
        its own records in a folder beside it. ``kit`` is the class kit that was imported here.

        Raises:
            EngineUnavailable: none answers, or it has not the builder that was asked for.
        """
        parts = await _assemble(
            journal,
            clock,
            environ=environ,
            home=home or Path.home(),
            lock_path=lock_path,
            choice=builder,
            kit=kit,
        )
        return cls(parts)

    @property
    def info(self) -> EngineInfo:
        """Which engine this is."""
        return self._parts.info

    @property
    def builder(self) -> DockerBuilder:
        """Its builder."""
        return self._parts.builder

    @property
    def images(self) -> DockerImageStore:
        """Its images."""
        return self._parts.images

    @property
    def runtime(self) -> DockerRuntime:
        """Its containers."""
        return self._parts.runtime

    @property
    def probe(self) -> Probe:
        """The way to its endpoints."""
        return self._parts.probe

    async def ping(self) -> None:
        """Return when the engine answers.

        Raises:
            EngineLost: it does not.
        """
        connection = self._parts.connection
        try:
            async with asyncio.timeout(10):
                await connection.call("asking whether it is there", connection.api.ping)
        except TimeoutError:
            raise EngineLost("the engine gives no answer") from None

    async def sweep(self) -> CleanReport:
        """Remove what dead runs left."""
        return await self._parts.cleaning.sweep()

    async def clean(self) -> CleanReport:
        """Remove everything that is ours by label or journal."""
        await self._parts.builder.close()
        return await self._parts.cleaning.clean()

    async def close(self) -> None:
        """Finish the bookkeeping, remove what this process started, let go of the connection."""
        await self._parts.builder.close()
        with contextlib.suppress(EngineError):
            await self._parts.runtime.remove_all()
        self._parts.connection.close()


async def try_engines(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> tuple[Trial, ...]:
    """What came of each place where an engine may answer, for ``doctor``. The last one is in use."""
    from tutor.engine.docker.trial import find_engine

    connection, trials = await find_engine(environ, home or Path.home())
    if connection is not None:
        connection.close()
    return trials


def unavailable(trials: tuple[Trial, ...]) -> EngineUnavailable:
    """The error that says what was tried."""
    tried = "; ".join(f"{trial.candidate.source}: {trial.error}" for trial in trials)
    steps = [trial.next_step for trial in trials if trial.next_step]
    return EngineUnavailable(
        f"no Docker engine answers ({tried})" if tried else "no Docker engine answers",
        next_step=steps[0] if steps else "",
    )


async def _assemble(
    journal: Journal,
    clock: Clock,
    *,
    environ: Mapping[str, str],
    home: Path,
    lock_path: Path,
    choice: BuilderChoice,
    kit: Kit | None,
) -> _Parts:
    # In a thread: importing the SDK takes longer than a frame of the screen may.
    await asyncio.to_thread(_import_adapters)
    from tutor.engine.docker.build_lock import BuildLock
    from tutor.engine.docker.buildx import BuildxBuilder, buildx_environment, buildx_fault
    from tutor.engine.docker.classic import ClassicBuilder
    from tutor.engine.docker.cleaning import Cleaning
    from tutor.engine.docker.companion_probe import CompanionProbe
    from tutor.engine.docker.helper_probe import HelperProbe
    from tutor.engine.docker.image_store import DockerImageStore
    from tutor.engine.docker.ledger import Ledger
    from tutor.engine.docker.ownership import home_of
    from tutor.engine.docker.runtime import DockerRuntime
    from tutor.engine.docker.trial import find_engine
    from tutor.engine.http_probe import HttpProbe

    looking = asyncio.create_task(buildx_fault(environ)) if choice != "classic" else None
    try:
        connection, trials = await find_engine(environ, home)
        if connection is None:
            raise unavailable(trials)
        fault = await looking if looking else "the classic builder was asked for"
        if connection.is_podman and not fault:
            fault = "Podman has no BuildKit"
        if fault and choice == "buildx":
            connection.close()
            raise EngineUnavailable(
                f"buildx cannot be used: {fault}",
                next_step="Install the plug-in (Docker CE: docker-buildx-plugin, Debian: docker-buildx).",
            )
    finally:
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})
    kind = "classic" if fault else "buildx"
    info = _describe(connection, kind, fault if choice == "auto" else "")
    ledger = Ledger(journal, connection, clock, home_of(lock_path.parent))
    lock = BuildLock(lock_path)
    builder: DockerBuilder
    if fault:
        builder = ClassicBuilder(connection, ledger, clock, lock, info.name)
    else:
        child = buildx_environment(environ, connection.candidate, lock_path.parent / "buildx")
        builder = BuildxBuilder(connection, ledger, clock, lock, info.name, child)
        builder.moved_tags_drop_images = info.store == "containerd"
    runtime = DockerRuntime(connection, ledger)
    published = HttpProbe() if connection.candidate.is_local else HelperProbe(connection, ledger)
    probe = CompanionProbe(connection, ledger, published)
    runtime.before_removal = probe.forget
    return _Parts(
        connection,
        info,
        builder,
        DockerImageStore(connection, ledger, containerd_store=info.store == "containerd", kit=kit),
        runtime,
        probe,
        Cleaning(connection, ledger, clock, lambda: builder.active_runs),
    )


def _describe(connection: Connection, builder: str, buildx_missing: str) -> EngineInfo:
    information: dict[str, Any] = dict(connection.information)
    version = str(connection.version.get("Version") or information.get("ServerVersion") or "")
    product = "podman" if connection.is_podman else "docker"
    short = ".".join(version.split(".")[:2])
    status = {str(row[0]): str(row[1]) for row in information.get("DriverStatus") or () if len(row) == 2}
    containerd = status.get("driver-type", "").startswith("io.containerd.snapshotter")
    notes = []
    if buildx_missing:
        notes.append(f"builds with the classic builder: {buildx_missing}")
    return EngineInfo(
        kind="docker",
        name=f"{product} {short}, {builder}",
        version=version,
        builder=builder,
        store="containerd" if containerd else str(information.get("Driver") or ""),
        endpoint=connection.candidate.url,
        isolation="a container: namespaces, no capabilities, no new privileges, limited memory",
        architecture=connection.architecture,
        notes=tuple(notes),
        official=True,
        data_folder=_data_folder(connection),
    )


def _data_folder(connection: Connection) -> str:
    folder = str(dict(connection.information).get("DockerRootDir") or "")
    return folder if folder and connection.candidate.is_local and Path(folder).is_dir() else ""


def _import_adapters() -> None:
    import tutor.engine.docker.buildx
    import tutor.engine.docker.classic
    import tutor.engine.docker.cleaning
    import tutor.engine.docker.image_store
    import tutor.engine.docker.runtime
    import tutor.engine.docker.trial
    import tutor.engine.http_probe  # noqa: F401 - imported early, off the loop
