import asyncio
import contextlib
import gc
import os
import socket
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engine_guard import engine_contents
from tests.engines.docker.laboratory import Laboratory
from tutor.core.clock import SystemClock
from tutor.core.errors import EngineLost, EngineUnavailable
from tutor.core.events import LogLines
from tutor.engine.docker.discovery import candidates
from tutor.engine.docker.engine import BuilderChoice, DockerEngine

pytestmark = [
    pytest.mark.docker,
    # The SDK leaks a socket whenever it cannot connect.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Cable:
    """A way to the real engine that can be cut. It works in a thread: tests may block."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self._target = target
        self._ends: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener.shutdown(socket.SHUT_RDWR)
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.cut()
        for thread in self._threads:
            thread.join()
        for end in (*self._ends, self._listener):
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._target))
                self._ends |= {near, far}
                for pair in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._copy, args=pair)
                    self._threads.append(thread)
                    thread.start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
async def cable(tmp_path: Path) -> AsyncIterator[Cable]:
    real = next(c.socket_path for c in candidates(os.environ, Path.home()) if c.socket_path is not None)
    cable = Cable(tmp_path / "cable.sock", real)
    yield cable
    await asyncio.to_thread(cable.remove)


@pytest.fixture
async def doomed(
    laboratory: Laboratory,
    cable: Cable,
    choice: BuilderChoice,
    engine_is_missing: Callable[[str], NoReturn],
) -> AsyncIterator[DockerEngine]:
    """The same engine over the cable, sharing state with the laboratory, which cleans up."""
    environ = {**os.environ, "DOCKER_HOST": f"unix://{cable.path}"}
    try:
        engine = await DockerEngine.connect(
            laboratory.journal,
            SystemClock(),
            environ=environ,
            lock_path=laboratory.tmp_path / "state/build.lock",
            builder=choice,
        )
    except EngineUnavailable as missing:
        engine_is_missing(missing.what)
    yield engine
    await engine.close()
    del engine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def test_an_engine_that_goes_away_in_the_middle_of_a_build_is_lost(
    laboratory: Laboratory, doomed: DockerEngine, cable: Cable
) -> None:
    before = engine_contents()
    laboratory.write("FROM BASE\nCOPY Dockerfile /\nRUN echo started; sleep 300\n")
    with pytest.raises(EngineLost) as raised:
        async with aclosing(doomed.builder.build(laboratory.request())) as events:
            async for event in events:
                if isinstance(event, LogLines) and "started" in event.lines:
                    cable.cut()
    assert raised.value.next_step
    await doomed.builder.close()
    # What could not be tidied up then is tidied up when the engine is there again.
    report = await laboratory.engine.clean()
    assert report.left == ()
    assert engine_contents().keys() == before.keys()


async def test_an_engine_that_does_not_answer_is_lost(doomed: DockerEngine, cable: Cable) -> None:
    await doomed.ping()
    cable.cut()
    with pytest.raises(EngineLost):
        await doomed.ping()
    with pytest.raises(EngineLost):
        await doomed.runtime.state("anything")
    with pytest.raises(EngineLost):
        await doomed.images.find("anything")
    with pytest.raises(EngineLost), doomed.images.open_archive("anything"):
        pass


async def test_an_archive_that_breaks_off_is_not_taken_for_its_end(
    laboratory: Laboratory, doomed: DockerEngine, cable: Cable
) -> None:
    with doomed.images.open_archive(laboratory.base) as stream:
        first = stream.read(512)
        cable.cut()

        def rest() -> None:
            while stream.read(65536):
                pass

        assert first
        with pytest.raises(EngineLost):
            await asyncio.to_thread(rest)
