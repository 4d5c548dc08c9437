from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
from pathlib import Path

import pytest

from tutor.core.identity import Identity, IdentityFault, find_identity, find_owner
from tutor.engine.embedded import process_table
from tutor.engine.embedded.busybox import is_static
from tutor.engine.embedded.host_programs import host_program_drafts
from tutor.engine.embedded.program import StartFault, find_program, foresee_exec_fault, inside
from tutor.engine.embedded.relay import Relay
from tutor.engine.embedded.toolchain import Toolchain, wanted_version

PASSWD = "root:x:0:0:root:/root:/bin/sh\n5:x:0:0::/:\napp:x:5:6:app:/home/app:/bin/sh\nbroken\n"
GROUP = "root:x:0:\nstaff:x:50:\n"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", Identity(0, 0, "/root")),
        ("app", Identity(5, 6, "/home/app")),
        ("5", Identity(5, 6, "/home/app")),
        ("65532", Identity(65532, 0, "/")),
        ("+0", Identity(0, 0, "/root")),
        ("broken", Identity(0, 0, "/")),
        ("65532:65532", Identity(65532, 65532, "/")),
        ("app:staff", Identity(5, 50, "/home/app")),
    ],
)
def test_a_user_is_found_in_the_images_own_files(spec: str, expected: Identity) -> None:
    assert find_identity(spec, PASSWD, GROUP) == expected


def test_an_unknown_user_or_group_is_told_in_dockers_words() -> None:
    with pytest.raises(IdentityFault, match="unable to find user nope: no matching entries in passwd file"):
        find_identity("nope", PASSWD, GROUP)
    with pytest.raises(IdentityFault, match="unable to find group nope: no matching entries in group file"):
        find_identity("app:nope", PASSWD, GROUP)
    with pytest.raises(IdentityFault, match="no such user: nope"):
        find_owner("nope", PASSWD, GROUP)


def test_an_owner_that_is_a_number_is_its_own_group() -> None:
    assert find_owner("7", "", "") == (7, 7)
    assert find_owner("7:8", "", "") == (7, 8)
    assert find_owner("app", PASSWD, GROUP) == (5, 6)
    assert find_owner("app:staff", PASSWD, GROUP) == (5, 50)


def test_a_path_never_leads_out_of_its_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "up").symlink_to("../../..")
    (root / "abs").symlink_to("/etc/x")
    (root / "loop").symlink_to("loop")
    assert inside(str(root), "/../../etc") == f"{root}/etc"
    assert inside(str(root), "/up/etc") == f"{root}/etc"
    assert inside(str(root), "abs") == f"{root}/etc/x"
    assert inside(str(root), "x", "/etc") == f"{root}/etc/x"
    assert inside(str(root), "/loop") is None
    assert inside("/", "/a/../b") == "/b"


def test_a_command_is_looked_for_in_the_path_of_the_image(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, mode in (("tool", 0o755), ("text", 0o644)):
        (tmp_path / "bin" / name).write_text("x")
        (tmp_path / "bin" / name).chmod(mode)
    root = str(tmp_path)
    assert find_program(["tool"], {"PATH": "/nope:/bin"}, root, "/") == "/bin/tool"
    assert find_program(["./tool"], {}, root, "/bin") == "./tool"
    for argv, env, code, text in (
        (["text"], {"PATH": "/bin"}, 127, 'exec: "text": executable file not found in $PATH'),
        (["tool"], {"PATH": "bin"}, 127, 'exec: "tool": executable file not found in $PATH'),
        (["/bin/text"], {}, 126, 'exec: "/bin/text": permission denied'),
        (["/bin"], {}, 126, 'exec: "/bin": is a directory'),
        (["/x"], {}, 127, 'exec: "/x": stat /x: no such file or directory'),
    ):
        with pytest.raises(StartFault) as caught:
            find_program(argv, env, root, "/")
        assert (str(caught.value), caught.value.exit_code) == (text, code)


def test_what_the_kernel_would_say_is_foreseen(tmp_path: Path) -> None:
    (tmp_path / "interpreter").write_text("x")
    for name, content in (("no-interpreter", b"#!/nope -x\n"), ("noise", b"hello")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "script").write_bytes(b"#!/interpreter\n")
    foresee_exec_fault("/script", str(tmp_path), "/")
    with pytest.raises(StartFault, match="exec /no-interpreter: no such file or directory"):
        foresee_exec_fault("/no-interpreter", str(tmp_path), "/")
    with pytest.raises(StartFault, match="exec /noise: exec format error"):
        foresee_exec_fault("/noise", str(tmp_path), "/")


def test_static_is_read_from_the_file_itself(tmp_path: Path) -> None:
    def elf(kind: int) -> bytes:
        head = (
            b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1)
        )
        return head.ljust(64, b"\0") + struct.pack("<I", kind).ljust(56, b"\0")

    for name, content, expected in (("s", elf(1), True), ("d", elf(3), False), ("t", b"text", False)):
        (tmp_path / name).write_bytes(content)
        assert is_static(tmp_path / name) is expected
    assert not is_static(tmp_path / "missing")


