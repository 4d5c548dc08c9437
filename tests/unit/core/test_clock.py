from __future__ import annotations

from datetime import timedelta

from tests.fakes.clock import FakeClock
from tutor.core.clock import SystemClock
from tutor.core.ports import Clock


def test_the_systems_time_is_told_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_the_systems_clock_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_the_fake_clock_moves_only_when_told(clock: FakeClock) -> None:
    port: Clock = clock
    before = port.now(), port.monotonic()
    assert (port.now(), port.monotonic()) == before
    clock.advance(90)
    assert (port.now() - before[0], port.monotonic() - before[1]) == (timedelta(seconds=90), 90)
