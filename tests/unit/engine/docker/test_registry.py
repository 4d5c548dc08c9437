import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tutor.engine.docker.registry import RegistryError, RemoteName, packed_bytes

MANIFEST = {"config": {"size": 10}, "layers": [{"size": 100}, {"size": 1000}]}


class Registry:
    """Answers a few paths; ``token`` makes it ask for a login first."""

    def __init__(self, answers: dict[str, object], *, token: str = "") -> None:
        self.answers = answers
        self.token = token
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            writer.close()
            return
        path = head.split(" ")[1]
        authorization = next(
            (
                line.split(": ", 1)[1]
                for line in head.splitlines()
                if line.lower().startswith("authorization")
            ),
            "",
        )
        self.asked.append((path, authorization))
        status, extra = "200 OK", ""
        answer = self.answers.get(path.split("?")[0])
        if path.startswith("/token"):
            answer = {"token": self.token}
        elif self.token and authorization != f"Bearer {self.token}":
            status, answer = "401 Unauthorized", {}
            extra = f'WWW-Authenticate: Bearer realm="http://127.0.0.1:{self.port}/token",service="reg"\r\n'
        elif answer is None:
            status = "404 Not Found"
        body = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\n{extra}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[RemoteName]:
        server = await asyncio.start_server(self.handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield RemoteName(f"127.0.0.1:{self.port}", "a/b", "1")


async def test_the_size_is_that_of_layers_and_configuration() -> None:
    async with Registry({"/v2/a/b/manifests/1": MANIFEST}).serving() as name:
        assert await packed_bytes(name, "amd64") == 1110


async def test_of_an_index_this_architectures_manifest_is_taken() -> None:
    index = {
        "manifests": [
            {"digest": "sha256:w", "platform": {"os": "windows", "architecture": "arm64"}},
            {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "arm64"}},
        ]
    }
    answers: dict[str, object] = {"/v2/a/b/manifests/1": index, "/v2/a/b/manifests/sha256:a": MANIFEST}
    async with Registry(answers).serving() as name:
        assert await packed_bytes(name, "arm64") == 1110
        with pytest.raises(RegistryError, match="does not come for linux/s390x"):
            await packed_bytes(name, "s390x")


async def test_a_token_is_asked_for_when_the_registry_wants_one() -> None:
    registry = Registry({"/v2/a/b/manifests/1": MANIFEST}, token="secret")
    async with registry.serving() as name:
        assert await packed_bytes(name, "amd64", credentials=("me", "word")) == 1110
    path, basic = registry.asked[1]
    assert "scope=repository%3Aa%2Fb%3Apull" in path
    assert "service=reg" in path
    assert basic == "Basic " + base64.b64encode(b"me:word").decode()
    assert registry.asked[2][1] == "Bearer secret"


async def test_an_image_that_the_registry_does_not_have_is_told() -> None:
    async with Registry({}).serving() as name:
        with pytest.raises(RegistryError, match="has no a/b:1"):
            await packed_bytes(name, "amd64")


@pytest.mark.parametrize("answer", [[], {}, {"layers": 3, "config": {}}, {"manifests": [3]}, "text"])
async def test_an_answer_that_is_no_manifest_is_told(answer: object) -> None:
    async with Registry({"/v2/a/b/manifests/1": answer}).serving() as name:
        with pytest.raises(RegistryError, match="no manifest"):
            await packed_bytes(name, "amd64")


async def test_a_registry_that_is_not_there_is_told() -> None:
    async with Registry({}).serving() as name:
        pass
    with pytest.raises(RegistryError, match="cannot be reached"):
        await packed_bytes(name, "amd64")
