"""HTTP exchanges with a container that has no network: asked from a companion in its network namespace.

The companion gives the loopback device one more address and asks that, so that a server which
listens on 127.0.0.1 alone stays out of reach, as it would behind a published port. It is a container
of its own: what it runs shares neither process nor file with the container that it asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import uuid
from dataclasses import replace

import docker.errors

from tutor.core.errors import EngineError
from tutor.core.http import BODY_LIMIT_BYTES, HttpExchange
from tutor.core.image import Container
from tutor.core.ports import Probe
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.execution import run_command
from tutor.engine.docker.fault import api_text
from tutor.engine.docker.helper_probe import helper_image, read_answer, request_text
from tutor.engine.docker.ledger import CONTAINER, Ledger
from tutor.engine.docker.ownership import container_labels
from tutor.engine.docker.removal import remove_container
from tutor.engine.http_probe import curl_line, probe_url

ADDRESS = "10.254.254.2"
_STAY = f"ip addr add {ADDRESS}/32 dev lo && exec sleep 86400"
_WAIT = (
    f"turn=0; until ip addr show dev lo | grep -q {ADDRESS} || [ $turn -ge 50 ]; "
    "do turn=$((turn + 1)); sleep 0.05; done; "
)
_ASK = _WAIT + 'printf "%s" "$REQUEST" | timeout "$SECONDS_LEFT" nc "$ADDRESS" "$PORT" | head -c "$LIMIT"'
_RUN_ID = "probe"


class CompanionProbe:
    """Fills :class:`tutor.core.ports.Probe`; containers with a network are left to another probe."""

    def __init__(self, connection: Connection, ledger: Ledger, others: Probe) -> None:
        self._connection = connection
        self._ledger = ledger
        self._others = others
        self._companions: dict[str, str] = {}

    async def request(
        self, container: Container, path: str, *, method: str = "GET", timeout_seconds: float = 5.0
    ) -> HttpExchange:
        """One exchange. No answer is not an exception: ``error`` says why.

        Raises:
            EngineError: the engine itself does not answer, or holds no image with a shell.
        """
        if not container.isolated:
            return await self._others.request(container, path, method=method, timeout_seconds=timeout_seconds)
        url = probe_url("127.0.0.1", container.port, path)
        exchange = HttpExchange(method=method, path=path, url=url, curl=curl_line(url, method))
        environ = {
            "REQUEST": request_text(method, path),
            "ADDRESS": ADDRESS,
            "PORT": str(container.port),
            "SECONDS_LEFT": str(max(1, math.ceil(timeout_seconds))),
            "LIMIT": str(2 * BODY_LIMIT_BYTES),
        }
        started = time.perf_counter()
        try:
            companion = await self._companion(container.container_id)
            async with asyncio.timeout(timeout_seconds + 15):
                _code, raw = await self._run(companion, _ASK, environ)
        except (docker.errors.APIError, TimeoutError) as fault:
            told = api_text(fault) if isinstance(fault, docker.errors.APIError) else "the probe hung"
            return replace(exchange, error=told)
        took = time.perf_counter() - started
        exchange = replace(exchange, elapsed_seconds=took)
        if raw.startswith(b"nc: "):
            said = raw.decode("utf-8", "replace").lower()
            reason = "connection refused" if "refused" in said else said.strip()[:200]
            return replace(exchange, error=reason)
        late = took >= timeout_seconds
        silence = (
            f"timed out after {timeout_seconds:g} s waiting"
            if late
            else "connection closed without an answer"
        )
        return read_answer(exchange, raw, silence)

    async def forget(self, container_id: str) -> None:
        """Take the companion of a container away."""
        companion = self._companions.pop(container_id, None)
        if companion is None:
            return
        with contextlib.suppress(EngineError):
            if not await remove_container(self._connection, companion):
                await self._ledger.forget([self._ledger.entry(CONTAINER, companion, _RUN_ID)])

    async def _run(self, companion: str, script: str, environ: dict[str, str]) -> tuple[int, bytes]:
        argv = ("/bin/sh", "-c", script)
        return await self._connection.attempt(
            "asking a container", run_command, self._connection, companion, argv, environ
        )

    async def _companion(self, beside: str) -> str:
        if beside in self._companions:
            return self._companions[beside]
        image = await helper_image(self._connection)
        if image is None:
            raise EngineError(
                "the engine holds no image with a shell to ask an isolated container from",
                next_step="docker pull busybox",
            )
        api = self._connection.api
        created = await self._connection.attempt(
            "making a probe",
            api.create_container,
            image,
            command=["-c", _STAY],
            entrypoint=["/bin/sh"],
            user="0",
            labels=container_labels("", _RUN_ID, self._ledger.home),
            name=f"fromscratch-probe-{uuid.uuid4().hex[:12]}",
            host_config=api.create_host_config(
                network_mode=f"container:{beside}",
                cap_drop=["ALL"],
                cap_add=["NET_ADMIN"],
                security_opt=["no-new-privileges"],
                read_only=True,
                mem_limit=64 * 1024 * 1024,
                pids_limit=32,
            ),
        )
        companion = str(created["Id"])
        await self._ledger.record(self._ledger.entry(CONTAINER, companion, _RUN_ID))
        self._companions[beside] = companion
        await self._connection.attempt("starting a probe", api.start, companion)
        return companion
