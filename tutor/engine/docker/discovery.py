"""Where a Docker engine may answer, in the order in which the docker CLI and then we would look."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a TLS endpoint; None where there is none."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place to try. ``source`` says where it was found."""

    source: str
    """``DOCKER_HOST``, ``context NAME``, ``known socket``."""
    url: str
    """``unix:///var/run/docker.sock``, ``tcp://…``, ``ssh://…``; empty when there is no address."""
    context: str = ""
    """Name of the docker CLI's context, when it comes from one."""
    tls: TlsFiles | None = None
    error: str = ""
    """Why it cannot even be tried: the context does not exist, its file is damaged."""

    @property
    def socket_path(self) -> Path | None:
        """The Unix socket, when it is one."""
        return Path(self.url.removeprefix("unix://")) if self.url.startswith("unix://") else None

    @property
    def is_local(self) -> bool:
        """True when a port published on 127.0.0.1 there is reachable from here.

        A Unix socket counts: Docker Desktop and its like forward published ports.
        """
        return self.socket_path is not None or bool(
            re.match(r"(tcp|http)s?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(?=[:/]|$)", self.url)
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate and what came of it."""

    candidate: Candidate
    error: str = ""
    """Empty when an engine answered."""
    next_step: str = ""
    """What mends it, when that is known."""

    @property
    def answered(self) -> bool:
        """True when an engine answered here."""
        return not self.error


def candidates(environ: Mapping[str, str], home: Path) -> tuple[Candidate, ...]:
    """Every place worth trying, best first. Reads the docker CLI's files, opens no connection.

    Who names a host or a context in the environment means that one and no other, as with the CLI.
    """
    host = environ.get("DOCKER_HOST", "").strip()
    if host:
        return (Candidate("DOCKER_HOST", _normal(host), tls=_tls_of_environment(environ)),)
    folder = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    named = environ.get("DOCKER_CONTEXT", "").strip()
    if named and named != "default":
        return (_from_context(folder, named),)
    found: list[Candidate] = []
    current = _current_context(folder)
    if current and current != "default" and not named:
        found.append(_from_context(folder, current))
    known = {candidate.url for candidate in found}
    found += [
        Candidate("default socket" if number == 0 else "known socket", f"unix://{path}")
        for number, path in enumerate(_known_sockets(environ, home))
        if f"unix://{path}" not in known and (number == 0 or path.exists())
    ]
    return tuple(found)


def known_registries(environ: Mapping[str, str], home: Path) -> tuple[str, ...]:
    """The registries that this person logged in to or has a helper for, as the CLI and Podman keep them."""
    folder = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    files = [folder / "config.json"]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        files.append(Path(runtime) / "containers/auth.json")
    found: dict[str, None] = {}
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            config = _read_json(file)
            for key in ("auths", "credHelpers"):
                value = config.get(key)
                for name in value if isinstance(value, dict) else ():
                    found[str(name).partition("://")[2].partition("/")[0] or str(name).partition("/")[0]] = (
                        None
                    )
    return tuple(found)


def _known_sockets(environ: Mapping[str, str], home: Path) -> list[Path]:
    runtime = environ.get("XDG_RUNTIME_DIR")
    sockets = [Path("/var/run/docker.sock")]
    if runtime:
        sockets.append(Path(runtime) / "docker.sock")
    sockets += [
        home / ".docker/run/docker.sock",
        home / ".orbstack/run/docker.sock",
        home / ".rd/docker.sock",
        home / ".lima/default/sock/docker.sock",
        home / ".lima/docker/sock/docker.sock",
        home / ".colima/default/docker.sock",
        home / ".colima/docker/docker.sock",
        home / ".local/share/containers/podman/machine/podman.sock",
    ]
    if runtime:
        sockets.append(Path(runtime) / "podman/podman.sock")
    sockets.append(Path("/run/podman/podman.sock"))
    return sockets


def _normal(host: str) -> str:
    if host.startswith("/"):
        return f"unix://{host}"
    return host if "://" in host else f"tcp://{host}"


def _tls_of_environment(environ: Mapping[str, str]) -> TlsFiles | None:
    verify = environ.get("DOCKER_TLS_VERIFY", "")
    folder = environ.get("DOCKER_CERT_PATH", "")
    if not verify and not folder:
        return None
    return _tls_of_folder(Path(folder) if folder else None, verify=verify not in ("", "0", "false"))


def _tls_of_folder(folder: Path | None, *, verify: bool) -> TlsFiles:
    def existing(name: str) -> Path | None:
        path = folder / name if folder else None
        return path if path and path.exists() else None

    return TlsFiles(existing("ca.pem"), existing("cert.pem"), existing("key.pem"), verify)


def _read_json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    return value if isinstance(value, dict) else {}


def _current_context(folder: Path) -> str:
    try:
        name = _read_json(folder / "config.json").get("currentContext", "")
    except (OSError, ValueError):
        return ""
    return name if isinstance(name, str) else ""


def _from_context(folder: Path, name: str) -> Candidate:
    """The CLI keeps a context under the SHA-256 of its name (docker/cli, cli/context/store)."""
    source = f"context {name}"
    digest = hashlib.sha256(name.encode()).hexdigest()
    try:
        endpoint = _read_json(folder / "contexts/meta" / digest / "meta.json")["Endpoints"]["docker"]
        host = endpoint["Host"]
        skip = bool(endpoint.get("SkipTLSVerify"))
    except FileNotFoundError:
        return Candidate(source, "", name, error=f"there is no context named {name}")
    except (OSError, ValueError, KeyError, TypeError):
        return Candidate(source, "", name, error=f"the context {name} cannot be read")
    certificates = folder / "contexts/tls" / digest / "docker"
    tls = _tls_of_folder(certificates, verify=not skip) if certificates.is_dir() or skip else None
    return Candidate(source, _normal(str(host)), name, tls)
