from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.patience import until
from tests.unit.session.console_value import view
from tutor.core.console import ConsoleView, ConsoleWish, WishKind
from tutor.core.errors import ConsoleError
from tutor.session import console_link
from tutor.session.console_call import ConsoleCall
from tutor.session.console_code import TRIES, OneTimeCode
from tutor.session.console_link import ConsoleLink
from tutor.session.console_wire import Answer, Hello, Told, decode, encode
from tutor.storage.socket_place import pointed

PATIENCE_SECONDS = 20.0


@dataclass
class Demo:
    """What stands behind a link: a view that a test may change, and what was wished and heard."""

    pointer: Path
    clock: FakeClock
    shown: ConsoleView = field(default_factory=view)
    wishes: list[ConsoleWish] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    looks: int = 0
    link: ConsoleLink = field(init=False)

    def __post_init__(self) -> None:
        code = OneTimeCode(self.clock)
        self.link = ConsoleLink(
            self.pointer, code, view=self.look, take=self.wishes.append, heard=self.heard.append
        )

    def look(self) -> ConsoleView:
        self.looks += 1
        return self.shown

    async def reach(self) -> ConsoleCall:
        return await ConsoleCall.reach(self.pointer, await self.link.invite())

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection that has said nothing yet."""
        if pointed(self.pointer) is None:
            await self.link.invite()
        reader, writer = await asyncio.open_unix_connection(pointed(self.pointer))
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(Hello(1, await self.link.invite())))
        assert decode(await reader.readline(), Answer).refusal == ""


@pytest.fixture
async def demo(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Demo]:
    made = Demo(tmp_path / "demo" / "console", clock)
    yield made
    await made.link.close("The demo has ended.")


async def next_view(views: AsyncIterator[ConsoleView]) -> ConsoleView:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(views)


async def the_rest(call: ConsoleCall) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for _ in call.views():
            pass
    await call.close()
    return call.over


async def test_a_console_with_the_code_is_told_how_the_demo_stands_and_what_changes(demo: Demo) -> None:
    call = await demo.reach()
    async with aclosing(call.views()) as views:
        assert await next_view(views) == demo.shown
        demo.shown = view(index=2, runs="docker build -t multi .")
        demo.link.changed()
        assert await next_view(views) == demo.shown
    assert demo.heard == [""]
    await call.close()


async def test_what_is_wished_is_heard_in_order(demo: Demo) -> None:
    call = await demo.reach()
    wishes = [
        ConsoleWish(WishKind.FORWARD),
        ConsoleWish(WishKind.JUMP, "12"),
        ConsoleWish(WishKind.GUESS, "5"),
    ]
    assert all(call.wish(wish) for wish in wishes)
    await until(lambda: len(demo.wishes) == 3)
    assert demo.wishes == wishes
    await call.close()


async def test_nothing_listens_before_a_code_is_asked_for_and_nothing_is_left_after(demo: Demo) -> None:
    assert not demo.pointer.exists()
    await demo.link.invite()
    place = pointed(demo.pointer)
    assert place is not None
    await demo.link.close("")
    assert not place.parent.exists()
    assert not demo.pointer.exists()


async def test_only_this_user_can_find_and_enter_the_socket(demo: Demo) -> None:
    await demo.link.invite()
    place = pointed(demo.pointer)
    assert place is not None
    assert stat.S_ISSOCK(place.stat().st_mode)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(demo.pointer.stat().st_mode) == 0o600


async def test_a_pointer_that_somebody_else_wrote_is_not_followed(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await demo.link.invite()
    other = os.getuid() + 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: other)
        with pytest.raises(ConsoleError, match="No demo waits"):
            await ConsoleCall.reach(demo.pointer, code)


async def test_a_socket_has_a_short_path_even_where_temporary_files_have_long_ones(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    call = await demo.reach()
    await call.close()


async def test_what_a_killed_demo_left_is_swept_by_the_next_and_a_living_one_stays(
    demo: Demo, tmp_path: Path, clock: FakeClock
) -> None:
    dead = Path(tempfile.mkdtemp(prefix="fromscratch-console-"))
    demo.pointer.parent.mkdir(parents=True)
    demo.pointer.write_text(f"{dead / 'console'}\n")
    await demo.link.invite()
    assert [*dead.parent.glob(dead.name)] == []
    place = pointed(demo.pointer)
    other = Demo(demo.pointer, clock)
    await other.link.invite()
    assert place is not None
    assert place.exists()
    await other.link.close("")


@pytest.mark.parametrize("left", ["", "\0", "relative", "/nowhere/at/all"])
async def test_a_pointer_to_nothing_is_told_with_the_way_to_a_code(tmp_path: Path, left: str) -> None:
    pointer = tmp_path / "console"
    pointer.write_text(left)
    with pytest.raises(ConsoleError) as refused:
        await ConsoleCall.reach(pointer, "1")
    assert "press c" in refused.value.next_step


async def test_a_wrong_code_is_refused_and_the_right_one_still_taken(demo: Demo) -> None:
    code = await demo.link.invite()
    with pytest.raises(ConsoleError, match="2 tries are left"):
        await ConsoleCall.reach(demo.pointer, "wrong")
    await (await ConsoleCall.reach(demo.pointer, code)).close()


async def test_after_too_many_wrong_ones_the_right_code_is_void_and_the_presenter_is_told(demo: Demo) -> None:
    code = await demo.link.invite()
    for _ in range(TRIES):
        with pytest.raises(ConsoleError, match="not the code"):
            await ConsoleCall.reach(demo.pointer, "é")
    with pytest.raises(ConsoleError, match="No code is open"):
        await ConsoleCall.reach(demo.pointer, code)
    assert len(demo.heard) == 1
    assert "wrong code" in demo.heard[0]


async def test_a_code_is_good_for_one_console(demo: Demo) -> None:
    code = await demo.link.invite()
    call = await ConsoleCall.reach(demo.pointer, code)
    with pytest.raises(ConsoleError, match="No code is open"):
        await ConsoleCall.reach(demo.pointer, code)
    assert demo.link.is_connected
    await call.close()


async def test_a_fresh_code_makes_the_one_before_void(demo: Demo) -> None:
    before = await demo.link.invite()
    fresh = await demo.link.invite()
    if before != fresh:
        with pytest.raises(ConsoleError, match="not the code"):
            await ConsoleCall.reach(demo.pointer, before)
    await (await ConsoleCall.reach(demo.pointer, fresh)).close()


async def test_a_code_is_void_after_a_while(demo: Demo, clock: FakeClock) -> None:
    code = await demo.link.invite()
    clock.advance(3_600)
    with pytest.raises(ConsoleError, match="No code is open"):
        await ConsoleCall.reach(demo.pointer, code)


async def test_a_new_console_takes_the_place_of_the_one_before_which_is_told(demo: Demo) -> None:
    first = await demo.reach()
    second = await demo.reach()
    assert "took this one's place" in await the_rest(first)
    assert demo.link.is_connected
    assert second.wish(ConsoleWish(WishKind.BACK))
    await until(lambda: demo.wishes == [ConsoleWish(WishKind.BACK)])
    await second.close()


async def test_a_console_of_another_version_is_told_so(demo: Demo) -> None:
    async with demo.raw() as (reader, writer):
        writer.write(encode(Hello(99, await demo.link.invite())))
        assert "protocol 99" in decode(await reader.readline(), Answer).refusal


@pytest.mark.parametrize(
    "line",
    [b"\n", b"GET / HTTP/1.1\r\n", b"\xff\xfe\n", b"[" * 4_000 + b"\n", b'{"protocol": "1"}\n', b"x" * 10**6],
)
async def test_who_does_not_begin_like_a_console_is_refused_and_costs_no_try(demo: Demo, line: bytes) -> None:
    async with demo.raw() as (reader, writer):
        writer.write(line)
        assert "no console" in decode(await reader.readline(), Answer).refusal
    await (await demo.reach()).close()


async def test_who_says_nothing_is_not_waited_for(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_link, "HELLO_SECONDS", 0.05)
    async with demo.raw() as (reader, _):
        assert decode(await reader.readline(), Answer).refusal == "No code came."
        assert await reader.read() == b""


async def test_a_crowd_of_callers_is_not_let_in(demo: Demo) -> None:
    callers = [demo.raw() for _ in range(console_link.CALLERS_AT_MOST + 1)]
    opened = [await caller.__aenter__() for caller in callers]
    assert await opened[-1][0].read() == b""
    for caller in callers:
        await caller.__aexit__(None, None, None)
    await until(lambda: not demo.link._callers)
    await (await demo.reach()).close()


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\n",
        b"forward\n",
        b'{"kind": "shell", "value": "rm -r /"}\n',
        b'{"kind": "jump", "value": 5}\n',
        b"[" * 4_000 + b"\n",
        b'{"kind": "guess", "value": "' + b"9" * 10**7,
    ],
)
async def test_a_console_that_sends_garbage_or_an_enormous_line_is_let_go_and_another_can_come(
    demo: Demo, line: bytes
) -> None:
    async with demo.raw() as (reader, writer):
        await demo.let_in(reader, writer)
        writer.write(line)
        over = ""
        while not over:
            over = decode(await reader.readline(), Told).over
        assert "no wish" in over
        await until(lambda: not demo.link.is_connected)
    assert demo.wishes == []
    call = await demo.reach()
    assert call.wish(ConsoleWish(WishKind.FORWARD))
    await until(lambda: bool(demo.wishes))
    await call.close()


async def test_control_sequences_in_a_guess_do_not_reach_the_demo(demo: Demo) -> None:
    call = await demo.reach()
    call.wish(ConsoleWish(WishKind.GUESS, "\x1b]0;owned\x07" + "5" * 1_000))
    await until(lambda: bool(demo.wishes))
    assert demo.wishes[0].value.startswith("555")
    assert len(demo.wishes[0].value) < 300
    await call.close()


async def test_a_console_that_vanishes_is_forgotten_and_another_can_come(demo: Demo) -> None:
    async with demo.raw() as (reader, writer):
        await demo.let_in(reader, writer)
        await until(lambda: demo.link.is_connected)
    await until(lambda: not demo.link.is_connected)
    demo.link.changed()
    call = await demo.reach()
    assert demo.link.is_connected
    await call.close()


async def test_a_console_that_does_not_read_holds_up_nobody_and_is_told_the_newest_when_it_does(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_link, "PACE_SECONDS", 0.0)
    async with demo.raw() as (reader, writer):
        await demo.let_in(reader, writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        looks = -1
        while demo.looks != looks:
            looks = demo.looks
            for number in range(200):
                demo.shown = view(prose="long " * 4_000, notice=f"{looks} {number}")
                demo.link.changed()
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
        # Nothing is composed any more, and one line waits at most.
        assert demo.link._console is not None
        line = len(encode(Told(demo.shown)))
        assert demo.link._console.writer.transport.get_write_buffer_size() <= line
        writer.transport.resume_reading()  # type: ignore[attr-defined]  # as above
        call = ConsoleCall(reader, writer)
        async with aclosing(call.views()) as views:
            while (await next_view(views)).notice != demo.shown.notice:
                pass


async def test_a_console_that_does_not_read_does_not_keep_the_demo_from_its_end(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_link, "PARTING_SECONDS", 0.05)
    async with demo.raw() as (reader, writer):
        await demo.let_in(reader, writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can
        demo.shown = view(prose="x" * 10**6)
        demo.link.changed()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await demo.link.close("The demo has ended.")
        assert not demo.link._callers


async def test_a_console_is_told_that_the_demo_has_ended(demo: Demo) -> None:
    call = await demo.reach()
    await demo.link.close("The demo has ended.")
    assert await the_rest(call) == "The demo has ended."


async def test_what_is_private_is_hidden_and_what_controls_a_terminal_is_taken_out(
    tmp_path: Path, clock: FakeClock
) -> None:
    shown = view(notice="\x1b[31m/home/ada\x1b]0;x\x07 is the folder")
    link = ConsoleLink(
        tmp_path / "console",
        OneTimeCode(clock),
        view=lambda: shown,
        take=lambda _: None,
        mask=lambda text: text.replace("/home/ada", "~"),
    )
    call = await ConsoleCall.reach(tmp_path / "console", await link.invite())
    async with aclosing(call.views()) as views:
        assert (await next_view(views)).notice == "~ is the folder"
    await call.close()
    await link.close("")


@pytest.fixture
def answer_with(tmp_path: Path) -> Iterator[Callable[[bytes], object]]:
    """A demo that is none: it says this to whoever calls."""
    servers: list[asyncio.Server] = []
    folder = Path(tempfile.mkdtemp(prefix="fromscratch-test-"))

    async def started(data: bytes) -> Path:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(data)
            await writer.drain()
            writer.close()

        servers.append(await asyncio.start_unix_server(serve, folder / "s"))
        pointer = tmp_path / "console"
        pointer.write_text(str(folder / "s"))
        return pointer

    yield started
    for server in servers:
        server.close()
    (folder / "s").unlink(missing_ok=True)
    folder.rmdir()


@pytest.mark.parametrize("data", [b"", b"\n", b"[]\n", b"\xff\n"])
async def test_what_answers_unlike_a_demo_is_told_in_words(
    answer_with: Callable[..., object], data: bytes
) -> None:
    pointer = await answer_with(data)  # type: ignore[misc]  # the fixture's own
    with pytest.raises(ConsoleError):
        await ConsoleCall.reach(pointer, "1")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "went away"),
        (b"{}\n", "cannot be read"),
        (b'{"view": {"lesson": 1}}\n', "cannot be read"),
        (encode(Told(view(index=99))), "cannot be read"),
        (encode(Told(view(steps=()))), "cannot be read"),
        (b"x" * 10**6, "cannot be read"),
    ],
)
async def test_a_demo_that_says_what_cannot_be_ends_the_connection_in_words(
    answer_with: Callable[..., object], line: bytes, words: str
) -> None:
    pointer = await answer_with(encode(Answer(1)) + line)  # type: ignore[misc]  # the fixture's own
    assert words in await the_rest(await ConsoleCall.reach(pointer, "1"))
