from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.patience import until
from tutor.command.serve import tutor_command
from tutor.core.errors import UsageError
from tutor.ui.browser import server as module
from tutor.ui.browser.server import LoopbackServer

COMMAND = tutor_command("two-stages", "docker", "auto", None)
PATIENCE_SECONDS = 60.0


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LoopbackServer]:
    """A running one, whose tutors find no engine."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    made = LoopbackServer(COMMAND, 0)
    ready = asyncio.Event()
    work = asyncio.create_task(made.run(lambda _: ready.set()))
    await ready.wait()
    yield made
    work.cancel()
    await asyncio.wait({work})
    assert made._sessions == set()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def origin(server: LoopbackServer) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{server.port}"}


async def drawn(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    seen = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    seen += re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", message.data.decode("utf-8", "replace"))
                if text in seen:
                    return
    raise AssertionError(f"{text!r} was not drawn, but {seen[-2000:]}")


async def typed(socket: aiohttp.ClientWebSocketResponse, keys: str) -> None:
    await socket.send_str(json.dumps(["stdin", keys]))


async def test_the_page_links_nothing_from_outside_and_its_policy_lets_nothing_in(
    server: LoopbackServer, client: aiohttp.ClientSession
) -> None:
    async with client.get(server.address) as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert f"ws://127.0.0.1:{server.port}/" in page
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links
    assert all(link.startswith(("/static/", "/page/", "data:,")) for link in links)
    for link in links:
        if link.startswith("/"):
            async with client.get(f"http://127.0.0.1:{server.port}{link}") as part:
                assert part.status == 200, link
                assert "http" not in re.sub(r"/\*.*?\*/", "", await part.text("latin-1")) or link.endswith(
                    (".js", ".ttf", "xterm.css")
                )
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/guess/", "/guess/ws", "/ws", "/static/", "/static/../server.py"])
async def test_without_the_secret_there_is_nothing_to_see(
    server: LoopbackServer, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(f"http://127.0.0.1:{server.port}{path}", headers=origin(server)) as answer:
        assert answer.status in (403, 404)
        assert server._token not in await answer.text()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1.evil:{port}"]
)
async def test_a_name_that_leads_here_from_elsewhere_is_refused_with_the_secret_even(
    server: LoopbackServer, client: aiohttp.ClientSession, host: str
) -> None:
    headers = {"Host": host.format(port=server.port)}
    async with client.get(server.address, headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    "source", [None, "http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"]
)
async def test_another_page_cannot_open_a_session(
    server: LoopbackServer, client: aiohttp.ClientSession, source: str | None
) -> None:
    headers = {"Origin": source} if source else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"{server.address}ws", headers=headers)
    assert refused.value.status == 403
    assert server._sessions == set()


async def test_it_listens_on_this_machine_only(server: LoopbackServer) -> None:
    assert server._socket.getsockname()[0] == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.2", server.port), 5)


async def test_a_port_that_is_taken_is_told(server: LoopbackServer) -> None:
    with pytest.raises(UsageError, match=f"Port {server.port}"):
        LoopbackServer(COMMAND, server.port)


async def test_a_tab_that_is_closed_saves_what_was_typed_and_ends_its_tutor(
    server: LoopbackServer, client: aiohttp.ClientSession
) -> None:
    socket = await client.ws_connect(f"{server.address}ws?width=120&height=36", headers=origin(server))
    await drawn(socket, "Skip")
    await typed(socket, "s")
    await drawn(socket, "Endpoints")
    (session,) = server._sessions
    process = session._process
    assert process is not None
    await typed(socket, "e")
    await drawn(socket, "# begin")
    await typed(socket, "# typed in a browser ")
    await drawn(socket, "typed in a browser")
    await socket.close()
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0
    dockerfile = Path(os.environ["FROMSCRATCH_HOME"]) / "workspace/02-two-stages/Dockerfile"
    assert "# typed in a browser" in dockerfile.read_text()


async def test_what_no_page_sends_ends_that_session_alone(
    server: LoopbackServer, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAB_LIMIT", 1)
    socket = await client.ws_connect(f"{server.address}ws?width=x&height=-1", headers=origin(server))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"{server.address}ws", headers=origin(server))
    assert refused.value.status == 503
    await socket.send_str('{"not": "a list"}')
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for _ in socket:
            pass
    async with client.get(server.address) as answer:
        assert answer.status == 200
    await until(lambda: not server._sessions)


def test_ctrl_c_ends_the_server_with_0_and_the_address_is_all_it_prints() -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "tutor", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout is not None
        address = serving.stdout.readline()
        serving.send_signal(signal.SIGINT)
        out, err = serving.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            serving.kill()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/\n", address)
    assert (serving.returncode, out) == (0, "")
    assert "Ctrl+C" in err
    assert "Traceback" not in err


def test_without_the_extra_the_way_to_it_is_told(tmp_path: Path) -> None:
    # A module of that name that is not there at all, as far as this process can tell.
    program = (
        "import sys; sys.modules['textual_serve'] = None\n"
        "from tutor.__main__ import main; sys.argv[1:] = ['serve', '--port', '0']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "pip install 'textual-serve" in done.stderr
    assert "Traceback" not in done.stderr
