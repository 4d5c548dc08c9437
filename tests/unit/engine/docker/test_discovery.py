import hashlib
import json
from pathlib import Path

import pytest

from tutor.engine.docker.discovery import Candidate, TlsFiles, candidates, known_registries


def lay_context(folder: Path, name: str, host: str, *, skip: bool = False) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts/meta" / digest
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    return folder / "contexts/tls" / digest / "docker"


def test_a_host_in_the_environment_means_that_one_and_no_other(tmp_path: Path) -> None:
    lay_context(tmp_path / ".docker", "desk", "unix:///desk.sock")
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "desk"}')
    found = candidates({"DOCKER_HOST": "tcp://10.0.0.1:2375", "DOCKER_CONTEXT": "desk"}, tmp_path)
    assert found == (Candidate("DOCKER_HOST", "tcp://10.0.0.1:2375"),)


@pytest.mark.parametrize(
    ("given", "url"), [("/run/d.sock", "unix:///run/d.sock"), ("10.1.1.1:99", "tcp://10.1.1.1:99")]
)
def test_a_host_without_a_scheme_gets_one(given: str, url: str, tmp_path: Path) -> None:
    assert candidates({"DOCKER_HOST": given}, tmp_path)[0].url == url


def test_certificates_in_the_environment_go_with_the_host(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    environ = {"DOCKER_HOST": "tcp://h:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    assert candidates(environ, tmp_path)[0].tls == TlsFiles(
        tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem", verify=True
    )


def test_a_context_in_the_environment_is_read_from_the_clis_folder(tmp_path: Path) -> None:
    lay_context(tmp_path / "config", "far", "ssh://me@far")
    environ = {"DOCKER_CONTEXT": "far", "DOCKER_CONFIG": str(tmp_path / "config")}
    assert candidates(environ, tmp_path) == (Candidate("context far", "ssh://me@far", "far"),)


def test_a_context_that_is_not_there_is_a_candidate_with_an_error(tmp_path: Path) -> None:
    (found,) = candidates({"DOCKER_CONTEXT": "far"}, tmp_path)
    assert found.error == "there is no context named far"


@pytest.mark.parametrize("content", ["", "[]", '{"Endpoints": {}}', '{"Endpoints": null}', "\x00"])
def test_a_damaged_context_is_a_candidate_with_an_error(content: str, tmp_path: Path) -> None:
    lay_context(tmp_path / ".docker", "far", "x")
    next((tmp_path / ".docker").glob("contexts/meta/*/meta.json")).write_text(content)
    (found,) = candidates({"DOCKER_CONTEXT": "far"}, tmp_path)
    assert "cannot be read" in found.error


def test_the_current_context_comes_before_the_known_sockets(tmp_path: Path) -> None:
    certificates = lay_context(tmp_path / ".docker", "desk", "tcp://desk:2376", skip=True)
    certificates.mkdir(parents=True)
    (certificates / "ca.pem").touch()
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "desk"}')
    (tmp_path / ".colima/default").mkdir(parents=True)
    (tmp_path / ".colima/default/docker.sock").touch()
    found = candidates({}, tmp_path)
    assert found[0].source == "context desk"
    assert found[0].tls == TlsFiles(certificates / "ca.pem", verify=False)
    urls = [candidate.url for candidate in found]
    assert urls[1] == "unix:///var/run/docker.sock"
    assert f"unix://{tmp_path}/.colima/default/docker.sock" in urls


@pytest.mark.parametrize("content", ["{", "[]", '{"currentContext": 3}', '{"currentContext": "default"}'])
def test_a_config_that_names_no_context_leaves_the_known_sockets(content: str, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(content)
    assert candidates({}, tmp_path)[0].source == "default socket"


def test_the_default_context_in_the_environment_overrules_the_current_one(tmp_path: Path) -> None:
    lay_context(tmp_path / ".docker", "desk", "unix:///desk.sock")
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "desk"}')
    assert candidates({"DOCKER_CONTEXT": "default"}, tmp_path)[0].source == "default socket"


def test_sockets_of_this_login_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman/podman.sock").touch()
    urls = [candidate.url for candidate in candidates({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path)]
    assert f"unix://{tmp_path}/podman/podman.sock" in urls


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("unix:///var/run/docker.sock", True),
        ("tcp://127.0.0.1:2375", True),
        ("tcp://localhost:2375", True),
        ("tcp://10.0.0.1:2375", False),
        ("tcp://localhost.example.org:2375", False),
        ("ssh://me@host", False),
    ],
)
def test_an_engine_is_local_when_its_published_ports_are(url: str, local: bool) -> None:
    assert Candidate("test", url).is_local is local


def test_registries_are_those_somebody_logged_in_to_or_has_a_helper_for(tmp_path: Path) -> None:
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers/auth.json").write_text('{"auths": {"quay.example": {}}}')
    auths = '{"https://index.docker.io/v1/": {}, "hub.corp:5000": {}}'
    (tmp_path / "config.json").write_text(f'{{"auths": {auths}, "credHelpers": {{"gcr.corp": "x"}}}}')
    environ = {"DOCKER_CONFIG": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    found = known_registries(environ, Path("/nowhere"))
    assert found == ("index.docker.io", "hub.corp:5000", "gcr.corp", "quay.example")


@pytest.mark.parametrize("text", ["", "[]", '{"auths": []}', '{"auths": 3}', "{"])
def test_a_damaged_configuration_names_no_registry(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert known_registries({"DOCKER_CONFIG": str(tmp_path)}, Path("/nowhere")) == ()
