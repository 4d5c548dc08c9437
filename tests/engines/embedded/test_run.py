from __future__ import annotations

import asyncio
import os
import struct
import tarfile

import pytest

from tests.engines.embedded.conftest import SHELL, Bench, every_kind, in_user_namespace
from tutor.core.errors import ContainerError, ImageNotFound
from tutor.core.image import ContainerState
from tutor.engine.embedded.capability import BETTER, WEAKER
from tutor.engine.embedded.launcher import Isolation

pytestmark = pytest.mark.embedded

SERVER = 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n'
WWW = SHELL + "COPY page /www/page\n"


@pytest.fixture
async def server_bench(shell_bench: Bench) -> Bench:
    shell_bench.write("page", "hello")
    built = (await shell_bench.build(WWW + SERVER)).finished
    assert built.images
    return shell_bench


@every_kind
async def test_a_server_answers_on_a_port_of_this_machine(server_bench: Bench) -> None:
    engine = server_bench.engine
    container = await server_bench.start(port=8080)
    try:
        await server_bench.listening(container)
        answer = await engine.probe.request(container, "/page")
        assert (answer.status, answer.body) == (200, "hello")
        listeners = await engine.runtime.listeners(container.container_id)
        assert listeners is not None
        assert {listener.port for listener in listeners} == {8080}
        assert not any(listener.is_loopback for listener in listeners)
    finally:
        await engine.runtime.remove(container.container_id)
    assert await engine.runtime.state(container.container_id) == ContainerState("gone")


@every_kind
async def test_a_server_on_loopback_inside_cannot_be_reached(server_bench: Bench) -> None:
    engine = server_bench.engine
    container = await server_bench.start("httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/www")
    await server_bench.listening(container)
    listeners = await engine.runtime.listeners(container.container_id)
    answer = await engine.probe.request(container, "/page")
    await engine.runtime.remove(container.container_id)
    assert listeners is not None
    assert [(each.port, each.is_loopback) for each in listeners] == [(8080, True)]
    assert answer.status is None
    assert "reset" in answer.error


async def test_the_wrong_port_is_a_connection_reset(server_bench: Bench) -> None:
    container = await server_bench.start(port=9999)
    answer = await server_bench.engine.probe.request(container, "/page")
    await server_bench.engine.runtime.remove(container.container_id)
    assert "reset" in answer.error


async def test_large_answers_come_through_whole(shell_bench: Bench) -> None:
    content = os.urandom(3_000_000)
    shell_bench.write("page", content)
    await shell_bench.build(WWW + SERVER)
    container = await shell_bench.start()
    engine = shell_bench.engine
    await shell_bench.listening(container)
    reader, writer = await asyncio.open_connection("127.0.0.1", container.host_port)
    writer.write(b"GET /page HTTP/1.0\r\n\r\n")
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    await engine.runtime.remove(container.container_id)
    assert answer.endswith(content)


