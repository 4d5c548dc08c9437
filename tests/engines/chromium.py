"""A headless Chromium, driven over its own DevTools protocol.

aiohttp, which textual-serve brings, speaks it as it is; a driver of browsers would be a package of tens of
megabytes with a version of its own to keep in step.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_KEYS = {"enter": ("Enter", 13, "\r"), "tab": ("Tab", 9, "")}
PATIENCE_SECONDS = 400.0


def find_chromium() -> str | None:
    """The browser; None when it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Tab:
    """One page. What came over its websockets is kept as text, free of control sequences."""

    def __init__(self, devtools: aiohttp.ClientWebSocketResponse) -> None:
        self._devtools = devtools
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self.drawn = ""
        self.typed: list[str] = []
        """What the page sent over its websocket."""
        self.asked_for: list[str] = []
        """Every address that the page loaded from or connected to."""
        self.complaints: list[str] = []
        """Errors of the page's scripts, and what its policy refused."""
        self._listening = asyncio.create_task(self._listen())

    async def command(self, method: str, **values: Any) -> dict[str, Any]:
        number = len(self._answers) + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._devtools.send_json({"id": number, "method": method, "params": values})
        return await asyncio.wait_for(self._answers[number], 60)

    async def open(self, address: str) -> None:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.command(f"{domain}.enable")
        await self.command("Page.navigate", url=address)

    async def press(self, *keys: str) -> None:
        for key in keys:
            name, code, text = _KEYS[key] if key in _KEYS else (key, ord(key.upper()), key)
            about = {"key": name, "windowsVirtualKeyCode": code}
            await self.command("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
            await self.command("Input.dispatchKeyEvent", type="keyUp", **about)

    async def see(self, pattern: str, since: int = 0) -> str:
        """Wait until the tutor drew this after so many characters; the text drawn since."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not re.search(pattern, self.drawn[since:]):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"{pattern!r} was not drawn, but this: {self.drawn[-3000:]}\n{self.complaints}")
        return self.drawn[since:]

    async def picture(self, path: Path) -> None:
        answer = await self.command("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.wait({self._listening})
        await self._devtools.close()

    async def _listen(self) -> None:
        async for message in self._devtools:
            news = message.json()
            if "id" in news:
                self._answers[news["id"]].set_result(news.get("result", {}))
                continue
            self._take(news["method"], news["params"])
            self._news.set()

    def _take(self, method: str, values: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.asked_for.append(values["request"]["url"])
            case "Network.webSocketCreated":
                self.asked_for.append(values["url"])
            case "Network.webSocketFrameSent":
                self.typed.append(values["response"]["payloadData"])
            case "Network.webSocketFrameReceived" if values["response"]["opcode"] == 2:
                data = base64.b64decode(values["response"]["payloadData"])
                self.drawn += _CONTROL.sub("", data.decode("utf-8", "replace"))
            case "Runtime.exceptionThrown":
                self.complaints.append(str(values["exceptionDetails"]))
            case "Log.entryAdded" if values["entry"]["level"] == "error":
                self.complaints.append(values["entry"]["text"])
            case _:
                pass


@asynccontextmanager
async def browser(program: str, folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A running browser; its DevTools are the base of the session's addresses."""
    words = [program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    words += ["--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    words += ["--window-size=1280,800", "about:blank"]
    if os.geteuid() == 0:
        # Chromium refuses to run as root with its sandbox; it opens nothing here but our own page.
        words.insert(1, "--no-sandbox")
    process = await asyncio.create_subprocess_exec(
        *words, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while True:
                line = (await process.stderr.readline()).decode()
                assert line, "chromium ended before it listened"
                if found := re.search(r"DevTools listening on ws://([^/]+)/", line):
                    break
        reading = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession(f"http://{found[1]}") as session:
            yield session
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)
        await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def tab(session: aiohttp.ClientSession) -> AsyncIterator[Tab]:
    """A new tab, closed afterwards as a person closes it."""
    async with session.put("/json/new?about:blank") as answer:
        about = await answer.json()
    devtools = await session.ws_connect(f"/devtools/page/{about['id']}", max_msg_size=0)
    made = Tab(devtools)
    try:
        yield made
    finally:
        await made.close()
        async with session.get(f"/json/close/{about['id']}"):
            pass
