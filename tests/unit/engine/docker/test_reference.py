import pytest

from tutor.engine.docker.reference import full_reference, split_reference
from tutor.engine.docker.registry import RemoteName, remote_name


@pytest.mark.parametrize(
    ("given", "listed"),
    [
        ("multi", "multi:latest"),
        ("fromscratch/two-stages:multi", "fromscratch/two-stages:multi"),
        ("docker.io/library/golang:1.21", "golang:1.21"),
        ("localhost/multi", "multi:latest"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"),
        ("golang@sha256:abc", "golang@sha256:abc"),
    ],
)
def test_a_reference_is_written_as_engines_list_it(given: str, listed: str) -> None:
    assert full_reference(given) == listed


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("golang", ("golang", "latest")),
        ("golang:1.21", ("golang", "1.21")),
        ("127.0.0.1:5000/a", ("127.0.0.1:5000/a", "latest")),
        ("127.0.0.1:5000/a:1", ("127.0.0.1:5000/a", "1")),
        ("golang@sha256:abc", ("golang", "sha256:abc")),
    ],
)
def test_a_reference_is_split_for_the_api(given: str, parts: tuple[str, str]) -> None:
    assert split_reference(given) == parts


@pytest.mark.parametrize(
    ("given", "name", "url"),
    [
        (
            "golang:1.21-alpine",
            RemoteName("registry-1.docker.io", "library/golang", "1.21-alpine"),
            "https://registry-1.docker.io",
        ),
        (
            "someone/thing",
            RemoteName("registry-1.docker.io", "someone/thing", "latest"),
            "https://registry-1.docker.io",
        ),
        (
            "docker.io/library/golang",
            RemoteName("registry-1.docker.io", "library/golang", "latest"),
            "https://registry-1.docker.io",
        ),
        (
            "gcr.io/distroless/static@sha256:abc",
            RemoteName("gcr.io", "distroless/static", "sha256:abc"),
            "https://gcr.io",
        ),
        ("localhost/x", RemoteName("localhost", "x", "latest"), "http://localhost"),
        ("127.0.0.1:5000/x:2", RemoteName("127.0.0.1:5000", "x", "2"), "http://127.0.0.1:5000"),
    ],
)
def test_a_name_is_taken_apart_as_the_engine_does(given: str, name: RemoteName, url: str) -> None:
    assert remote_name(given) == name
    assert name.base_url == url
