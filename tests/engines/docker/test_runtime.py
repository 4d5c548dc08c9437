import asyncio
import io
import tarfile

import docker
import pytest

from tests.engines.docker.laboratory import Laboratory
from tests.patience import until
from tutor.core.errors import ContainerError, ImageNotFound
from tutor.core.image import Container, Listener
from tutor.core.ports import RunRequest
from tutor.engine.docker.engine import BuilderChoice

pytestmark = pytest.mark.docker

SERVER = ("/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/")


@pytest.fixture
def choice() -> BuilderChoice:
    # How an image was built makes no difference to how it runs.
    return "classic"


async def start(laboratory: Laboratory, *command: str, port: int = 8080, image: str = "") -> Container:
    return await laboratory.engine.runtime.start(
        RunRequest("run", image or laboratory.base, port, command=command, lesson="test")
    )


async def has_ended(laboratory: Laboratory, container: Container) -> bool:
    return not (await laboratory.engine.runtime.state(container.container_id)).is_running


async def until_ended(laboratory: Laboratory, container: Container) -> None:
    await until(lambda: has_ended(laboratory, container))


async def until_listening(laboratory: Laboratory, container: Container) -> tuple[Listener, ...]:
    while not (found := await laboratory.engine.runtime.listeners(container.container_id)):
        assert (await laboratory.engine.runtime.state(container.container_id)).is_running
        await asyncio.sleep(0.02)
    return found


async def test_a_server_answers_on_the_port_that_the_engine_chose(laboratory: Laboratory) -> None:
    container = await start(laboratory, *SERVER)
    assert (container.host, container.port) == ("127.0.0.1", 8080)
    assert container.host_port
    await until_listening(laboratory, container)
    exchange = await laboratory.engine.probe.request(container, "/nothing-there")
    assert exchange.status == 404
    assert exchange.url == f"http://127.0.0.1:{container.host_port}/nothing-there"
    assert container.command.startswith(f"docker run --rm -p 127.0.0.1:{container.host_port}:8080")


async def test_the_listening_sockets_tell_address_and_port(laboratory: Laboratory) -> None:
    container = await start(laboratory, "/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:9999", "-h", "/")
    found = await until_listening(laboratory, container)
    assert found == (Listener("127.0.0.1", 9999),)
    assert found[0].is_loopback


async def test_a_server_on_another_port_is_a_closed_connection(laboratory: Laboratory) -> None:
    container = await start(laboratory, *SERVER, port=9090)
    await until_listening(laboratory, container)
    exchange = await laboratory.engine.probe.request(container, "/")
    assert exchange.status is None
    assert "connection" in exchange.error


