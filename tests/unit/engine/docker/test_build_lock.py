import asyncio
from pathlib import Path

import pytest

from tutor.engine.docker.build_lock import BuildLock


async def test_one_holder_at_a_time_also_between_two_locks_on_one_file(tmp_path: Path) -> None:
    first, second = BuildLock(tmp_path / "deep/lock"), BuildLock(tmp_path / "deep/lock")
    assert await first.try_acquire()
    assert not await first.try_acquire()
    assert not await second.try_acquire()
    first.release()
    assert await second.try_acquire()
    second.release()


async def test_who_waits_gets_it_when_it_is_free(tmp_path: Path) -> None:
    first, second = BuildLock(tmp_path / "lock"), BuildLock(tmp_path / "lock")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    await asyncio.sleep(0)
    assert not waiting.done()
    first.release()
    await waiting
    second.release()


async def test_who_waits_can_be_cancelled_and_takes_nothing(tmp_path: Path) -> None:
    first, second = BuildLock(tmp_path / "lock"), BuildLock(tmp_path / "lock")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.release()
    assert await second.try_acquire()
    second.release()
