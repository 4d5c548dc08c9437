from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from tutor.core.clock import SystemClock
from tutor.core.events import BuildEvent, BuildFailed, BuildFinished, LogLines, StepFinished
from tutor.core.image import Container, ContainerState
from tutor.core.ports import BuildRequest, RunRequest
from tutor.core.progress import JournalEntry
from tutor.engine.embedded.busybox import installed_busybox, is_static
from tutor.engine.embedded.capability import assess_isolation
from tutor.engine.embedded.engine import EmbeddedEngine
from tutor.engine.embedded.launcher import Isolation

SHELL = """\
FROM scratch AS shell
COPY busybox /bin/busybox
COPY passwd /etc/passwd
RUN ["/bin/busybox", "--install", "-s", "/bin"]
"""
"""A stage with a shell, made without the Go toolchain."""


@dataclass
class MemoryJournal:
    held: dict[tuple[str, str], JournalEntry] = field(default_factory=dict)

    def record(self, entry: JournalEntry) -> None:
        self.held.setdefault((entry.kind, entry.object_id), entry)

    def forget(self, entry: JournalEntry) -> None:
        self.held.pop((entry.kind, entry.object_id), None)

    def entries(self, endpoint: str | None = None) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in self.held.values() if endpoint in (None, entry.endpoint))


@dataclass
class Built:
    """What one build said."""

    events: list[BuildEvent]

    @property
    def finished(self) -> BuildFinished:
        last = self.events[-1]
        assert isinstance(last, BuildFinished), last
        return last

    @property
    def failed(self) -> BuildFailed:
        last = self.events[-1]
        assert isinstance(last, BuildFailed), last
        return last

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(line for event in self.events if isinstance(event, LogLines) for line in event.lines)

    @property
    def cached(self) -> list[bool]:
        return [event.cached for event in self.events if isinstance(event, StepFinished)]


@dataclass
class Bench:
    """A context folder and an engine, with the few words tests need."""

    engine: EmbeddedEngine
    context: Path
    tag: str = "fromscratch/test:it"

    def write(self, name: str, content: str | bytes, mode: int = 0o644) -> Path:
        path = self.context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    async def build(
        self,
        dockerfile: str,
        *,
        keep_stages: Sequence[str] = (),
        use_cache: bool = True,
        build_args: Mapping[str, str] | None = None,
    ) -> Built:
        self.write("Dockerfile", dockerfile)
        request = BuildRequest(
            "run",
            self.context,
            self.tag,
            keep_stages=tuple(keep_stages),
            use_cache=use_cache,
            build_args=build_args or {},
        )
        async with aclosing(self.engine.builder.build(request)) as events:
            return Built([event async for event in events])

    async def start(
        self, *command: str, port: int = 8080, user: str = "", read_only: bool = False
    ) -> Container:
        request = RunRequest("run", self.tag, port, command=tuple(command), user=user, read_only=read_only)
        return await self.engine.runtime.start(request)

    async def until(self, container: Container, fact: Callable[[], Awaitable[object]]) -> None:
        """Wait for a fact for as long as the container runs."""
        while not await fact():
            assert (await self.engine.runtime.state(container.container_id)).is_running
            await asyncio.sleep(0.01)

    async def listening(self, container: Container) -> None:
        await self.until(container, lambda: self.engine.runtime.listeners(container.container_id))

    async def ended(self, container: Container) -> ContainerState:
        pump = self.engine.runtime._containers[container.container_id].pump
        if pump is not None:
            await pump
        return await self.engine.runtime.state(container.container_id)

    async def run(self, *command: str, user: str = "", read_only: bool = False) -> tuple[ContainerState, str]:
        """Start, wait for the end, remove; the state it ended in and what it printed."""
        container = await self.start(*command, user=user, read_only=read_only)
        state = await self.ended(container)
        log = await self.engine.runtime.logs(container.container_id)
        await self.engine.runtime.remove(container.container_id)
        return state, "\n".join(log)

    def files(self, reference: str = "") -> dict[str, tuple[str, int, int, int]]:
        """Path to kind, mode, user and group of what an image holds."""
        store = self.engine.builder._store
        tag = store.find(reference or self.tag)
        assert tag is not None
        view = store.view(store.config(tag.image_id).diff_ids)
        return {entry.path: (entry.kind.value, entry.mode, entry.uid, entry.gid) for entry, _ in view}


def _possible() -> list[Isolation]:
    kinds = [Isolation.USER_NAMESPACE]
    if os.geteuid() == 0:
        return [*kinds, Isolation.CHROOT]
    return [*kinds, Isolation.PROOT] if shutil.which("proot") else kinds


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("embedded-store")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def kind() -> Isolation | None:
    """Which isolation the engine under test uses; None for the best. Tests parametrize it."""
    return None


@pytest.fixture
async def engine(
    store_folder: Path,
    journal: MemoryJournal,
    kind: Isolation | None,
    engine_is_missing: Callable[[str], NoReturn],
) -> AsyncIterator[EmbeddedEngine]:
    if kind is not None and kind not in _possible():
        pytest.skip(f"{kind.value} is not possible here")
    capability = await assess_isolation(store_folder, os.environ, kind)
    if capability.isolation is None:
        if kind is not None:
            pytest.skip(f"{kind.value} is not possible here: {capability.faults}")
        engine_is_missing(f"no isolation works here: {capability.faults}")
    engine = await EmbeddedEngine.create(store_folder, journal, SystemClock(), isolation=kind)
    yield engine
    await engine.close()
    assert journal.entries() == ()
    assert list(engine.builder._store.work_folder.iterdir()) == []


@pytest.fixture
def bench(engine: EmbeddedEngine, tmp_path: Path) -> Bench:
    return Bench(engine, tmp_path)


@pytest.fixture
def busybox(engine_is_missing: Callable[[str], NoReturn], tmp_path: Path) -> bytes:
    """A static program."""
    found = installed_busybox(os.environ, tmp_path)
    if found is None:
        engine_is_missing("there is no static busybox")
    return found.read_bytes()


@pytest.fixture
def dynamic_program() -> bytes:
    """A program that asks for a loader: one of this machine's own."""
    path = next(
        path for name in ("true", "env", "ls") if (path := shutil.which(name)) and not is_static(Path(path))
    )
    return Path(path).read_bytes()


@pytest.fixture
def shell_bench(bench: Bench, busybox: bytes) -> Bench:
    """A context from which :data:`SHELL` can be built."""
    bench.write("busybox", busybox, 0o755)
    bench.write("passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:65532:65533:app:/home/app:/bin/sh\n")
    return bench


every_kind = pytest.mark.parametrize("kind", list(Isolation), ids=lambda kind: kind.value)
in_user_namespace = pytest.mark.parametrize("kind", [Isolation.USER_NAMESPACE], ids=[""])
"""For what the weaker kinds do not give."""