async def test_a_container_runs_with_its_limits(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sleep", "300")
    client = docker.from_env()
    try:
        found = client.api.inspect_container(container.container_id)
    finally:
        client.close()
    limits = found["HostConfig"]
    assert limits["Memory"] == 256 * 1024 * 1024
    assert limits["PidsLimit"] == 128
    assert limits["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in limits["SecurityOpt"]
    assert limits["LogConfig"]["Config"]["max-size"]
    assert limits["PortBindings"]["8080/tcp"][0]["HostIp"] == "127.0.0.1"
    assert found["Name"].startswith("/fromscratch-")
    assert found["Config"]["Labels"]["fromscratch.owner"] == "1"


async def test_a_container_that_is_removed_is_gone(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sleep", "300")
    assert (await laboratory.engine.runtime.state(container.container_id)).is_running
    await laboratory.engine.runtime.remove(container.container_id)
    assert (await laboratory.engine.runtime.state(container.container_id)).status == "gone"
    await laboratory.engine.runtime.remove(container.container_id)
    assert await laboratory.engine.runtime.logs(container.container_id) == ()


async def test_a_container_that_is_not_ours_is_not_removed(laboratory: Laboratory) -> None:
    client = docker.from_env()
    other = client.containers.run(laboratory.base, ["sleep", "300"], detach=True, name="learners-own")
    try:
        await laboratory.engine.runtime.remove(str(other.id))
        await laboratory.engine.clean()
        other.reload()
        assert other.status == "running"
    finally:
        other.remove(force=True)
        client.close()


async def test_the_log_is_clean_and_its_tail_is_kept(laboratory: Laboratory) -> None:
    script = r"echo first; echo -e '\033[31mred\033[0m [bold]'; echo -e '\0377'; echo last"
    container = await start(laboratory, "sh", "-c", script)
    await until_ended(laboratory, container)
    assert await laboratory.engine.runtime.logs(container.container_id) == (
        "first",
        "red [bold]",
        "\ufffd",
        "last",
    )
    assert await laboratory.engine.runtime.logs(container.container_id, tail=1) == ("last",)


async def test_a_process_that_ends_is_told_with_its_code(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sh", "-c", "exit 7")
    await until_ended(laboratory, container)
    state = await laboratory.engine.runtime.state(container.container_id)
    assert (state.status, state.exit_code, state.error) == ("exited", 7, "")


async def test_too_much_memory_is_told(laboratory: Laboratory) -> None:
    container = await laboratory.engine.runtime.start(
        RunRequest(
            "run",
            laboratory.base,
            8080,
            command=("sh", "-c", "x=a; while :; do x=$x$x$x; done"),
            memory_bytes=16 * 1024 * 1024,
        )
    )
    await until_ended(laboratory, container)
    state = await laboratory.engine.runtime.state(container.container_id)
    assert state.out_of_memory
    assert state.exit_code == 137


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nothing",), "no such file or directory"),
        (("nothing",), "executable file not found in $PATH"),
        (("/tmp",), "permission denied"),
    ],
)
async def test_a_program_that_cannot_start_is_a_state_with_the_engines_own_text(
    laboratory: Laboratory, command: tuple[str, ...], said: str
) -> None:
    container = await start(laboratory, *command)
    await until_ended(laboratory, container)
    state = await laboratory.engine.runtime.state(container.container_id)
    assert state.status == "exited"
    assert said in state.error
    assert container.host_port is None


async def test_a_binary_of_another_machine_is_told(laboratory: Laboratory) -> None:
    laboratory.write('FROM BASE\nCOPY app /app\nRUN ["/bin/busybox", "chmod", "755", "/app"]\nCMD ["/app"]\n')
    (laboratory.context / "app").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 60)
    await laboratory.build()
    container = await start(laboratory, image=laboratory.tag)
    await until_ended(laboratory, container)
    state = await laboratory.engine.runtime.state(container.container_id)
    assert "exec format error" in state.error


async def test_the_shell_form_without_a_shell_is_told(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY Dockerfile /\nCMD /app\n")
    await laboratory.build()
    container = await start(laboratory, image=laboratory.tag)
    state = await laboratory.engine.runtime.state(container.container_id)
    assert '"/bin/sh"' in state.error
    assert "no such file" in state.error


async def test_an_image_without_a_command_is_refused(laboratory: Laboratory) -> None:
    laboratory.write("FROM scratch\nCOPY Dockerfile /\n")
    await laboratory.build()
    with pytest.raises(ContainerError) as raised:
        await start(laboratory, image=laboratory.tag)
    assert "CMD" in raised.value.next_step


async def test_an_image_that_is_gone_is_told(laboratory: Laboratory) -> None:
    with pytest.raises(ImageNotFound):
        await start(laboratory, image="fromscratch-test/not-there:1")


async def test_a_command_runs_inside(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sleep", "300")
    result = await laboratory.engine.runtime.exec(container.container_id, ("sh", "-c", "echo hi; exit 3"))
    assert (result.exit_code, result.output, result.error) == (3, "hi\n", "")
    missing = await laboratory.engine.runtime.exec(container.container_id, ("bash",))
    assert missing.exit_code in (126, 127)
    assert "executable file not found" in missing.error
    assert missing.output == ""


async def test_endless_output_of_a_command_is_cut(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sleep", "300")
    result = await laboratory.engine.runtime.exec(container.container_id, ("yes",))
    assert 0 < len(result.output) <= 256 * 1024


async def test_a_container_is_asked_to_end_before_it_is_made_to(laboratory: Laboratory) -> None:
    polite = await start(laboratory, "sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 1; done")
    await until(lambda: laboratory.engine.runtime.logs(polite.container_id))
    assert (await laboratory.engine.runtime.stop(polite.container_id)).exit_code == 5
    deaf = await start(laboratory, "sleep", "300")
    assert (await laboratory.engine.runtime.stop(deaf.container_id, grace_seconds=1)).exit_code == 137


async def test_what_a_running_container_holds_can_be_read(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sh", "-c", "echo made > /tmp/made; sleep 300")
    while (
        "made"
        not in (await laboratory.engine.runtime.exec(container.container_id, ("cat", "/tmp/made"))).output
    ):
        pass

    def names() -> list[str]:
        with laboratory.engine.runtime.open_export(container.container_id) as stream:
            return tarfile.open(fileobj=io.BytesIO(stream.read())).getnames()

    found = await asyncio.to_thread(names)
    assert "tmp/made" in found
    assert ".dockerenv" in found


async def test_closing_the_engine_removes_what_still_runs(laboratory: Laboratory) -> None:
    container = await start(laboratory, "sleep", "300")
    await laboratory.engine.runtime.remove_all()
    assert (await laboratory.engine.runtime.state(container.container_id)).status == "gone"


async def test_a_start_that_is_cancelled_leaves_no_container(laboratory: Laboratory) -> None:
    client = docker.from_env()

    def ours() -> set[str]:
        return {row["Id"] for row in client.api.containers(all=True, filters={"name": "fromscratch-"})}

    try:
        before = ours()
        task = asyncio.create_task(start(laboratory, "sleep", "300"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ours() <= before
    finally:
        client.close()


async def test_a_read_only_container_run_as_another_user(laboratory: Laboratory) -> None:
    container = await laboratory.engine.runtime.start(
        RunRequest(
            "run",
            laboratory.base,
            8080,
            command=("sh", "-c", "exec 2>&1; echo x > /tmp/x; /bin/busybox id -u; echo $WORD"),
            read_only=True,
            user="65532:65532",
            env={"WORD": "there"},
        )
    )
    await until_ended(laboratory, container)
    log = await laboratory.engine.runtime.logs(container.container_id)
    assert "Read-only file system" in log[0]
    assert log[1:] == ("65532", "there")
    assert "--read-only --user 65532:65532 -e WORD=there" in container.command
