import contextlib
import io
import re
import tarfile
from contextlib import aclosing
from dataclasses import replace

import docker
import docker.errors
import pytest

from tests.engines.docker.laboratory import Laboratory, finished, lines, names_in_layers, of_kind, steps
from tutor.core.errors import BaseImageMissing, LearnerError
from tutor.core.events import (
    BuildEvent,
    BuildFailed,
    BuildFinished,
    BuildStarted,
    StepFinished,
    StepStarted,
    WorkProgressed,
)

pytestmark = pytest.mark.docker

TWO_STAGES = """\
# the first stage
FROM BASE AS builder
WORKDIR /src
COPY hello .
RUN echo building \\
    && cat hello > /out

FROM scratch
COPY --from=builder /out /out
CMD ["/out"]
"""


async def test_every_instruction_is_told_once_with_its_line(laboratory: Laboratory) -> None:
    laboratory.write(TWO_STAGES, hello="hello\n")
    told = await laboratory.build("builder")
    assert isinstance(told[0], BuildStarted)
    assert told[0].command == f"docker build -t {laboratory.tag} ."
    assert isinstance(told[-1], BuildFinished)
    by_line = {event.line: event for event in of_kind(told, StepStarted)}
    assert {3, 4, 5, 9} <= set(by_line)
    assert len(by_line) == len(of_kind(told, StepStarted))
    assert by_line[4].stage == "builder"
    assert by_line[5].text.startswith("RUN echo building")
    assert by_line[9].text == "COPY --from=builder /out /out"
    assert not any("fromscratch." in event.text for event in of_kind(told, StepStarted))
    assert {event.step_id for event in of_kind(told, StepFinished)} == {
        event.step_id for event in of_kind(told, StepStarted)
    }
    assert "building" in lines(told)


async def test_a_kept_stage_and_the_final_image_stand_under_their_tags(laboratory: Laboratory) -> None:
    laboratory.write(TWO_STAGES, hello="hello\n")
    images = await laboratory.build_images("builder")
    assert [(image.reference, image.stage) for image in images] == [
        (f"{laboratory.tag}-builder", "builder"),
        (laboratory.tag, ""),
    ]
    for image in images:
        found = await laboratory.engine.images.find(image.reference)
        assert found is not None
        assert found.image_id == image.image_id


async def test_building_the_same_again_is_cached_and_gives_the_same_ids(laboratory: Laboratory) -> None:
    laboratory.write(TWO_STAGES, hello="hello\n")
    first = await laboratory.build_images("builder")
    held = laboratory.ids()
    again = await laboratory.build("builder")
    assert finished(again, "RUN").cached
    assert finished(again, "COPY --from").cached
    assert of_kind(again, BuildFinished)[0].images == first
    assert laboratory.ids() == held


async def test_without_the_cache_every_step_runs_again(laboratory: Laboratory) -> None:
    laboratory.write(TWO_STAGES, hello="hello\n")
    await laboratory.build("builder")
    again = await laboratory.build("builder", use_cache=False)
    assert not finished(again, "RUN").cached
    assert not finished(again, "COPY --from").cached
    assert "building" in lines(again)


ONE_OF_A_CLASS = """\
FROM BASE AS builder
WORKDIR /src
COPY hello .
RUN cat /proc/sys/kernel/random/uuid hello > /out

FROM scratch
COPY --from=builder /out /out
CMD ["/out"]
"""


async def test_a_neighbour_on_the_same_steps_does_not_make_it_run_twice(laboratory: Laboratory) -> None:
    """Two of a class are built without the cache at one time, and share the step before their files.

    The classic builder's cache holds only the newest of several images made by the same step.
    """
    laboratory.write(ONE_OF_A_CLASS, hello="mine\n")
    made: list[str] = []
    request = laboratory.request("builder", use_cache=False)
    async with aclosing(laboratory.engine.builder.build(request)) as events:
        told: list[BuildEvent] = []
        async for event in events:
            told.append(event)
            if isinstance(event, StepStarted) and event.text.startswith("COPY --from") and not made:
                made += neighbour(laboratory)
    await laboratory.engine.builder.close()
    try:
        kept, final = of_kind(told, BuildFinished)[0].images
        assert file_in(kept.image_id, "/out") == file_in(final.image_id, "/out")
        assert steps(told).count(("builder", "RUN cat /proc/sys/kernel/random/uuid hello > /out")) == 1
    finally:
        forget(made)


