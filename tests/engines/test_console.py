"""A demo and its presenter's console: two real programs, each on a terminal of its own."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.terminal import Terminal

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0


class Room:
    """The terminals of one presentation, all read from all the time: a full one holds up its program."""

    def __init__(self, home: Path) -> None:
        self._environ = os.environ | {
            "FROMSCRATCH_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "DOCKER_HOST": f"unix://{home}/none.sock",
        }
        self._terminals: list[Terminal] = []

    def open(self, *words: str, size: tuple[int, int]) -> Terminal:
        terminal = Terminal([sys.executable, "-m", "tutor", "demo", *words], self._environ, size)
        self._terminals.append(terminal)
        return terminal

    def see(self, terminal: Terminal, *words: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(word in terminal.drawn for word in words):
            assert time.monotonic() < deadline, f"{words} not in {terminal.drawn[-3000:]}"
            for each in self._terminals:
                each.breathe()
        return terminal.drawn

    def ended(self, terminal: Terminal) -> int:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while terminal.process.poll() is None:
            assert time.monotonic() < deadline, terminal.drawn[-3000:]
            for each in self._terminals:
                each.breathe()
        return terminal.process.returncode

    def connect(self, demo: Terminal) -> Terminal:
        console = self.open("--console", size=(24, 80))
        self.see(console, "Presenter's console", "code of six digits")
        demo.forget()
        demo.send(b"c")
        found = re.search(r"Console code (\d{3}) (\d{3})", self.see(demo, "Console code", "--console"))
        assert found
        console.send(f"{found[1]}{found[2]}\r".encode())
        self.see(console, "NOW", "NEXT")
        return console

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_a_demo_is_led_from_the_console_in_a_second_terminal_and_outlives_it(room: Room) -> None:
    demo = room.open("two-stages", "--engine", "embedded", size=(30, 100))
    room.see(demo, "One file, two images", "embedded")

    console = room.connect(demo)
    room.see(console, "Name the first stage", "Plan 25:00")
    console.send(b"j")
    room.see(console, "number of a step")
    console.send(b"7\r")
    room.see(demo, "How big will the final image be?")
    room.see(console, "What do they say?")
    console.send(b"g")
    room.see(console, "what the class says")
    console.send(b"12\r")
    room.see(demo, "You say", "12 MB")

    console.process.send_signal(signal.SIGKILL)
    room.ended(console)
    demo.forget()
    demo.send(b"\x1b[C")
    room.see(demo, "How much smaller is it")

    again = room.connect(demo)
    room.see(again, "How much smaller is it", "12 MB")
    demo.send(b"q")
    room.see(again, "The demo has ended.")
    assert room.ended(demo) == 0
    again.send(b"q")
    assert room.ended(again) == 0
