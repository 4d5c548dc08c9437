import docker.errors
import pytest
import requests.exceptions

from tutor.core.errors import EngineError, EngineLost, NoSpaceLeft
from tutor.engine.docker.fault import says_lost, translate


def test_a_broken_connection_is_a_lost_engine_with_the_next_step() -> None:
    error = translate(requests.exceptions.ConnectionError("Connection aborted"), "building")
    assert isinstance(error, EngineLost)
    assert "while building" in error.what
    assert error.next_step


def test_a_full_disk_is_told_as_such() -> None:
    refusal = docker.errors.APIError("500", explanation="write /x: no space left on device")
    error = translate(refusal, "building")
    assert isinstance(error, NoSpaceLeft)
    assert "no space left on device" in error.what
    assert "fromscratch clean" in error.next_step


def test_another_refusal_keeps_the_engines_own_text() -> None:
    error = translate(docker.errors.APIError("409", explanation="conflict: \x1b[31mbusy"), "removing")
    assert type(error) is EngineError
    assert error.what == "the engine refused while removing: conflict: busy"


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = EngineLost("gone")
    assert translate(error, "building") is error


@pytest.mark.parametrize(
    "text",
    [
        "failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ],
)
def test_a_builder_that_lost_its_engine_is_recognised(text: str) -> None:
    assert says_lost(text)
    assert not says_lost("executor failed running [/bin/sh -c go build]: exit code: 1")
