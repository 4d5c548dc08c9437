"""Evidence of a lesson done right, and ways to make it wrong."""

from __future__ import annotations

import json
from dataclasses import replace

from tutor.core.evidence import BuildEvidence, ContainerEvidence, Evidence, ImageEvidence, StageFacts
from tutor.core.http import HttpExchange
from tutor.core.image import (
    ContainerState,
    ElfFacts,
    FileEntry,
    FileKind,
    GoBuildInfo,
    ImageConfig,
    LayerFacts,
    Listener,
    Program,
)
from tutor.core.lesson import CheckSpec

TAG = "multi"
MODULE = "example.com/fromscratch/service"
STATIC = ElfFacts("x86-64", "EXEC", has_symbol_table=True, has_debug_sections=True, size_bytes=6_900_000)
DYNAMIC = replace(STATIC, kind="DYN", interpreter="/lib64/ld-linux-x86-64.so.2", needed=("libc.so.6",))
GO = GoBuildInfo("go1.21.13", MODULE)
APP_DIGEST = "a" * 64
TAKEN_AT = "2026-11-24T10:00:00+00:00"


def entry(path: str, size: int = 100, **more: object) -> FileEntry:
    values: dict[str, object] = {"kind": FileKind.FILE, "mode": 0o644} | more
    return FileEntry(path, size_bytes=size, **values)  # type: ignore[arg-type]  # each test names the fields it is about


def program(path: str = "/app", sha256: str = APP_DIGEST, layer: int = 0, looks_like: str = "") -> Program:
    return Program(path, 6_900_000, sha256, layer, looks_like)


def final(*extra: FileEntry, **changes: object) -> ImageEvidence:
    app = entry("/app", 6_900_000, mode=0o755, content="elf")
    image = ImageEvidence(
        image_id="sha256:final",
        config=ImageConfig(entrypoint=("/app",), exposed_ports=("8080/tcp",)),
        unpacked_bytes=6_900_000,
        layers=(LayerFacts("sha256:l", 6_900_000, 1, "COPY /app /app # buildkit"),),
        files=(app, *extra),
        file_count=1 + len(extra),
        entrypoint_path="/app",
        elf=STATIC,
        go=GO,
        programs=(program(),),
    )
    return replace(image, **changes)  # type: ignore[arg-type]  # each test names the fields it is about


def builder(**changes: object) -> ImageEvidence:
    image = ImageEvidence(
        image_id="sha256:builder",
        config=ImageConfig(),
        unpacked_bytes=269_000_000,
        layers=(
            LayerFacts("sha256:b", 198_000_000, 9_000, ""),
            LayerFacts("sha256:s", 20_000, 8, "COPY go.mod *.go ./ # buildkit"),
            LayerFacts("sha256:r", 71_000_000, 900, "RUN /bin/sh -c go build -o /app . # buildkit"),
        ),
        files=(),
        file_count=9_908,
        programs=(program("/usr/local/go/bin/go", "9" * 64), program("/app", layer=2)),
    )
    return replace(image, **changes)  # type: ignore[arg-type]  # each test names the fields it is about


def running(*listeners: Listener, port: int = 8080) -> ContainerEvidence:
    return ContainerEvidence(ContainerState("running"), port, ("listening on :8080",), listeners or None)


def ended(error: str = "", code: int | None = 1, *log: str, **state: object) -> ContainerEvidence:
    return ContainerEvidence(ContainerState("exited", code, error, **state), 8080, tuple(log))  # type: ignore[arg-type]  # each test names the fields it is about


def exchange(path: str, body: object = None, status: int = 200, **changes: object) -> HttpExchange:
    answer = HttpExchange(
        method="GET",
        path=path,
        url=f"http://127.0.0.1:49154{path}",
        curl=f"curl -i http://127.0.0.1:49154{path}",
        status=status,
        reason="OK" if status == 200 else "Not Found",
        headers=(
            ("Content-Type", "application/json; charset=utf-8"),
            ("Date", "Tue, 24 Nov 2026 10:00:20 GMT"),
        ),
        body=json.dumps(body),
        elapsed_seconds=0.002,
    )
    return replace(answer, **changes)  # type: ignore[arg-type]  # each test names the fields it is about


HEALTH = {"status": "healthy", "timestamp": "2026-11-24T10:00:20Z"}
INFO = {"service": {"name": "info-service"}, "runtime": {"current_time": "2026-11-24T10:00:20Z"}}


def good(**changes: object) -> Evidence:
    evidence = Evidence(
        lesson="two-stages",
        engine="docker 20.10",
        taken_at=TAKEN_AT,
        dockerfile_sha256="d" * 64,
        stages=(StageFacts(0, "builder", "golang:1.21-alpine", 1), StageFacts(1, "", "scratch", 6)),
        build=BuildEvidence(True, 12.5),
        images={TAG: final(), f"{TAG}/builder": builder()},
        containers={TAG: running(Listener("::", 8080))},
        exchanges={TAG: (exchange("/", INFO), exchange("/health", HEALTH))},
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]  # each test names the fields it is about


def with_final(*extra: FileEntry, **changes: object) -> Evidence:
    return good(images={TAG: final(*extra, **changes), f"{TAG}/builder": builder()})


def failed_build(error: str, line: int | None = None) -> Evidence:
    return good(build=BuildEvidence(False, 3.0, error, line), images={}, containers={}, exchanges={})


def spec(check: str, on: str = f"image.{TAG}", **params: object) -> CheckSpec:
    return CheckSpec(id=check.replace("_", "-"), check=check, on=on, why="", params=params)
