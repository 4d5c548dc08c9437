"""Every check that rests on a trial, both ways, on real engines: one good folder and one bad one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.engines import warm_base
from tutor.core.clock import SystemClock
from tutor.core.errors import EngineUnavailable
from tutor.core.evidence import Evidence
from tutor.core.lesson import CheckSpec, Lesson, Step
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.session.action import new_run_id
from tutor.session.checkpoint import Checkpoint, CheckpointJob
from tutor.session.measure import ImageReader
from tutor.wiring import EngineChoice, Wiring

pytestmark = pytest.mark.prove

SERVICE = Path(__file__).parents[2] / "assets" / "service"
MARKER = "correct-horse-battery"
TOKEN = "7f3a9c"
GOOD = f"""\
FROM golang:1.21-alpine AS builder
WORKDIR /src
COPY go.mod ./
RUN go mod download
COPY *.go ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.token={TOKEN}" -o /app .

FROM scratch
COPY --from=builder /app /app
USER 65532:65532
EXPOSE 8080
HEALTHCHECK CMD ["/app", "-healthcheck"]
ENTRYPOINT ["/app", "-drain", "10s"]
"""
BAD = """\
FROM golang:1.21-alpine AS builder
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -ldflags "-X main.version=$(date +%s%N)" -o /app .

FROM builder
RUN rm -f /src/secret.env
EXPOSE 80
HEALTHCHECK CMD curl -f http://localhost:8080/health
ENTRYPOINT ["/app"]
"""
PARAMS: dict[str, dict[str, object]] = {
    "runs_locked_down": {"paths": ["/health"]},
    "healthcheck_passes": {},
    "requests_are_drained": {"path": "/slow?for=2s"},
    "rebuild_reuses_dependencies": {"file": "main.go"},
    "context_leaves_out": {"paths": ["secret.env"]},
    "secret_is_nowhere": {"marker": MARKER},
    "two_builds_agree": {},
    "binary_links_token": {},
    "architecture_matches": {},
    "user_is_numeric_non_root": {},
    "port_is_exposed": {"port": 8080},
    "image_has_no_shell": {},
    "dependencies_come_before_source": {},
    "base_is_pinned": {},
    "binary_is_stripped": {},
    "unknown_path_is_not_found": {},
    "entry_point_is_exec_form": {},
}
STILL_GOOD = {
    "runs_locked_down",
    "architecture_matches",
    "base_is_pinned",
    "unknown_path_is_not_found",
    "entry_point_is_exec_form",
}
"""What the bad folder does right."""

CHOICES: tuple[EngineChoice, ...] = ("docker", "embedded")
WAYS = [
    pytest.param("docker", "buildx", marks=pytest.mark.docker),
    pytest.param("docker", "classic", marks=pytest.mark.docker),
    pytest.param("embedded", "auto", marks=pytest.mark.embedded),
]


def lesson(folder: Path) -> Lesson:
    checks = tuple(CheckSpec(name, name, "image.trial", "", params=params) for name, params in PARAMS.items())
    return Lesson(
        number=99,
        slug="trials",
        title="Trials",
        goal="",
        minutes=1,
        needs=(),
        tag="trial",
        port=8080,
        par_bytes=None,
        tags=("trial",),
        steps=(Step("all", "All", "", checks),),
        folder=folder,
        context=folder,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    shutil.copytree(SERVICE, place, ignore=shutil.ignore_patterns("*_test.go"))
    (place / "secret.env").write_text(f"KEY={MARKER}\n")
    (place / "token.txt").write_text(f"{TOKEN}\n")
    return place


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("trials")
    yield place
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROMSCRATCH_HOME", str(place))
        for choice in CHOICES:
            with contextlib.closing(Wiring(choice)) as wiring, contextlib.suppress(EngineUnavailable):
                asyncio.run(clean(wiring))


async def clean(wiring: Wiring) -> None:
    engine = await wiring.engine()
    await engine.clean()
    await engine.close()


async def grade(wiring: Wiring, folder: Path) -> tuple[CheckpointReport, Evidence]:
    engine = await wiring.engine()
    try:
        await warm_base.make(engine)
        checkpoint = Checkpoint(engine, ImageReader(engine.images, wiring.store), SystemClock())
        job = CheckpointJob(lesson(folder), folder, "fromscratch/trials:trial", new_run_id(), "0" * 64)
        async with aclosing(checkpoint.run(job)) as events:
            async for _ in events:
                pass
        assert checkpoint.report is not None
        assert checkpoint.evidence is not None
        for each in ("trial-edited", "trial-again"):
            assert await engine.images.find(f"fromscratch/trials:{each}") is None
        return checkpoint.report, checkpoint.evidence
    finally:
        await engine.close()


@pytest.mark.parametrize(("engine", "builder"), WAYS)
@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_every_trial_tells_a_good_folder_from_a_bad_one(
    engine: Any,
    builder: Any,
    good: bool,
    folder: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> None:
    if builder == "buildx":
        plugin = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)
        if plugin.returncode != 0:
            engine_is_missing("the docker buildx plug-in is not installed")
    monkeypatch.setenv("FROMSCRATCH_HOME", str(home))
    (folder / "Dockerfile").write_text(GOOD if good else BAD)
    if good:
        (folder / ".dockerignore").write_text("secret.env\n")
    with contextlib.closing(Wiring(engine, builder)) as wiring:
        report, evidence = asyncio.run(grade(wiring, folder))
    assert evidence.trials.faults == {}
    verdicts = {verdict.check_id: verdict for verdict in report.verdicts}
    wanted = {name: Outcome.PASSED if good or name in STILL_GOOD else Outcome.FAILED for name in PARAMS}
    told = {name: verdict.outcome for name, verdict in verdicts.items()}
    assert told == wanted, "\n".join(
        f"{name}: {verdicts[name].outcome} {verdicts[name].actual}"
        for name in wanted
        if told[name] is not wanted[name]
    )
