"""The real program on a real terminal that goes away."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.bench.terminal import Terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(tmp_path: Path) -> Terminal:
    """The tutor with its first picture drawn, deaf to SIGHUP as below ``su`` or ``nohup``."""
    environ = os.environ | {
        "FROMSCRATCH_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
    }
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); import tutor.__main__ as m; m.main()"
    )
    terminal = Terminal([sys.executable, "-c", program], environ)
    terminal.wait_for("NEXT", "Skip")
    return terminal


def ended_within(terminal: Terminal, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while terminal.process.poll() is None and time.monotonic() < deadline:
        terminal.breathe()
    return terminal.process.poll() is not None


def test_a_terminal_that_went_away_ends_the_tutor(opened: Terminal) -> None:
    opened.hang_up()
    try:
        assert ended_within(opened, 30)
    finally:
        opened.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_leaves_in_order(opened: Terminal, number: signal.Signals) -> None:
    opened.process.send_signal(number)
    try:
        assert ended_within(opened, 30)
        assert opened.process.returncode == 0
    finally:
        opened.close()
