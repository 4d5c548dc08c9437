import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tutor.core.http import BODY_LIMIT_BYTES
from tutor.core.image import Container
from tutor.engine.http_probe import HttpProbe, curl_line, probe_url

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Container]:
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield Container(container_id="c", image_id="i", port=8080, host_port=port)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def plain(body: bytes, head: str = "HTTP/1.1 200 OK\r\n") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def test_an_answer_comes_back_with_status_headers_and_body() -> None:
    async with serving(
        plain(b'{"status":"ok"}', "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    ) as c:
        exchange = await HttpProbe().request(c, "/health")
    assert (exchange.status, exchange.reason, exchange.body) == (200, "OK", '{"status":"ok"}')
    assert ("content-type", "application/json") in exchange.headers
    assert exchange.error == ""
    assert not exchange.body_truncated
    assert exchange.curl == f"curl -i http://127.0.0.1:{c.host_port}/health"


async def test_a_redirect_is_shown_and_not_followed() -> None:
    async with serving(plain(b"", "HTTP/1.1 302 Found\r\nLocation: /else\r\n")) as c:
        exchange = await HttpProbe().request(c, "/")
    assert exchange.status == 302
    assert ("location", "/else") in exchange.headers


async def test_a_port_where_nothing_listens_is_a_refused_connection() -> None:
    async with serving(plain(b"")) as c:
        pass
    exchange = await HttpProbe().request(c, "/")
    assert exchange.status is None
    assert exchange.error == "connection refused"


async def test_a_connection_closed_before_the_answer_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/")
    assert exchange.status is None
    assert "closed without an answer" in exchange.error
    assert "8080" in exchange.error


async def test_a_reset_connection_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import socket
        import struct

        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/")
    assert "connection reset" in exchange.error


async def test_an_answer_that_is_not_http_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-nope\r\n\r\n")
        await writer.drain()

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/")
    assert "not HTTP" in exchange.error


async def test_a_silent_server_is_a_time_out() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/", timeout_seconds=0.05)
    assert exchange.status is None
    assert "timed out after 0.05 s" in exchange.error


async def test_a_body_that_drips_for_ever_is_cut_by_the_total_time() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/", timeout_seconds=0.2)
    assert exchange.status == 200
    assert exchange.body.startswith(".")
    assert exchange.body_truncated
    assert "body was still coming" in exchange.error


async def test_an_endless_body_is_read_as_far_as_the_limit() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(answer) as c:
        exchange = await HttpProbe().request(c, "/")
    assert exchange.error == ""
    assert exchange.body_truncated
    assert len(exchange.body) == BODY_LIMIT_BYTES


async def test_a_compressed_body_is_not_inflated() -> None:
    import gzip

    bomb = gzip.compress(b"0" * 10_000_000)
    async with serving(plain(bomb, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n")) as c:
        exchange = await HttpProbe().request(c, "/")
    assert exchange.status == 200
    assert len(exchange.body) <= len(bomb)


async def test_control_sequences_of_a_body_do_not_reach_the_screen() -> None:
    async with serving(plain(b"\x1b[31mred\x1b[0m \xff")) as c:
        exchange = await HttpProbe().request(c, "/")
    assert exchange.body == "red \ufffd"


async def test_a_request_that_is_cancelled_ends() -> None:
    asked = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with serving(answer) as c:
        task = asyncio.create_task(HttpProbe().request(c, "/", timeout_seconds=60))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_container_without_a_published_port_is_told_without_asking() -> None:
    exchange = await HttpProbe().request(Container("c", "i", 8080), "/")
    assert exchange.status is None
    assert "not published" in exchange.error


@pytest.mark.parametrize("path", ["/a\nb", "/\x00", "http://[", "/ü?q=a b", "//evil"])
async def test_any_path_a_learner_types_gives_an_exchange(path: str) -> None:
    async with serving(plain(b"fine")) as c:
        exchange = await HttpProbe().request(c, path)
    assert bool(exchange.error) != (exchange.status == 200)


def test_the_curl_line_says_the_method_and_quotes_what_a_shell_would_read() -> None:
    assert curl_line("http://127.0.0.1:1/a?b=1&c") == "curl -i 'http://127.0.0.1:1/a?b=1&c'"
    assert curl_line("http://h:1/", "HEAD") == "curl -I http://h:1/"
    assert curl_line("http://h:1/", "POST") == "curl -i -X POST http://h:1/"


def test_an_ipv6_host_gets_brackets_and_a_path_its_slash() -> None:
    assert probe_url("::1", 80, "x") == "http://[::1]:80/x"
