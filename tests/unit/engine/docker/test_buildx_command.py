from pathlib import Path

from tutor.core.ports import BuildRequest
from tutor.engine.docker.builder import Pass, passes_of, plain_command
from tutor.engine.docker.buildx import buildx_command, buildx_environment
from tutor.engine.docker.discovery import Candidate

LOCAL = Candidate("known socket", "unix:///x.sock")
FAR = Candidate("context far", "ssh://far", "far")
REQUEST = BuildRequest(
    "run", Path("/w"), "t:1", keep_stages=("builder",), build_args={"A": "b c"}, lesson="l"
)


def test_it_builds_with_the_contexts_own_builder_and_loads_the_result() -> None:
    command = buildx_command(REQUEST, Pass("t:1", "", True), Path("/w/Dockerfile"), "", FAR, "home")
    text = " ".join(command)
    assert "--builder far " in text
    assert "--load" in command
    assert "--provenance=false" in command
    assert "--label fromscratch.owner=1" in text
    assert "--build-arg A=b c" in text
    assert "--target" not in command
    assert command[-1] == "/w"


def test_it_stops_at_a_stage_and_leaves_the_cache_aside_when_asked() -> None:
    command = buildx_command(
        REQUEST, Pass("t:1", "builder", False), Path("/w/Dockerfile"), "builder", LOCAL, "h"
    )
    assert "--builder default --progress=rawjson" in " ".join(command)
    assert "--target builder --no-cache" in " ".join(command)


def test_the_child_sees_the_endpoint_that_was_found_and_no_other() -> None:
    environ = {"DOCKER_HOST": "tcp://other", "BUILDX_BUILDER": "elsewhere", "PATH": "/bin", "HOME": "/h"}
    child = buildx_environment(environ, LOCAL, Path("/state/buildx"))
    assert child["DOCKER_HOST"] == "unix:///x.sock"
    assert child["BUILDX_CONFIG"] == "/state/buildx"
    assert child["PATH"] == "/bin"
    assert "BUILDX_BUILDER" not in child
    far = buildx_environment(environ, FAR, Path("/state/buildx"))
    assert far["DOCKER_CONTEXT"] == "far"
    assert "DOCKER_HOST" not in far


def test_kept_stages_come_first_but_without_the_cache_last() -> None:
    assert [each.reference for each in passes_of(REQUEST)] == ["t:1-builder", "t:1"]
    from dataclasses import replace

    anew = passes_of(replace(REQUEST, use_cache=False))
    assert [(each.reference, each.use_cache) for each in anew] == [("t:1", False), ("t:1-builder", True)]


def test_the_plain_command_is_what_one_would_type() -> None:
    assert plain_command(REQUEST) == "docker build -t t:1 --build-arg 'A=b c' ."