def neighbour(laboratory: Laboratory) -> list[str]:
    """Another learner's build, by hand; the ids of what it made, newest last."""
    folder = laboratory.tmp_path / "neighbour"
    folder.mkdir()
    (folder / "Dockerfile").write_text(ONE_OF_A_CLASS.replace("BASE", laboratory.base))
    (folder / "hello").write_text("theirs\n")
    before = laboratory.ids()
    client = docker.from_env()
    with contextlib.closing(client):
        client.images.build(path=str(folder), nocache=True, tag="fromscratch-test/neighbour:1", rm=True)
    return sorted(laboratory.ids() - before)


def forget(image_ids: list[str]) -> None:
    client = docker.from_env()
    with contextlib.closing(client):
        with contextlib.suppress(docker.errors.ImageNotFound):
            client.api.remove_image("fromscratch-test/neighbour:1")
        for _ in image_ids:
            for image_id in image_ids:
                with contextlib.suppress(docker.errors.APIError):
                    client.api.remove_image(image_id, noprune=True)


def file_in(image_id: str, path: str) -> bytes:
    client = docker.from_env()
    with contextlib.closing(client):
        container = client.containers.create(image_id, ["/none"])
        try:
            pieces, _ = container.get_archive(path)
            with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
                content = archive.extractfile(archive.next() or "")
                assert content is not None
                return content.read()
        finally:
            container.remove()


async def test_an_edited_file_replaces_the_former_images(laboratory: Laboratory) -> None:
    laboratory.write(TWO_STAGES, hello="hello\n")
    first = await laboratory.build_images("builder")
    count = len(laboratory.ids())
    laboratory.write(TWO_STAGES, hello="hello again\n")
    second = await laboratory.build_images("builder")
    held = laboratory.ids()
    assert not {image.image_id for image in first} & held
    assert {image.image_id for image in second} <= held
    assert len(held) == count
    assert finished(await laboratory.build("builder"), "RUN").cached


