"""A dockerd that a test starts, and stops in the middle of things."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker

START_SECONDS = 60.0
STOP_SECONDS = 40.0


class Daemon:
    """One engine without a network, in a folder of its own. Linux and root only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        words = [
            "unshare", "--net", "dockerd", "--host", self.host, "--data-root", str(folder / "data"),
            "--exec-root", str(folder / "run"), "--pidfile", str(folder / "pid"),
            "--iptables=false", "--ip6tables=false",
        ]  # fmt: skip
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
        self._wait_for_an_answer()

    def _wait_for_an_answer(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            done = subprocess.run(["docker", "--host", self.host, "version"], capture_output=True)
            if done.returncode == 0:
                return
            time.sleep(0.1)  # it answers when it does, and tells nobody
        self.stop()
        raise AssertionError(f"dockerd did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def load(self, archive: bytes, name: str) -> None:
        """Give it an image made of one archive."""
        client = docker.DockerClient(base_url=self.host, timeout=60)
        try:
            repository, _, tag = name.rpartition(":")
            assert "error" not in client.api.import_image_from_data(archive, repository=repository, tag=tag)
        finally:
            client.close()

    def stop(self) -> None:
        """As ``systemctl stop docker`` does; what still stands after that is killed."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            # One that was killed leaves its data mounted on itself.
            subprocess.run(["umount", "--lazy", str(self.folder / "data")], capture_output=True)


@contextmanager
def daemon() -> Iterator[Daemon]:
    """Started, and gone at the end. Its folder's name is short: a socket's path has a limit."""
    with tempfile.TemporaryDirectory(prefix="fst-") as folder:
        started = Daemon(Path(folder))
        try:
            yield started
        finally:
            started.stop()