@pytest.mark.parametrize(
    ("reference", "serves"),
    [
        ("golang:1.21", True),
        ("golang:1.21-alpine", True),
        ("golang:1.21.13-bookworm", True),
        ("golang:1", True),
        ("golang:1.2", False),
        ("golang:1.21.1", False),
        ("golang:1.27-alpine", False),
        ("golang:latest", False),
        ("golang:alpine", False),
        ("mygolang:1.21", False),
        ("x/golang:1.21", False),
    ],
)
def test_a_toolchain_serves_the_tags_of_its_version(reference: str, serves: bool) -> None:
    assert Toolchain(Path("/nowhere"), "1.21.13").serves(reference) is serves


def test_the_version_in_a_tag_is_read() -> None:
    assert wanted_version("golang:1.27-alpine3.20") == ("1", "27")
    assert wanted_version("alpine:3.20") == ()


def test_the_programs_of_this_machine_bring_their_libraries_and_no_compiler() -> None:
    drafts = host_program_drafts({"PATH": "/usr/bin:/bin"})
    if drafts is None:
        pytest.skip("this machine has no shell with shared libraries, or no ldd")
    names = {draft.entry.path for draft in drafts}
    assert {"bin/sh", "bin/ls", "bin/cat"} <= names
    assert any("libc" in name for name in names)
    assert not {"bin/gcc", "bin/cc", "usr/bin/gcc", "bin/git"} & names


def test_processes_and_what_they_listen_on_are_read_from_proc() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        row = ("127.0.0.1", listener.getsockname()[1])
        assert row in process_table.listening_of([os.getpid()])
        assert row in [each[:2] for each in process_table.listening(os.getpid())]
    assert row not in process_table.listening_of([os.getpid()])
    assert process_table.listening_of([]) == []
    assert os.getpid() in process_table.descendants(os.getppid())
    assert process_table.start_time(os.getpid())
    assert process_table.start_time(2**30) == ""


class Echo:
    """A relay on a thread, with a server behind it that sends back what it gets."""

    def __init__(self, *, open_behind: bool = True, allowed: bool = True) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        target = self.server.getsockname()
        if not open_behind:
            self.server.close()
        listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.selector = selectors.DefaultSelector()
        self.relay = Relay(self.selector, listener, target, "", lambda: allowed)
        self.over, waker = socket.socketpair()
        self.waker = waker
        self.selector.register(self.over, selectors.EVENT_READ, None)
        self.sockets = [self.server, listener, self.over, waker]
        self.threads = [threading.Thread(target=self.turn)]
        if open_behind:
            self.threads.append(threading.Thread(target=self.echo))
        for thread in self.threads:
            thread.start()

    def turn(self) -> None:
        while True:
            for key, ready in self.selector.select():
                if key.data is None:
                    return
                key.data(ready)

    def echo(self) -> None:
        connection, _ = self.server.accept()
        with connection:
            data = b""
            while piece := connection.recv(65536):
                data += piece
            connection.sendall(data)

    def close(self) -> None:
        self.waker.send(b"x")
        for thread in self.threads:
            thread.join()
        self.selector.close()
        for each in self.sockets:
            each.close()


def test_the_relay_carries_both_ways_and_half_closes() -> None:
    echo = Echo()
    sent = os.urandom(2_000_000)
    with socket.create_connection(echo.address) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while piece := client.recv(65536):
            got += piece
    echo.close()
    assert got == sent


@pytest.mark.parametrize("options", [{"open_behind": False}, {"allowed": False}])
def test_the_relay_resets_when_nothing_can_be_reached(options: dict[str, bool]) -> None:
    echo = Echo(**({"open_behind": False} | options))
    with socket.create_connection(echo.address) as client, pytest.raises(ConnectionError):
        client.sendall(b"x")
        while client.recv(1):
            pass
    echo.close()
