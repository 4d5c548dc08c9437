import asyncio
import contextlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from tests.engine_guard import engine_contents
from tests.engines.docker.laboratory import Laboratory, of_kind
from tests.patience import until
from tutor.core.clock import SystemClock
from tutor.core.errors import ImageNotFound
from tutor.core.events import BuildEvent, BuildFinished, LogLines, StepFinished
from tutor.engine.docker.engine import BuilderChoice, DockerEngine
from tutor.engine.docker.ledger import BUILD, IMAGE, Ledger
from tutor.engine.docker.ownership import Mark
from tutor.engine.docker.removal import descendants, remove_images
from tutor.storage.journal import SqliteJournal

pytestmark = pytest.mark.docker

LONG = """\
FROM BASE AS builder
COPY hello /hello
RUN touch /one
RUN echo started; sleep 300
FROM scratch
COPY hello /
"""
TWO_STAGES = """\
FROM BASE AS builder
COPY hello /hello
RUN cat hello > /out
FROM scratch
COPY --from=builder /out /
"""
SHORT = "FROM BASE AS builder\nCOPY hello /hello\nRUN echo\nFROM scratch\nCOPY hello /\n"


async def run_until_started(laboratory: Laboratory, running: asyncio.Event) -> None:
    async with aclosing(laboratory.engine.builder.build(laboratory.request("builder"))) as events:
        async for event in events:
            if isinstance(event, LogLines) and "started" in event.lines:
                running.set()


async def cancel_in_the_middle(laboratory: Laboratory) -> None:
    running = asyncio.Event()
    task = asyncio.create_task(run_until_started(laboratory, running))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_build_leaves_nothing(laboratory: Laboratory) -> None:
    before = engine_contents()
    laboratory.write(LONG, hello="hello")
    await cancel_in_the_middle(laboratory)
    assert engine_contents().keys() == before.keys()
    assert laboratory.journal.entries() == ()


async def test_closing_the_iterator_cancels_the_build(laboratory: Laboratory) -> None:
    before = engine_contents()
    laboratory.write(LONG, hello="hello")
    async with aclosing(laboratory.engine.builder.build(laboratory.request("builder"))) as events:
        async for event in events:
            if isinstance(event, StepFinished):
                break
    assert engine_contents().keys() == before.keys()
    assert laboratory.journal.entries() == ()


async def test_a_cancelled_build_gives_the_tags_back_to_the_former_images(laboratory: Laboratory) -> None:
    laboratory.write(SHORT, hello="one")
    first = await laboratory.build_images("builder")
    # The kept stage is built and tagged anew, then the second stage hangs.
    laboratory.write(
        "FROM BASE AS builder\nCOPY hello /hello\nFROM BASE\nCOPY hello /\nRUN echo started; sleep 300\n",
        hello="two",
    )
    await cancel_in_the_middle(laboratory)
    for image in first:
        found = await laboratory.engine.images.find(image.reference)
        assert found is not None
        assert found.image_id == image.image_id


async def test_the_engine_builds_again_right_after_a_cancelled_build(laboratory: Laboratory) -> None:
    laboratory.write(LONG, hello="hello")
    await cancel_in_the_middle(laboratory)
    laboratory.write(SHORT, hello="hello")
    assert isinstance((await laboratory.build("builder"))[-1], BuildFinished)


async def test_attempts_that_failed_do_not_pile_up(laboratory: Laboratory) -> None:
    laboratory.write(SHORT, hello="0")
    await laboratory.build("builder")
    count = len(laboratory.ids())
    for number in range(2):
        laboratory.write(SHORT.replace("RUN echo", "RUN echo > /x\nRUN false"), hello=f"failed {number}")
        await laboratory.build("builder")
    laboratory.write(SHORT, hello="1")
    await laboratory.build("builder")
    assert len(laboratory.ids()) == count


