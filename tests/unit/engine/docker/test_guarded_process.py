import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.patience import until
from tutor.engine.docker.guarded_process import start_guarded

SLEEPER = "import os, sys, time; sys.stdout.write(f'{os.getpid()}\\n'); sys.stdout.flush(); time.sleep(300)"
DEAF = (
    "import signal; [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]; "
)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def until_gone(pid: int) -> None:
    await until(lambda: not alive(pid))


async def test_output_and_exit_code_come_back() -> None:
    process = await start_guarded(["sh", "-c", "echo out; echo err >&2; exit 7"], os.environ)
    assert set((await process.output.read()).split()) == {b"out", b"err"}
    assert await process.wait() == 7


async def test_it_reads_nothing_from_us() -> None:
    process = await start_guarded(["cat"], os.environ)
    assert await process.output.read() == b""
    assert await process.wait() == 0


@pytest.mark.parametrize("manner", ["", DEAF], ids=["polite", "deaf"])
async def test_a_stopped_process_is_gone_with_all_it_started(manner: str) -> None:
    script = f'"{sys.executable}" -c "{manner}{SLEEPER}" & exec "{sys.executable}" -c "{manner}{SLEEPER}"'
    process = await start_guarded(["sh", "-c", script], os.environ)
    pids = [int(await process.output.readline()) for _ in range(2)]
    await process.stop(patience_seconds=0.1)
    for pid in pids:
        await until_gone(pid)


async def test_stopping_what_has_ended_does_nothing() -> None:
    process = await start_guarded(["true"], os.environ)
    await process.wait()
    await process.stop()


PARENT = f"""
import asyncio, os, sys
from tutor.engine.docker.guarded_process import start_guarded

async def main():
    process = await start_guarded([sys.executable, "-c", {SLEEPER!r}], os.environ)
    print((await process.output.readline()).decode().strip(), flush=True)
    await process.wait()

asyncio.run(main())
"""


async def test_it_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    await until_gone(child)
