"""An engine that plays a script and records what it was asked. For session and screen tests only."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from tutor.core.base import BasePlan
from tutor.core.errors import ContainerError, ImageNotFound
from tutor.core.events import (
    BuildEvent,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    LogLines,
    StepFinished,
    StepStarted,
    WorkProgressed,
)
from tutor.core.http import HttpExchange
from tutor.core.image import (
    BuiltImage,
    Container,
    ContainerState,
    ExecResult,
    Healthcheck,
    ImageConfig,
    ImageSummary,
    Listener,
)
from tutor.core.ports import BuildRequest, CleanReport, EngineInfo, RunRequest, stage_reference

GOOD_BODY = json.dumps({"service": {"name": "fromscratch"}, "status": "healthy"})


@dataclass
class Script:
    """What the engine is to do. Tests change it between steps."""

    build_error: str = ""
    build_error_line: int | None = None
    fault: Exception | None = None
    """Raised by the next build instead of an event."""
    hold_build: asyncio.Event | None = None
    """A build waits for it after its first step."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a build waits."""
    log: tuple[str, ...] = ("compiling",)
    missing_bases: set[str] = field(default_factory=set)
    pull_bytes: int | None = None
    stand_in: bool = True
    kit_bytes: int | None = None
    exit_error: str = ""
    start_error: str = ""
    """Set to make the engine refuse to start any container."""
    statuses: dict[str, int] = field(default_factory=lambda: {"/": 200, "/health": 200})
    bodies: dict[str, str] = field(default_factory=dict)
    refuse: str = ""
    """Set to make every exchange end in this error."""
    exec_results: dict[str, ExecResult] = field(default_factory=dict)
    """By the first word of the command; others are not found."""
    export_files: dict[str, bytes] = field(default_factory=lambda: {"server": b"x", "etc/hosts": b"h"})
    stop_code: int = 2
    host_ports: list[int] = field(default_factory=list)
    """Where the next containers are published, one after the other."""
    healthcheck: tuple[str, ...] = ()
    final_files: dict[str, bytes] = field(default_factory=lambda: {"server": b"x" * 4_700_000})
    later_files: list[dict[str, bytes]] = field(default_factory=list)
    """The final files of the next builds, one after the other."""
    stage_files: dict[str, bytes] = field(default_factory=lambda: {"usr/local/go/bin/go": b"y" * 9_000_000})