async def test_clean_leaves_an_image_of_the_learner_that_took_our_tag(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY hello /\n", hello="ours")
    await laboratory.build()
    client = docker.from_env()
    try:
        repository, _, tag = laboratory.tag.partition(":")
        client.api.tag(laboratory.base, repository, tag, force=True)
        report = await laboratory.engine.clean()
        assert report.left == ()
        assert client.images.get(laboratory.tag).id == client.images.get(laboratory.base).id
    finally:
        client.api.remove_image(laboratory.tag)
        client.close()


async def test_clean_leaves_an_image_that_the_learner_tagged_and_says_so(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY hello /\n", hello="ours")
    await laboratory.build()
    client = docker.from_env()
    try:
        client.api.tag(laboratory.tag, "learner/kept", "1")
        report = await laboratory.engine.clean()
        assert [reason for _, reason in report.left if "tag" in reason] == [
            "it also bears the tag learner/kept:1"
        ]
        assert client.images.get("learner/kept:1").tags == ["learner/kept:1"]
    finally:
        client.images.remove("learner/kept:1", noprune=True)
        client.close()


async def test_an_image_that_lost_its_tag_before_those_built_on_it_goes_too(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY hello /\n", hello="the base")
    (base,) = await laboratory.build_images()
    below = laboratory.tag
    laboratory.tag = f"{below}-above"
    laboratory.write(f"FROM {below}\nCOPY hello /above\n", hello="above it")
    await laboratory.build_images()
    images = [entry.object_id for entry in laboratory.journal.entries() if entry.kind == IMAGE]
    # The last is taken first.
    images = [*(each for each in images if each != base.image_id), base.image_id]
    connection = laboratory.engine._parts.connection
    assert await remove_images(connection, images, [below, laboratory.tag]) == {}
    assert not set(images) & laboratory.ids()


async def test_clean_of_one_learner_leaves_what_another_made(laboratory: Laboratory, tmp_path: Path) -> None:
    laboratory.write("FROM scratch\nCOPY hello /\n", hello="ours")
    (image,) = await laboratory.build_images()
    journal = SqliteJournal(tmp_path / "other.sqlite3")
    other = await DockerEngine.connect(
        journal, SystemClock(), lock_path=tmp_path / "other/build.lock", builder="classic"
    )
    await other.clean()
    await other.close()
    journal.close()
    assert image.image_id in laboratory.ids()


async def test_a_build_of_a_live_process_is_not_swept(laboratory: Laboratory) -> None:
    laboratory.write(LONG, hello="hello")
    running = asyncio.Event()
    task = asyncio.create_task(run_until_started(laboratory, running))
    await running.wait()
    report = await laboratory.engine.sweep()
    assert report.removed == ()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


VICTIM = textwrap.dedent(
    """
    import asyncio, sys
    from contextlib import aclosing
    from pathlib import Path
    from tutor.core.clock import SystemClock
    from tutor.core.events import LogLines
    from tutor.core.ports import BuildRequest, RunRequest
    from tutor.engine.docker.engine import DockerEngine
    from tutor.storage.journal import SqliteJournal

    async def main(folder, builder, tag, base):
        engine = await DockerEngine.connect(
            SqliteJournal(folder / "journal.sqlite3"),
            SystemClock(),
            lock_path=folder / "state/build.lock",
            builder=builder,
        )
        await engine.runtime.start(RunRequest("r", base, 8080, command=("sleep", "300")))
        request = BuildRequest("victim", folder / "context", tag, keep_stages=("builder",))
        async with aclosing(engine.builder.build(request)) as events:
            async for event in events:
                if isinstance(event, LogLines) and "started" in event.lines:
                    print("started", flush=True)

    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
    """
)


async def killed_in_the_middle(laboratory: Laboratory, choice: BuilderChoice) -> None:
    laboratory.write(LONG, hello="hello")
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        VICTIM,
        str(laboratory.tmp_path),
        choice,
        laboratory.tag,
        laboratory.base,
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"started\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    await until_no_step_runs()


async def until_no_step_runs() -> None:
    # The engine needs a moment to notice that its client is gone.
    client = docker.from_env()
    try:
        await until(lambda: all("fromscratch" in row["Names"][0] for row in client.api.containers()))
    finally:
        client.close()


async def test_after_kill_9_clean_leaves_the_engine_as_it_was(
    laboratory: Laboratory, choice: BuilderChoice
) -> None:
    before = engine_contents()
    await killed_in_the_middle(laboratory, choice)
    report = await laboratory.engine.clean()
    assert report.left == ()
    assert engine_contents().keys() == before.keys()


async def test_after_kill_9_the_next_start_sweeps_what_is_half_made(
    laboratory: Laboratory, choice: BuilderChoice
) -> None:
    before = engine_contents()
    await killed_in_the_middle(laboratory, choice)
    report = await laboratory.engine.sweep()
    assert "container" in {entry.kind for entry in report.removed}
    assert engine_contents().keys() == before.keys()


@pytest.mark.parametrize("choice", ["classic"])
@pytest.mark.parametrize("owns_tags", [True, False])
async def test_what_a_dead_build_tagged_and_did_not_write_down_is_swept_where_the_tag_is_its_own(
    laboratory: Laboratory, owns_tags: bool
) -> None:
    """An image that is built to be graded bears no label. Others may have been made by hand since."""
    reference = "fromscratch/graded:0123456789abcdef"
    folder = laboratory.context
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    now = time.time()
    client = docker.from_env()
    with contextlib.closing(client):
        client.images.build(path=str(folder), tag=reference, rm=True)
        ledger = Ledger(laboratory.journal, laboratory.engine._parts.connection, SystemClock(), "home")
        mark = Mark("", (reference,), now - 60, now, "classic", owns_tags=owns_tags)
        await ledger.record(ledger.entry(BUILD, "dead", "dead", mark))
        await laboratory.engine.sweep()
        left = bool(client.images.list(reference))
        if left:
            client.images.remove(reference)
    await laboratory.engine.clean()
    assert left is not owns_tags


@contextlib.asynccontextmanager
async def neighbour(tmp_path: Path, choice: BuilderChoice) -> AsyncIterator[DockerEngine]:
    """Another home on the same engine, cleaned in the end."""
    journal = SqliteJournal(tmp_path / "neighbour.sqlite3")
    engine = await DockerEngine.connect(
        journal, SystemClock(), lock_path=tmp_path / "neighbour/build.lock", builder=choice
    )
    try:
        yield engine
    finally:
        await engine.clean()
        await engine.close()
        journal.close()


async def test_a_sweep_takes_nothing_from_a_neighbour_who_builds_on_the_same_base(
    laboratory: Laboratory, choice: BuilderChoice, tmp_path: Path
) -> None:
    """The builder stage of a running build has no name yet, and was made at the same time as ours."""
    before = engine_contents()
    await killed_in_the_middle(laboratory, choice)
    async with neighbour(tmp_path, choice) as other:
        laboratory.write(TWO_STAGES, hello="theirs")
        request = replace(laboratory.request("builder", use_cache=False), run_id="neighbour")
        swept: list[str] = []
        async with aclosing(other.builder.build(request)) as events:
            async for event in events:
                if isinstance(event, StepFinished) and not swept:
                    report = await laboratory.engine.sweep()
                    swept += [entry.kind for entry in report.removed]
        assert isinstance(event, BuildFinished), event
        assert "container" in swept
    assert (await laboratory.engine.clean()).left == ()
    assert laboratory.journal.entries() == ()
    assert engine_contents().keys() == before.keys()


@pytest.mark.parametrize("choice", ["classic"])
async def test_a_sweep_takes_nothing_from_a_neighbour_who_begins_while_it_sweeps(
    laboratory: Laboratory, choice: BuilderChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of workers that lost one begins two builds at once, each after a sweep of its own home."""
    await killed_in_the_middle(laboratory, choice)
    sweeping = asyncio.Event()

    async def looked(*args: Any) -> list[str]:
        found = await descendants(*args)
        sweeping.set()
        return found

    monkeypatch.setattr("tutor.engine.docker.cleaning.descendants", looked)
    async with neighbour(tmp_path, choice) as other:
        sweep = asyncio.create_task(laboratory.engine.sweep())
        async with asyncio.timeout(60):
            await sweeping.wait()
        laboratory.write(TWO_STAGES, hello="theirs")
        request = replace(laboratory.request("builder", use_cache=False), run_id="neighbour")
        async with aclosing(other.builder.build(request)) as events:
            told = [event async for event in events]
        await sweep
        assert isinstance(told[-1], BuildFinished), told[-1]


@pytest.mark.parametrize("choice", ["classic"])
async def test_a_build_whose_steps_are_removed_by_somebody_is_not_the_learners_fault(
    laboratory: Laboratory,
) -> None:
    laboratory.write(TWO_STAGES, hello="hello")
    before = laboratory.ids()
    removed = 0
    with pytest.raises(ImageNotFound, match="Build again"):
        async with aclosing(
            laboratory.engine.builder.build(laboratory.request("builder", use_cache=False))
        ) as events:
            async for event in events:
                if isinstance(event, StepFinished) and not removed:
                    removed = remove_untagged(laboratory.ids() - before)
    assert removed
    await laboratory.engine.builder.close()


def remove_untagged(image_ids: set[str]) -> int:
    client = docker.from_env()
    count = 0
    with contextlib.closing(client):
        for image_id in image_ids:
            with contextlib.suppress(docker.errors.APIError):
                client.api.remove_image(image_id, noprune=True)
                count += 1
    return count


async def test_a_sweep_leaves_what_a_finished_run_made(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY hello /\n", hello="ours")
    told: list[BuildEvent] = await laboratory.build()
    (image,) = of_kind(told, BuildFinished)[0].images
    report = await laboratory.engine.sweep()
    assert report.removed == ()
    assert image.image_id in laboratory.ids()