async def test_a_stage_without_a_name_can_be_kept_by_its_number(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE\nRUN echo one > /one\nFROM scratch\nCOPY --from=0 /one /one\n")
    images = await laboratory.build_images("0")
    assert [image.stage for image in images] == ["0", ""]
    kept = await laboratory.engine.images.find(f"{laboratory.tag}-0")
    assert kept is not None
    assert kept.image_id == images[0].image_id


async def test_a_command_that_fails_is_told_with_line_text_and_output(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE\nRUN echo before\n\nRUN echo oops >&2; exit 3\nRUN echo after\n")
    told = await laboratory.build()
    failed = told[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 4
    assert re.search(r"(code: |code )3", failed.error)
    assert "what it printed" in failed.next_step
    assert "oops" in lines(told)
    assert failed.step_id is not None
    assert finished(told, "RUN echo oops").error
    assert not any(text == "RUN echo after" for _, text in steps(told))


async def test_a_file_that_is_not_in_the_context_is_told_with_its_line(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY missing.go /\n")
    failed = (await laboratory.build())[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 2
    assert "not found" in failed.error
    assert "build context" in failed.next_step


async def test_a_file_that_the_stage_does_not_hold_is_told_with_its_stage(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE AS builder\nFROM scratch\nCOPY --from=builder /nope /\n")
    failed = (await laboratory.build("builder"))[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 3
    assert "Stage builder holds no" in failed.next_step


async def test_a_misspelt_stage_is_told_without_asking_a_registry(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE AS builder\nFROM scratch\nCOPY --from=biulder /bin/busybox /\n")
    failed = (await laboratory.build("builder"))[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 3
    assert "biulder" in failed.error
    assert failed.next_step == "Did you mean builder?"


async def test_a_stage_to_keep_that_is_not_there_is_told(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE AS compile\nRUN echo\n")
    failed = (await laboratory.build("builder"))[-1]
    assert isinstance(failed, BuildFailed)
    assert "compile" in failed.next_step


async def test_an_unknown_instruction_is_told_with_the_nearest_one(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE\nRUM echo\n")
    failed = (await laboratory.build())[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 2
    assert failed.next_step == "Did you mean RUN?"


async def test_a_shell_where_there_is_none_is_explained(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY Dockerfile /\nRUN echo hi\n")
    failed = (await laboratory.build())[-1]
    assert isinstance(failed, BuildFailed)
    assert failed.line == 3
    assert "no shell" in failed.next_step


async def test_a_base_that_is_not_here_stops_the_build_before_it_begins(laboratory: Laboratory) -> None:
    laboratory.write("FROM fromscratch-test/not-there:7\nRUN echo\n")
    with pytest.raises(BaseImageMissing) as raised:
        await laboratory.build()
    assert "fromscratch-test/not-there:7" in raised.value.what
    assert raised.value.where == "Dockerfile:1"


async def test_a_missing_dockerfile_is_the_learners_error(laboratory: Laboratory) -> None:
    with pytest.raises(LearnerError) as raised:
        await laboratory.build()
    assert "no Dockerfile" in raised.value.what


async def test_output_is_clean_whatever_a_step_prints(laboratory: Laboratory) -> None:
    laboratory.write(
        "FROM BASE\n"
        r"RUN echo -e '\033[31mred\033[0m [bold]\n \0377\0376 end'"
        "\n"
        r"RUN yes | head -c 1000000 | tr -d '\n' && echo"
        "\n"
    )
    told = await laboratory.build()
    assert isinstance(told[-1], BuildFinished), told[-1]
    printed = lines(told)
    assert "red [bold]" in printed
    assert not any("\x1b" in line for line in printed)
    assert max(map(len, printed)) < 5000


async def test_a_step_that_prints_builder_talk_does_not_confuse_the_account(laboratory: Laboratory) -> None:
    client = docker.from_env()
    other = str(client.images.get(laboratory.base).id)
    client.close()
    laboratory.write(f"FROM BASE\nRUN echo ' ---> {other[7:19]}' && echo 'Step 9/9 : RUN evil'\n")
    told = await laboratory.build()
    assert isinstance(told[-1], BuildFinished)
    assert len(of_kind(told, StepStarted)) == 2
    assert other not in {entry.object_id for entry in laboratory.journal.entries()}


async def test_the_ignore_file_keeps_names_out_of_the_context(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY . /all/\n", secret="s", kept="k")
    (laboratory.context / ".dockerignore").write_text("# comment\nsecret\n")
    await laboratory.build()
    with laboratory.engine.images.open_archive(laboratory.tag) as stream:
        names = names_in_layers(stream.read())
    assert "all/kept" in names
    assert "all/secret" not in names


async def test_arguments_reach_the_build(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE\nARG WORD=none\nRUN echo said-$WORD\n")
    request = replace(laboratory.request(), build_args={"WORD": "yes"})
    async with aclosing(laboratory.engine.builder.build(request)) as events:
        told = [event async for event in events]
    assert "said-yes" in lines(told)
    assert isinstance(told[0], BuildStarted)
    assert "--build-arg WORD=yes" in told[0].command
    await laboratory.engine.builder.close()


async def test_a_second_build_waits_for_the_first(laboratory: Laboratory) -> None:
    laboratory.write("FROM BASE\nRUN echo one\n")
    async with aclosing(laboratory.engine.builder.build(laboratory.request())) as first:
        await anext(first)
        await anext(first)
        async with aclosing(laboratory.engine.builder.build(laboratory.request())) as second:
            await anext(second)
            waiting = await anext(second)
            assert isinstance(waiting, WorkProgressed)
            assert "waiting" in waiting.label
            rest = [event async for event in first]
            assert isinstance(rest[-1], BuildFinished)
            assert isinstance([event async for event in second][-1], BuildFinished)
    await laboratory.engine.builder.close()
