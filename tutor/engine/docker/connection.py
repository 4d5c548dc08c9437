"""One engine's API, asked from threads so that nothing here blocks the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

import docker
import docker.errors
import docker.tls
import requests
import requests.exceptions
import urllib3.exceptions

from tutor.core.errors import EngineLost
from tutor.engine.docker.discovery import Candidate
from tutor.engine.docker.fault import translate

PINNED_API = "1.44"
"""Spoken where the engine can: later versions leave out fields that are unset, earlier ones are going."""
CALL_SECONDS = 60

P = ParamSpec("P")
T = TypeVar("T")

_FAULTS = (
    docker.errors.DockerException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)


class Connection:
    """The API of one engine. Safe to use from many coroutines."""

    def __init__(
        self,
        api: docker.APIClient,
        candidate: Candidate,
        version: Mapping[str, Any],
        information: Mapping[str, Any],
    ) -> None:
        self.api = api
        self.candidate = candidate
        self.version = version
        """The answer to ``GET /version``."""
        self.information = information
        """The answer to ``GET /info``."""
        self.executor = ThreadPoolExecutor(max_workers=16, thread_name_prefix="docker")
        self.clock_offset = 0.0
        """Seconds that the engine's clock is ahead of ours."""

    @property
    def engine_id(self) -> str:
        """Which engine this is, whichever way it was reached; the journal's ``endpoint``.

        Its ID alone would not do: before Docker 25, all engines of one machine take theirs from the same
        key file (``/etc/docker/key.json``).
        """
        known = str(self.information.get("ID") or self.candidate.url)
        folder = str(self.information.get("DockerRootDir") or "")
        return f"{known} {folder}".strip()

    @property
    def is_podman(self) -> bool:
        """True when Podman answers in Docker's place."""
        return any(
            "podman" in str(part.get("Name", "")).lower() for part in self.version.get("Components") or ()
        )

    @property
    def architecture(self) -> str:
        """As images name it: ``amd64``, ``arm64``."""
        name = str(self.version.get("Arch") or self.information.get("Architecture") or "amd64")
        return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)

    def api_at_least(self, major: int, minor: int) -> bool:
        """Whether the API version in use is at least this."""
        numbers = re.findall(r"\d+", self.api.api_version)
        return tuple(int(number) for number in numbers[:2]) >= (major, minor)

    async def attempt(self, doing: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in a thread. The engine's refusals (APIError) pass as they are.

        Raises:
            EngineLost: no answer.
            docker.errors.APIError: an answer that refuses.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.executor, partial(function, *args, **kwargs))
        except docker.errors.APIError:
            raise
        except _FAULTS as fault:
            raise translate(fault, doing) from fault
        except RuntimeError as fault:
            # The executor was shut down by close().
            raise EngineLost("the engine was let go of") from fault

    async def call(self, doing: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in a thread.

        Raises:
            EngineError: in words, also for a refusal.
        """
        try:
            return await self.attempt(doing, function, *args, **kwargs)
        except docker.errors.APIError as fault:
            raise translate(fault, doing) from fault

    async def find(self, doing: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call in a thread; None when what is asked for does not exist."""
        try:
            return await self.attempt(doing, function, *args, **kwargs)
        except docker.errors.NotFound:
            return None
        except docker.errors.APIError as fault:
            raise translate(fault, doing) from fault

    def open(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | Sequence[tuple[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        data: Iterable[bytes] | bytes | None = None,
    ) -> requests.Response:
        """Begin an answer that streams. Blocking.

        Raises:
            docker.errors.APIError: the engine refuses.
        """
        response = self.api.request(
            method,
            f"{self.api.base_url}/v{self.api.api_version}{path}",
            params=params,
            headers=dict(headers or {}),
            data=data,
            stream=True,
            timeout=None,  # a build may be silent for minutes; it is cancelled by its socket
        )
        if response.status_code >= 400:
            with contextlib.closing(response):
                raise _api_error(response)
        return response

    def close(self) -> None:
        """Let go of threads and connections."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.api.close()


def _api_error(response: requests.Response) -> docker.errors.APIError:
    try:
        explanation = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        explanation = response.text[:2000].strip()
    kind = docker.errors.NotFound if response.status_code == 404 else docker.errors.APIError
    return kind(str(response.status_code), response=response, explanation=explanation)


def open_api(candidate: Candidate, timeout_seconds: float) -> tuple[docker.APIClient, dict[str, Any]]:
    """A client of this endpoint and its version. Blocking.

    Raises:
        docker.errors.DockerException: nothing answers there.
        OSError: the same, as the system says it.
    """
    if candidate.socket_path is not None:
        # The SDK would say less of what is wrong, and leak the socket.
        with socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(timeout_seconds)
            knock.connect(str(candidate.socket_path))
    tls: docker.tls.TLSConfig | bool = False
    if candidate.tls is not None:
        files = candidate.tls
        pair = (str(files.certificate), str(files.key)) if files.certificate and files.key else None
        tls = docker.tls.TLSConfig(
            client_cert=pair, ca_cert=str(files.ca) if files.ca else None, verify=files.verify
        )

    def client(version: str, seconds: float) -> docker.APIClient:
        return docker.APIClient(
            base_url=candidate.url, version=version, timeout=int(seconds), tls=tls, use_ssh_client=True
        )

    first = client("auto", timeout_seconds)
    try:
        version = first.version(api_version=False)
    finally:
        first.close()
    chosen = str(version.get("ApiVersion", "1.41"))
    least = str(version.get("MinAPIVersion") or "1.12")
    if _numbers(least) <= _numbers(PINNED_API) <= _numbers(chosen):
        chosen = PINNED_API
    return client(chosen, CALL_SECONDS), version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def engine_seconds(text: str) -> float:
    """An engine's time stamp as seconds since 1970; 0 when it is none. Nanoseconds are cut off."""
    trimmed = re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(trimmed).timestamp()
    except ValueError:
        return 0.0
