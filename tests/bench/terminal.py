"""A program in a terminal of its own, timed by what it draws."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_CONTROL = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b.")
PATIENCE_SECONDS = 60.0


class Terminal:
    """A child process on a pseudo-terminal. What it drew so far is kept, free of control sequences."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = (36, 120)
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environ), start_new_session=True
        )
        os.close(slave)
        self._raw = b""
        self._is_open = True

    @property
    def drawn(self) -> str:
        """All text drawn so far, in the order it came."""
        return _CONTROL.sub(b"", self._raw).decode("utf-8", "replace")

    def forget(self) -> None:
        """Begin to look anew."""
        self._raw = b""

    def send(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def wait_for(self, *words: str) -> float:
        """Seconds from the start until all words were drawn.

        Raises:
            TimeoutError: they were not, with what was drawn instead.
        """
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            if select.select([self._master], [], [], 0.5)[0]:
                try:
                    self._raw += os.read(self._master, 1 << 16)
                except OSError as error:
                    raise TimeoutError(f"ended before it drew {words}: {self.drawn[-2000:]}") from error
                text = self.drawn
                if all(word in text for word in words):
                    return time.perf_counter() - self.began
        raise TimeoutError(
            f"never drew {[word for word in words if word not in self.drawn]}: {self.drawn[-2000:]}"
        )

    def read_for(self, seconds: float) -> None:
        """Let it run, taking what it draws."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            if select.select([self._master], [], [], left)[0]:
                self._raw = (self._raw + os.read(self._master, 1 << 16))[-(1 << 20) :]

    def read_until_the_end(self, patience_seconds: float) -> None:
        """Take what it draws until it ends by itself.

        Raises:
            TimeoutError: it goes on for longer; or it ended with an error.
        """
        deadline = time.perf_counter() + patience_seconds
        while time.perf_counter() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):  # the other end is closed when it ends
                self.read_for(0.2)
        if self.process.poll() != 0:
            raise TimeoutError(f"exit code {self.process.poll()}: {self.drawn[-4000:]}")

    def processor_seconds(self) -> float:
        """User and system time of the child so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self) -> float:
        """Resident memory of the child, in MB of 10^6 bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def breathe(self) -> None:
        """Take what it draws for a moment, so that it need not wait for us."""
        with contextlib.suppress(OSError):
            if self._is_open:
                self.read_for(0.1)
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.1)

    def hang_up(self) -> None:
        """Take the terminal away, as closing its window does."""
        if self._is_open:
            os.close(self._master)
            self._is_open = False

    def close(self) -> None:
        """End the child and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()


@contextlib.contextmanager
def terminal(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal that is closed at the end."""
    opened = Terminal(command, environ)
    try:
        yield opened
    finally:
        opened.close()