class FakeEngine:
    """Implements every port over a script."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.asked: list[str] = []
        """What was asked of it, in order: ``build TAG``, ``start IMAGE``, ``remove ID`` …"""
        self.builds: list[BuildRequest] = []
        self.started: list[RunRequest] = []
        self.tags: dict[str, ImageSummary] = {}
        self.archives: dict[str, bytes] = {}
        self.running: set[str] = set()
        self.info = EngineInfo(
            kind="docker",
            name="docker 20.10 (fake)",
            version="20.10",
            builder="classic",
            store="overlay2",
            endpoint="fake",
            isolation="container",
        )
        self._count = 0

    builder = property(lambda self: self)
    images = property(lambda self: self)
    runtime = property(lambda self: self)
    probe = property(lambda self: self)

    async def ping(self) -> None:
        self.asked.append("ping")

    async def sweep(self) -> CleanReport:
        self.asked.append("sweep")
        return CleanReport()

    async def clean(self) -> CleanReport:
        self.asked.append("clean")
        return CleanReport()

    async def close(self) -> None:
        self.asked.append("close")

    # Builder

    async def build(self, request: BuildRequest) -> AsyncGenerator[BuildEvent, None]:
        self.asked.append(f"build {request.tag}")
        self.builds.append(request)
        script, run_id = self.script, request.run_id
        if script.fault is not None:
            fault, script.fault = script.fault, None
            raise fault
        yield BuildStarted(run_id, f"docker build -t {request.tag} .", self.info.name)
        yield StepStarted(run_id, "1", "FROM golang:1.21-alpine", "builder", 1, 2, 1)
        yield StepFinished(run_id, "1", 0.1, cached=True)
        yield StepStarted(run_id, "2", "RUN go build", "builder", 2, 2, 2)
        yield LogLines(run_id, "2", script.log)
        if script.hold_build is not None:
            script.held.set()
            try:
                await script.hold_build.wait()
            except asyncio.CancelledError:
                self.asked.append("build cancelled")
                raise
        if script.build_error:
            yield StepFinished(run_id, "2", 0.5, cached=False, error=script.build_error)
            yield BuildFailed(run_id, script.build_error, 0.6, "2", script.build_error_line)
            return
        yield StepFinished(run_id, "2", 0.5, cached=False)
        built = [
            BuiltImage(
                stage_reference(request.tag, stage),
                self._add(stage_reference(request.tag, stage), script.stage_files),
                stage,
            )
            for stage in request.keep_stages
        ]
        final_files = script.later_files.pop(0) if script.later_files else script.final_files
        built.append(BuiltImage(request.tag, self._add(request.tag, final_files)))
        yield BuildFinished(run_id, tuple(built), 0.7)

    def _add(self, reference: str, files: dict[str, bytes]) -> str:
        archive, image_id, config = image_archive(files)
        if self.script.healthcheck:
            config = replace(config, healthcheck=Healthcheck(self.script.healthcheck))
        self.tags[reference] = ImageSummary(image_id, (reference,), config, len(archive))
        self.archives[image_id] = archive
        return image_id

    # ImageStore

    async def find(self, reference: str) -> ImageSummary | None:
        here = reference in self.tags or reference in self.script.missing_bases
        if reference.startswith("golang:") and not here:
            self._add(reference, {"usr/local/go/bin/go": b"go"})
        by_id = next((s for s in self.tags.values() if s.image_id == reference), None)
        return self.tags.get(reference, by_id)

    async def tag(self, image_id: str, reference: str) -> None:
        self.asked.append(f"tag {reference}")
        found = next((s for s in self.tags.values() if s.image_id == image_id), None)
        if found is None:
            raise ImageNotFound(f"the image {image_id[:19]} is not there any more")
        self.tags[reference] = replace(found, references=(reference,))

    @contextmanager
    def open_archive(self, image_id: str) -> Iterator[BinaryIO]:
        self.asked.append(f"save {image_id}")
        yield io.BytesIO(self.archives[image_id])

    async def plan_base(self, reference: str) -> BasePlan:
        error = "" if self.script.pull_bytes else "no registry answers"
        return BasePlan(
            reference,
            self.script.pull_bytes,
            error,
            self.script.stand_in,
            "Go and a busybox",
            self.script.kit_bytes,
        )

    async def pull(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        async for event in self._obtain("pull", reference, run_id):
            yield event

    async def load_from_kit(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        async for event in self._obtain("kit", reference, run_id):
            yield event

    async def make_stand_in(self, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        async for event in self._obtain("stand-in", reference, run_id):
            yield event
        self.tags[reference] = replace(self.tags[reference], stand_in=True)

    async def _obtain(self, how: str, reference: str, run_id: str) -> AsyncGenerator[WorkProgressed, None]:
        self.asked.append(f"{how} {reference}")
        yield WorkProgressed(run_id, f"{how} {reference}", 1, 2)
        self._add(reference, {"usr/local/go/bin/go": b"go"})
        self.script.missing_bases.discard(reference)
        yield WorkProgressed(run_id, f"{how} {reference}", 2, 2)

    # Runtime

    async def start(self, request: RunRequest) -> Container:
        self._count += 1
        container_id = f"container-{self._count}"
        self.asked.append(f"start {request.image}")
        self.started.append(request)
        if self.script.start_error:
            raise ContainerError(self.script.start_error)
        if not self.script.exit_error:
            self.running.add(container_id)
        return Container(
            container_id,
            request.image,
            request.port,
            host_port=self.script.host_ports.pop(0) if self.script.host_ports else 49154,
            command=f"docker run {request.image}",
        )

    async def state(self, container_id: str) -> ContainerState:
        if container_id in self.running:
            return ContainerState("running")
        return ContainerState("exited", 1, self.script.exit_error)

    async def logs(self, container_id: str, tail: int = 200) -> tuple[str, ...]:
        return ("listening",)

    async def listeners(self, container_id: str) -> tuple[Listener, ...] | None:
        return (Listener("0.0.0.0", 9999 if self.script.refuse else 8080),)

    async def exec(self, container_id: str, argv: tuple[str, ...]) -> ExecResult:
        self.asked.append(f"exec {' '.join(argv)}")
        if argv[0] in self.script.exec_results:
            return self.script.exec_results[argv[0]]
        return ExecResult(126, "", f'exec: "{argv[0]}": executable file not found in $PATH')

    async def stop(self, container_id: str, grace_seconds: float = 2.0) -> ContainerState:
        self.running.discard(container_id)
        return ContainerState("exited", self.script.stop_code)

    async def remove(self, container_id: str) -> None:
        self.asked.append(f"remove {container_id}")
        self.running.discard(container_id)
        self.tags.pop(container_id, None)

    @contextmanager
    def open_export(self, container_id: str) -> Iterator[BinaryIO]:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, content in self.script.export_files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(content), 0o755
                tar.addfile(info, io.BytesIO(content))
        yield io.BytesIO(out.getvalue())

    # Probe

    async def request(
        self, container: Container, path: str, *, method: str = "GET", timeout_seconds: float = 5.0
    ) -> HttpExchange:
        self.asked.append(f"{method} {path}")
        url = f"http://127.0.0.1:{container.host_port}{path}"
        if self.script.refuse:
            return HttpExchange(method, path, url, f"curl -i {url}", error=self.script.refuse)
        status = self.script.statuses.get(path, 404)
        return HttpExchange(
            method,
            path,
            url,
            f"curl -i {url}",
            status,
            "OK" if status == 200 else "",
            (("Content-Type", "application/json"),),
            self.script.bodies.get(path, GOOD_BODY if status == 200 else ""),
            elapsed_seconds=0.002,
        )


def image_archive(
    files: dict[str, bytes], entrypoint: Sequence[str] = ("/server",)
) -> tuple[bytes, str, ImageConfig]:
    """A one-layer image as ``docker save`` writes it, its id and its configuration."""
    import hashlib

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    diff_id = f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"
    config = ImageConfig(entrypoint=tuple(entrypoint), diff_ids=(diff_id,), exposed_ports=("8080/tcp",))
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "ExposedPorts": {"8080/tcp": {}}},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created_by": "COPY /app /app # buildkit"}],
    }
    raw = json.dumps(document).encode()
    digest = hashlib.sha256(raw).hexdigest()
    manifest = [{"Config": f"{digest}.json", "RepoTags": [], "Layers": ["layer1/layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in (
            ("layer1/layer.tar", layer.getvalue()),
            (f"{digest}.json", raw),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue(), f"sha256:{digest}", config
