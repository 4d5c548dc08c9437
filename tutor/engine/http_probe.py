"""One HTTP exchange with a container that is reachable from this machine."""

from __future__ import annotations

import asyncio
import errno
import shlex
import ssl
import time
from dataclasses import replace

import httpx

from tutor.core.http import BODY_LIMIT_BYTES, HttpExchange
from tutor.core.image import Container
from tutor.core.text import clean_line, clean_text

_HEADER_LIMIT = 100
"""Headers kept of one answer; a hostile server may send thousands."""


def probe_url(host: str, port: int, path: str) -> str:
    """The address of an endpoint; an IPv6 host gets its brackets, a path its slash."""
    authority = f"[{host}]" if ":" in host else host
    return f"http://{authority}:{port}{path if path.startswith('/') else f'/{path}'}"


def curl_line(url: str, method: str = "GET") -> str:
    """The same request as a line for the shell."""
    option = {"GET": "-i", "HEAD": "-I"}.get(method, f"-i -X {method}")
    return f"curl {option} {shlex.quote(url)}"


def describe_failure(fault: BaseException, port: int) -> str:
    """Why no answer came, in words. ``port`` is the one that was asked for inside the container."""
    numbers = {link.errno for link in _chain(fault) if isinstance(link, OSError)}
    if errno.ECONNREFUSED in numbers:
        return "connection refused"
    if numbers & {errno.ECONNRESET, errno.EPIPE}:
        return f"connection reset (nothing answers on port {port} inside the container)"
    if numbers & {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        return "no route to the host"
    if any(isinstance(link, httpx.RemoteProtocolError) for link in _chain(fault)):
        text = str(fault)
        if "without sending" in text:
            return f"connection closed without an answer (does anything listen on port {port} inside?)"
        return f"the answer is not HTTP: {clean_line(text, 200)}"
    if isinstance(fault, httpx.InvalidURL | UnicodeError):
        return f"not an address that can be asked: {clean_line(str(fault), 200)}"
    if isinstance(fault, httpx.ReadError | httpx.WriteError):
        return f"connection reset (nothing answers on port {port} inside the container)"
    return clean_line(str(fault), 200) or type(fault).__name__


def _chain(fault: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = fault
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


class HttpProbe:
    """Asks over TCP from this machine. Every request opens its own connection, as curl does."""

    async def request(
        self, container: Container, path: str, *, method: str = "GET", timeout_seconds: float = 5.0
    ) -> HttpExchange:
        """One exchange, over within ``timeout_seconds`` whatever the server does.

        Redirects are shown, not followed. No answer is not an exception: ``error`` says why. When the
        head came and the body did not end in time, both ``status`` and ``error`` are set.
        """
        if container.host_port is None:
            url = probe_url(container.host, container.port, path)
            return HttpExchange(
                method=method,
                path=path,
                url=url,
                curl=curl_line(url, method),
                error=f"port {container.port} is not published, the container does not run",
            )
        url = probe_url(container.host, container.host_port, path)
        exchange = _Exchange(HttpExchange(method=method, path=path, url=url, curl=curl_line(url, method)))
        started = time.perf_counter()
        error = ""
        try:
            async with asyncio.timeout(timeout_seconds):
                await exchange.run()
        except TimeoutError:
            when = "while the body was still coming" if exchange.value.status is not None else "waiting"
            error = f"timed out after {timeout_seconds:g} s {when}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as fault:
            error = describe_failure(fault, container.port)
        return replace(
            exchange.with_body(incomplete=bool(error)),
            elapsed_seconds=time.perf_counter() - started,
            error=error,
        )


class _Exchange:
    """What has arrived so far, kept outside the request so that a time-out does not lose it."""

    def __init__(self, value: HttpExchange) -> None:
        self.value = value
        self._body = bytearray()
        self._truncated = False
        self._encoding = "utf-8"

    async def run(self) -> None:
        # No proxies, no cookies, no certificates to load: the request is plain HTTP to this machine.
        # `identity` and raw bytes: a compressed body could grow without bound on its way out.
        async with (
            httpx.AsyncClient(
                trust_env=False,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                timeout=None,  # noqa: S113 - the caller bounds the whole exchange
                follow_redirects=False,
                headers={"user-agent": "fromscratch", "accept": "*/*", "accept-encoding": "identity"},
            ) as client,
            client.stream(self.value.method, self.value.url) as response,
        ):
            self._encoding = response.charset_encoding or "utf-8"
            self.value = replace(
                self.value,
                status=response.status_code,
                reason=clean_line(response.reason_phrase, 200),
                headers=tuple(
                    (clean_line(name, 200), clean_line(value, 2000))
                    for name, value in response.headers.multi_items()[:_HEADER_LIMIT]
                ),
            )
            async for chunk in response.aiter_raw():
                room = BODY_LIMIT_BYTES - len(self._body)
                self._body += chunk[:room]
                if len(chunk) > room:
                    self._truncated = True
                    return

    def with_body(self, *, incomplete: bool) -> HttpExchange:
        try:
            text = self._body.decode(self._encoding, errors="replace")
        except LookupError:
            text = self._body.decode("utf-8", errors="replace")
        return replace(
            self.value,
            body=clean_text(text, limit=BODY_LIMIT_BYTES),
            body_truncated=self._truncated or (incomplete and self.value.status is not None),
        )
