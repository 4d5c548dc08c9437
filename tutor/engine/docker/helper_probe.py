"""HTTP exchanges with a container on an engine elsewhere: asked from a helper beside the container.

The helper shares the container's network and asks its outer address, as a published port would, so
that a server on 127.0.0.1 inside stays out of reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import docker.errors
import h11

from tutor.core.errors import EngineError
from tutor.core.http import BODY_LIMIT_BYTES, HttpExchange
from tutor.core.image import Container
from tutor.core.text import clean_line, clean_text
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import api_text
from tutor.engine.docker.ledger import CONTAINER, Ledger
from tutor.engine.docker.ownership import container_labels
from tutor.engine.docker.removal import remove_container
from tutor.engine.http_probe import curl_line, probe_url

_SHELL_IMAGES = re.compile(r"^(?:.*/)?(?:golang|busybox|alpine)[:@]")
_HEAD_LIMIT = 64 * 1024
_SCRIPT = 'printf "%s" "$REQUEST" | timeout "$SECONDS_LEFT" nc "$ADDRESS" "$PORT" | head -c "$LIMIT"'


class HelperProbe:
    """Fills :class:`tutor.core.ports.Probe` where published ports are not reachable from here."""

    def __init__(self, connection: Connection, ledger: Ledger) -> None:
        self._connection = connection
        self._ledger = ledger

    async def request(
        self, container: Container, path: str, *, method: str = "GET", timeout_seconds: float = 5.0
    ) -> HttpExchange:
        """One exchange. No answer is not an exception: ``error`` says why.

        Raises:
            EngineLost: the engine itself does not answer.
        """
        url = probe_url(container.host, container.host_port or container.port, path)
        exchange = HttpExchange(method=method, path=path, url=url, curl=curl_line(url, method))
        started = time.perf_counter()
        try:
            raw, error = await self._ask(container, path, method, timeout_seconds)
        except docker.errors.APIError as fault:
            return replace(exchange, error=api_text(fault))
        exchange = replace(exchange, elapsed_seconds=time.perf_counter() - started)
        return read_answer(exchange, raw, error or f"no answer within {timeout_seconds:g} s")

    async def _ask(
        self, container: Container, path: str, method: str, timeout_seconds: float
    ) -> tuple[bytes, str]:
        api = self._connection.api
        found = await self._connection.find(
            "looking at a container", api.inspect_container, container.container_id
        )
        if not found or not (found.get("State") or {}).get("Running"):
            return b"", "the container does not run"
        image = await helper_image(self._connection)
        if image is None:
            return b"", (
                "the engine is elsewhere, and holds no image with a shell to ask from (docker pull busybox)"
            )
        networks: dict[str, Any] = (found.get("NetworkSettings") or {}).get("Networks") or {}
        addresses = [str(net.get("IPAddress") or "") for net in networks.values()]
        environ = {
            "REQUEST": request_text(method, path),
            "ADDRESS": next(filter(None, addresses), "127.0.0.1"),
            "PORT": str(container.port),
            "SECONDS_LEFT": str(max(1, math.ceil(timeout_seconds))),
            "LIMIT": str(BODY_LIMIT_BYTES + _HEAD_LIMIT),
        }
        async with self._helper(image, container.container_id, environ) as helper:
            await self._connection.attempt("starting a probe", api.start, helper)
            async with asyncio.timeout(timeout_seconds + 30):
                await self._connection.attempt("waiting for a probe", api.wait, helper)
            answer = await self._connection.attempt("reading a probe", _log_of, api, helper, True)
            said = await self._connection.attempt("reading a probe", _log_of, api, helper, False)
        return answer, _in_words(said.decode("utf-8", errors="replace")) if not answer else ""

    @asynccontextmanager
    async def _helper(self, image: str, beside: str, environ: dict[str, str]) -> AsyncIterator[str]:
        api = self._connection.api
        run_id = "probe"
        created = await self._connection.attempt(
            "making a probe",
            api.create_container,
            image,
            command=["-c", _SCRIPT],
            entrypoint=["/bin/sh"],
            environment=environ,
            labels=container_labels("", run_id, self._ledger.home),
            name=f"fromscratch-probe-{uuid.uuid4().hex[:12]}",
            host_config=api.create_host_config(
                network_mode=f"container:{beside}",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mem_limit=64 * 1024 * 1024,
                pids_limit=16,
            ),
        )
        helper = str(created["Id"])
        entry = self._ledger.entry(CONTAINER, helper, run_id)
        await self._ledger.record(entry)
        try:
            yield helper
        finally:
            await asyncio.shield(asyncio.create_task(self._remove(helper)))

    async def _remove(self, helper: str) -> None:
        with contextlib.suppress(EngineError):
            if not await remove_container(self._connection, helper):
                await self._ledger.forget([self._ledger.entry(CONTAINER, helper, "probe")])


async def helper_image(connection: Connection) -> str | None:
    """An image of the engine that brings a shell; None when there is none."""
    rows: list[dict[str, Any]] = await connection.call("listing images", connection.api.images)
    named = [tag for row in rows for tag in row.get("RepoTags") or () if _SHELL_IMAGES.match(tag)]
    return min(named, key=len, default=None)


def request_text(method: str, path: str) -> str:
    """The request as it goes over the line. The path may be anything a learner typed."""
    clean = re.sub(r"[^\x21-\x7e]", lambda match: "".join(f"%{b:02X}" for b in match[0].encode()), path)
    target = clean if clean.startswith("/") else f"/{clean}"
    lines = (
        f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: fromscratch", "Accept: */*",
        "Connection: close", "", "",
    )  # fmt: skip
    return "\r\n".join(lines)


def read_answer(exchange: HttpExchange, raw: bytes, silence: str) -> HttpExchange:
    """Read what came over the line; ``silence`` says why nothing did."""
    if not raw:
        return replace(exchange, error=silence)
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
    body = bytearray()
    ended = False
    try:
        parser.send(h11.Request(method=exchange.method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        parser.receive_data(raw)
        parser.receive_data(b"")
        while not ended:
            event = parser.next_event()
            if isinstance(event, h11.Response):
                exchange = replace(
                    exchange,
                    status=event.status_code,
                    reason=clean_line(event.reason.decode("latin-1"), 200),
                    headers=tuple(
                        (clean_line(name.decode("latin-1"), 200), clean_line(value.decode("latin-1"), 2000))
                        for name, value in event.headers
                    ),
                )
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                ended = True
            elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                break
    except h11.ProtocolError as fault:
        if exchange.status is None:
            return replace(exchange, error=f"the answer is not HTTP: {clean_line(str(fault), 200)}")
    text = body[:BODY_LIMIT_BYTES].decode("utf-8", errors="replace")
    return replace(
        exchange,
        body=clean_text(text, limit=BODY_LIMIT_BYTES),
        body_truncated=not ended or len(body) > BODY_LIMIT_BYTES,
    )


def _log_of(api: Any, container_id: str, output: bool) -> bytes:
    return bytes(api.logs(container_id, stdout=output, stderr=not output, stream=False))


def _in_words(said: str) -> str:
    lowered = said.lower()
    if "refused" in lowered:
        return "connection refused"
    if "reset" in lowered:
        return "connection reset"
    if "no route" in lowered or "unreachable" in lowered:
        return "no route to the container"
    return clean_line(said.strip(), 200)
