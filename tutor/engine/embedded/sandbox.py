"""The sandbox: a small process that isolates one command, watches it and relays its port.

It reads one job as a line of JSON from standard input, and then lines that say which signal to pass
on. When standard input ends, which is what happens when the tutor dies in any way, it kills the
command with everything below it. What happens is written as lines of JSON to the descriptor whose
number is its only argument. The command's output goes to standard output.

Standard library only, and run in a process of its own: nothing here may happen inside the tutor.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from typing import Any

from tutor.engine.embedded import namespace, process_table
from tutor.engine.embedded.confinement import confine_and_start
from tutor.engine.embedded.program import StartFault
from tutor.engine.embedded.relay import Relay

Job = dict[str, Any]


def main() -> None:
    """Run one job to its end."""
    status = int(sys.argv[1])
    os.set_inheritable(status, False)
    job, rest = _read_job()
    try:
        _Sandbox(job, status, rest).run()
    except StartFault as fault:
        _tell(status, fault=str(fault), exit_code=fault.exit_code)
    except OSError as error:
        _tell(status, broken=str(error))


def _read_job() -> tuple[Job, bytes]:
    data = b""
    while b"\n" not in data:
        piece = os.read(0, 65536)
        if not piece:
            sys.exit(0)
        data += piece
    line, _, rest = data.partition(b"\n")
    return json.loads(line), rest


def _tell(status: int, **message: object) -> None:
    # Nobody may be left to listen.
    with contextlib.suppress(OSError):
        os.write(status, json.dumps(message).encode() + b"\n")


class _Sandbox:
    def __init__(self, job: Job, status: int, control: bytes) -> None:
        self._job = job
        self._status = status
        self._control = control
        self._child = 0
        self._selector = selectors.DefaultSelector()
        self._exit_code: int | None = None
        self._private_processes = job["isolation"] == "user-namespace"

    def run(self) -> None:
        """Start, watch, tidy up."""
        wake, waker = socket.socketpair()
        for each in (wake, waker):
            each.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: self._kill())
        namespace.adopt_orphans()
        listener = self._listen()
        self._isolate()
        self._child = self._fork()
        try:
            port = self._relay(listener) if listener else None
            _tell(self._status, started=self._child, port=port)
            self._selector.register(wake, selectors.EVENT_READ, lambda _: _drain(wake))
            self._selector.register(0, selectors.EVENT_READ, lambda _: self._obey())
            self._act_on(b"")
            self._reap()
            while self._exit_code is None:
                for key, ready in self._selector.select():
                    key.data(ready)
                self._reap()
        finally:
            self._kill()
        _tell(self._status, exited=self._exit_code)

    def _listen(self) -> socket.socket | None:
        if self._job.get("port") is None:
            return None
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        return listener

    def _isolate(self) -> None:
        job = self._job
        if job["isolation"] != "user-namespace":
            return
        outside = (os.geteuid(), os.getegid())
        if "join" in job:
            folder = f"/proc/{job['join']}/ns"
            names = ("user", "ipc", "uts", "net", "pid", "mnt")
            opened = [os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in names]
            for descriptor in opened:
                namespace.join_namespace(descriptor)
                os.close(descriptor)
            return
        if outside[0] == 0:
            os.setgroups([])
        network = namespace.CLONE_NEWNET if job["private_network"] else 0
        namespace.unshare(
            namespace.CLONE_NEWUSER
            | namespace.CLONE_NEWNS
            | namespace.CLONE_NEWPID
            | namespace.CLONE_NEWIPC
            | namespace.CLONE_NEWUTS
            | network
        )
        namespace.map_identity(job["uid"], job["gid"], *outside)
        socket.sethostname(job["hostname"])
        if network:
            namespace.configure_network()

    def _fork(self) -> int:
        told, telling = os.pipe()
        child = os.fork()
        if child == 0:
            _become(self._job, telling)
        os.close(telling)
        with os.fdopen(told, "rb") as reader:
            message = reader.read()
        if not message:
            return child
        os.waitpid(child, 0)
        fault = json.loads(message)
        if fault["exit_code"] is None:
            raise OSError(fault["text"])
        raise StartFault(fault["text"], fault["exit_code"])

    def _relay(self, listener: socket.socket) -> int:
        port: int = listener.getsockname()[1]
        inside: int = self._job["port"]
        if self._private_processes:
            target = (namespace.CONTAINER_ADDRESS, inside)
            Relay(self._selector, listener, target, namespace.GATEWAY_ADDRESS)
        else:
            Relay(self._selector, listener, ("127.0.0.1", inside), "", lambda: self._is_open(inside))
        return port

    def _is_open(self, port: int) -> bool:
        """With this machine's network: does a process of ours listen there, and not on loopback only?"""
        ours = process_table.descendants(os.getpid())
        return any(
            number == port and not address.startswith("127.") and address != "::1"
            for address, number in process_table.listening_of(ours)
        )

    def _obey(self) -> None:
        data = os.read(0, 65536)
        if data:
            self._act_on(data)
        else:
            self._selector.unregister(0)
            self._kill()

    def _act_on(self, data: bytes) -> None:
        *lines, self._control = (self._control + data).split(b"\n")
        for line in lines:
            number = json.loads(line)["signal"]
            if number == signal.SIGKILL:
                self._kill()
            else:
                for pid in self._signalled():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)

    def _signalled(self) -> list[int]:
        if self._job["isolation"] == "proot":
            # The command is the first child of proot, which itself ignores what it is sent.
            return process_table.descendants(self._child)[:1]
        return [self._child]

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                code = os.waitstatus_to_exitcode(status)
                self._exit_code = 128 - code if code < 0 else code

    def _kill(self) -> None:
        """End the command and everything below it."""
        if self._private_processes and self._exit_code is None:
            # It is process 1 of its own process namespace: the kernel ends all the others with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)
                self._exit_code = 137
            return
        while below := [pid for pid in process_table.descendants(os.getpid()) if pid > 0]:
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                pid, _ = os.waitpid(-1, 0)
                if pid == self._child and self._exit_code is None:
                    self._exit_code = 137


def _drain(wake: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        wake.recv(4096)


def _become(job: Job, telling: int) -> None:
    """In the child: turn into the command, or say why not. Never returns."""
    text, exit_code = "", None
    try:
        confine_and_start(job)
    except StartFault as fault:
        text, exit_code = str(fault), fault.exit_code
    except BaseException as error:  # noqa: BLE001 - the parent must be told whatever happened
        text = f"{type(error).__name__}: {error}"
    os.write(telling, json.dumps({"text": text, "exit_code": exit_code}).encode())
    os._exit(127)


if __name__ == "__main__":
    main()
