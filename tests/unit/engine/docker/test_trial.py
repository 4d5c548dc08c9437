import os
import socket
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.engine.docker.journal import MemoryJournal
from tutor.core.errors import EngineUnavailable
from tutor.engine.docker.discovery import Candidate
from tutor.engine.docker.engine import DockerEngine, try_engines
from tutor.engine.docker.trial import try_candidate


async def test_a_socket_that_is_not_there_is_told_with_how_to_start_the_engine(tmp_path: Path) -> None:
    connection, trial = await try_candidate(Candidate("test", f"unix://{tmp_path}/no.sock"))
    assert connection is None
    assert not trial.answered
    assert "there is no" in trial.error
    assert "start" in trial.next_step.lower()


async def test_a_socket_where_nothing_listens_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    _, trial = await try_candidate(Candidate("test", f"unix://{path}"))
    assert "nothing answers" in trial.error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every socket")
async def test_a_socket_that_may_not_be_used_is_told_with_the_group_to_join(tmp_path: Path) -> None:
    path = tmp_path / "closed.sock"
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(path))
        closed.listen()
        path.chmod(0)
        _, trial = await try_candidate(Candidate("test", f"unix://{path}"))
    assert "may not use" in trial.error
    assert "docker" in trial.next_step


async def test_a_context_that_does_not_exist_is_not_tried() -> None:
    _, trial = await try_candidate(Candidate("context far", "", "far", error="there is no context named far"))
    assert trial.error == "there is no context named far"
    assert trial.next_step


async def test_an_engine_that_cannot_be_found_says_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable) as raised:
        await DockerEngine.connect(
            MemoryJournal(),
            FakeClock(),
            environ={"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "PATH": os.environ["PATH"]},
            home=tmp_path,
            lock_path=tmp_path / "lock",
        )
    assert "DOCKER_HOST" in raised.value.what
    assert raised.value.next_step


async def test_doctor_learns_of_every_place_that_was_tried(tmp_path: Path) -> None:
    (trial,) = await try_engines({"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}, tmp_path)
    assert trial.candidate.source == "DOCKER_HOST"
    assert not trial.answered