@every_kind
async def test_the_root_holds_the_image_and_what_docker_adds(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    state, log = await shell_bench.run("sh", "-c", "ls /; cat /etc/hosts")
    assert state.exit_code == 0, log
    names = {line for line in log.split("\n") if line.isalpha()}
    assert {"bin", "dev", "etc"} <= names <= {"bin", "dev", "etc", "proc", "sys"}
    assert "localhost" in log


@in_user_namespace
async def test_the_command_is_process_one_and_sees_no_other(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    _, log = await shell_bench.run("sh", "-c", "echo $$; ls -d /proc/[0-9]* | grep -v $$ | wc -l")
    assert log.split("\n")[0] == "1"


@in_user_namespace
async def test_the_command_has_no_capabilities_and_cannot_gain_any(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    _, log = await shell_bench.run("grep", "-E", "Cap|NoNewPrivs", "/proc/self/status")
    values = dict(line.replace(" ", "").split(":") for line in log.split("\n"))
    assert {int(value, 16) for name, value in values.items() if name.startswith("Cap")} == {0}
    assert values["NoNewPrivs"] == "1"


@every_kind
async def test_user_is_who_runs_it(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL + "USER 65532:7\n")
    _, log = await shell_bench.run(
        "sh", "-c", "id -u; id -g; touch /bin/x; touch /etc/passwd || echo refused"
    )
    assert log.split("\n")[:2] == ["65532", "7"]
    assert "Permission denied" in log
    _, log = await shell_bench.run("id", "-g", user="app")
    assert log == "65533"


async def test_a_user_that_the_image_does_not_know_is_told_in_dockers_words(
    bench: Bench, busybox: bytes
) -> None:
    bench.write("app", busybox, 0o755)
    await bench.build('FROM scratch\nCOPY app /app\nUSER nonroot:nonroot\nENTRYPOINT ["/app"]\n')
    with pytest.raises(
        ContainerError, match="unable to find user nonroot: no matching entries in passwd file"
    ):
        await bench.start()


@in_user_namespace
async def test_a_read_only_root_cannot_be_written(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    state, log = await shell_bench.run("touch", "/x", read_only=True)
    assert state.exit_code == 1
    assert "Read-only file system" in log


@pytest.mark.parametrize("kind", [Isolation.PROOT, Isolation.CHROOT])
async def test_a_read_only_root_is_refused_where_it_cannot_be_had(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    with pytest.raises(ContainerError, match="read-only root"):
        await shell_bench.start("true", read_only=True)


async def test_memory_beyond_the_limit_is_refused(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    state, log = await shell_bench.run("dd", "if=/dev/zero", "of=/dev/null", "bs=512M", "count=1")
    assert state.exit_code == 1
    assert "out of memory" in log


def _starts(dockerfile: str, expected: str) -> object:
    return pytest.param(dockerfile, expected, id=expected[:40])


@every_kind
@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        _starts('COPY dynamic /app\nENTRYPOINT ["/app"]', "exec /app: no such file or directory"),
        _starts('COPY foreign /app\nENTRYPOINT ["/app"]', "exec /app: exec format error"),
        _starts('COPY text /app\nENTRYPOINT ["/app"]', "exec /app: exec format error"),
        _starts("COPY static /app\nCMD /app", 'exec: "/bin/sh": stat /bin/sh: no such file or directory'),
        _starts("COPY static /app\nCMD ['/app']", 'exec: "/bin/sh": stat /bin/sh: no such file or directory'),
        _starts('COPY --chmod=644 static /app\nENTRYPOINT ["/app"]', 'exec: "/app": permission denied'),
        _starts(
            'WORKDIR /x\nCOPY static /x/app\nCMD ["app"]', 'exec: "app": executable file not found in $PATH'
        ),
        _starts(
            'COPY static /app\nENTRYPOINT ["/nope"]', 'exec: "/nope": stat /nope: no such file or directory'
        ),
    ],
)
async def test_what_cannot_start_is_told_in_dockers_words(
    bench: Bench, busybox: bytes, dynamic_program: bytes, dockerfile: str, expected: str
) -> None:
    bench.write("static", busybox, 0o755)
    bench.write("text", "no program\n", 0o755)
    bench.write("foreign", busybox[:18] + struct.pack("<H", 8) + busybox[20:], 0o755)
    bench.write("dynamic", dynamic_program, 0o755)
    await bench.build(f"FROM scratch\n{dockerfile}\n")
    state, log = await bench.run()
    assert (state.status, state.error) == ("exited", expected)
    assert expected in log
    assert state.exit_code in (1, 126, 127)


async def test_an_image_without_a_command_is_refused(bench: Bench) -> None:
    bench.write("a", "a")
    await bench.build("FROM scratch\nCOPY a /\n")
    with pytest.raises(ContainerError, match="No command specified"):
        await bench.start()


async def test_an_image_that_is_not_there_cannot_be_run(bench: Bench) -> None:
    bench.tag = "fromscratch/test:never"
    with pytest.raises(ImageNotFound):
        await bench.start("x")


@every_kind
async def test_exec_runs_inside_and_says_when_there_is_no_shell(shell_bench: Bench) -> None:
    engine = shell_bench.engine
    await shell_bench.build(SHELL + 'CMD ["sleep", "1000"]\n')
    container = await shell_bench.start()
    inside = await engine.runtime.exec(container.container_id, ("sh", "-c", "echo out; exit 3"))
    missing = await engine.runtime.exec(container.container_id, ("bash",))
    await engine.runtime.remove(container.container_id)
    assert (inside.exit_code, inside.output.strip(), inside.error) == (3, "out", "")
    assert missing.error == 'exec: "bash": executable file not found in $PATH'
    gone = await engine.runtime.exec(container.container_id, ("sh",))
    assert "not running" in gone.error


@in_user_namespace
async def test_exec_joins_the_container_and_not_a_copy(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL + 'USER 5\nCMD ["sleep", "1000"]\n')
    container = await shell_bench.start()
    run = shell_bench.engine.runtime.exec
    listing = await run(container.container_id, ("sh", "-c", "cat /proc/1/comm; hostname; id -u"))
    await shell_bench.engine.runtime.remove(container.container_id)
    assert listing.output.split() == ["sleep", container.container_id, "5"]


@every_kind
async def test_stop_sends_the_stop_signal_first(shell_bench: Bench) -> None:
    script = "trap 'echo bye; exit 5' USR1; echo ready; while true; do sleep 0.1; done"
    shell_bench.write("script", script)
    await shell_bench.build(SHELL + 'COPY script /\nSTOPSIGNAL SIGUSR1\nCMD ["sh", "/script"]\n')
    container = await shell_bench.start()
    runtime = shell_bench.engine.runtime
    await shell_bench.until(container, lambda: runtime.logs(container.container_id))
    state = await runtime.stop(container.container_id, grace_seconds=20)
    log = await runtime.logs(container.container_id)
    await runtime.remove(container.container_id)
    assert (state.status, state.exit_code) == ("exited", 5)
    assert log[-1] == "bye"


@in_user_namespace
async def test_stop_ends_what_does_not_listen(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL + 'CMD ["sleep", "1000"]\n')
    container = await shell_bench.start()
    state = await shell_bench.engine.runtime.stop(container.container_id, grace_seconds=0.01)
    assert (state.status, state.exit_code) == ("exited", 137)
    await shell_bench.engine.runtime.remove(container.container_id)


async def test_the_log_is_clean_and_its_tail_can_be_asked_for(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    container = await shell_bench.start("printf", r"one\n\033[31mtwo\033[0m\nth\377ree")
    await shell_bench.ended(container)
    runtime = shell_bench.engine.runtime
    assert await runtime.logs(container.container_id) == ("one", "two", "th\ufffdree")
    assert await runtime.logs(container.container_id, tail=1) == ("th\ufffdree",)
    await runtime.remove(container.container_id)


async def test_the_files_of_a_container_can_be_taken_out(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL + 'CMD ["sh", "-c", "echo made > /made; sleep 1000"]\n')
    container = await shell_bench.start()
    runtime = shell_bench.engine.runtime

    def content() -> bytes | None:
        with (
            runtime.open_export(container.container_id) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            for member in archive:
                if member.name == "made":
                    file = archive.extractfile(member)
                    return file.read() if file else None
        return None

    await shell_bench.until(container, lambda: asyncio.to_thread(lambda: content() == b"made\n"))
    await runtime.remove(container.container_id)


async def test_what_a_container_writes_never_reaches_the_image(shell_bench: Bench) -> None:
    await shell_bench.build(SHELL)
    await shell_bench.run("sh", "-c", "echo x > /etc/passwd; rm /bin/ls")
    _, log = await shell_bench.run("sh", "-c", "ls /etc; head -c 4 /etc/passwd")
    assert "passwd" in log
    assert log.endswith("root")


def test_every_isolation_has_its_word_on_what_is_weaker() -> None:
    assert set(WEAKER) == set(BETTER) == set(Isolation)
