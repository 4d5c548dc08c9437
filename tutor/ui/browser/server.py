"""The server behind ``fromscratch serve``.

Whoever reaches it works as the learner, on the learner's Docker. So it listens on 127.0.0.1 only; the
page and the websocket stand below a secret that was made for this run; the websocket wants the page's own
origin, as any web page may open one to any port of this machine; and a request must name this machine
as its host, or else a name that leads here (DNS rebinding) would make a foreign page's origin ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from aiohttp import web
from textual_serve.server import Server, to_int

from tutor.core.errors import UsageError
from tutor.ui.browser.session import TabSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
TAB_LIMIT = 8
"""Each tab is a tutor of some 90 MB."""
_WRONG_ADDRESS = "Open the whole address that fromscratch serve printed."


class LoopbackServer(Server):
    """Serves one command to browsers of this machine."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        """``port`` 0 takes a free one.

        Raises:
            UsageError: the port cannot be had.
        """
        self._socket = _bound(port)
        super().__init__(command[0], host=HOST, port=self._socket.getsockname()[1], title="FROM scratch")
        self._words = tuple(command)
        self._token = secrets.token_urlsafe(24)
        self._sessions: set[TabSession] = set()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}/{self._token}/"

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until cancelled; ``ready`` is told the address once it answers."""
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            ready(self.address)
            await asyncio.Event().wait()
        finally:
            await asyncio.shield(self._end(runner))

    async def _end(self, runner: web.AppRunner) -> None:
        await asyncio.gather(*(session.stop() for session in tuple(self._sessions)))
        await runner.cleanup()

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        pages = str(resources.files("tutor.ui.browser"))
        app.add_routes(
            [
                web.get("/{token}/", self.handle_index),
                web.get("/{token}/ws", self.handle_websocket),
                # Asked for by textual.js at this very path; the key is random and good for once.
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
                web.get("/page/page.css", _file(f"{pages}/page.css")),
                web.get("/page/page.js", _file(f"{pages}/page.js")),
            ]
        )
        return app

    @property
    def _hosts(self) -> tuple[str, ...]:
        return f"{HOST}:{self.port}", f"localhost:{self.port}"

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in self._hosts:
            raise web.HTTPForbidden(text="This is not the host that you asked for.")
        token = request.match_info.get("token")
        if token is not None and not secrets.compare_digest(token.encode(), self._token.encode()):
            raise web.HTTPForbidden(text=_WRONG_ADDRESS)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(
                {
                    "Content-Security-Policy": self._policy,
                    "Referrer-Policy": "no-referrer",
                    "X-Content-Type-Options": "nosniff",
                    "Cache-Control": "no-store",
                }
            )
        return response

    @property
    def _policy(self) -> str:
        """Nothing from outside, and in nobody's frame. The terminal writes styles into its page."""
        sockets = " ".join(f"ws://{host}" for host in self._hosts)
        return (
            f"default-src 'self'; connect-src 'self' {sockets}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
        )

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page."""
        page = Template(resources.files("tutor.ui.browser").joinpath("page.html").read_text("utf-8"))
        text = page.substitute(
            websocket=f"ws://{request.host}/{self._token}/ws",
            font=max(6, min(40, to_int(request.query.get("fontsize", ""), 16))),
        )
        return web.Response(text=text, content_type="text/html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab: its keys to a tutor of its own, the tutor's screen back."""
        if request.headers.get("Origin") not in {f"http://{host}" for host in self._hosts}:
            raise web.HTTPForbidden(text="Only the tutor's own page may do this.")
        if len(self._sessions) >= TAB_LIMIT:
            raise web.HTTPServiceUnavailable(text=f"{TAB_LIMIT} tabs are open already.")
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        session = TabSession(
            self._words,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,
            download_manager=self.download_manager,
        )
        self._sessions.add(session)
        try:
            await session.start(
                to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24)
            )
            with contextlib.suppress(ConnectionError, ValueError, LookupError, TypeError, AssertionError):
                # What no page of ours sends ends the session, not the server.
                await self._process_messages(websocket, session)
        finally:
            try:
                await session.stop()
            finally:
                self._sessions.discard(session)
            await websocket.close()
        return websocket


def _file(path: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return answer


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise UsageError(
            f"Port {port} cannot be had on {HOST}: {why}.", next_step="Choose another, or --port 0."
        ) from error
    return listener
