"""A Docker engine of its own for submissions that nobody trusts, on a disk of limited size.

Its data lies in one file that is mounted as a disk: whatever is written there, the machine's own disk
cannot fill up. Its containers, those of builds too, share one control group that bounds processes and
memory. It lives in a network namespace without any network. When it ends, nothing of it is left.
Linux and root only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tutor.core.errors import EngineUnavailable

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PROGRAMS = ("dockerd", "docker", "mkfs.ext4", "mount", "umount", "unshare")
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class ThrowawayLimits:
    """What everything on the engine may use together."""

    disk_bytes: int = 12 * 1000**3
    processes: int = 2000
    memory_bytes: int = 4 * 1000**3


@contextmanager
def throwaway_engine(
    limits: ThrowawayLimits, images: Sequence[str], source: str, place: Path | None = None
) -> Iterator[str]:
    """Start it with copies of these images of another engine; yields its DOCKER_HOST.

    Args:
        limits: For all of it together.
        images: References to copy; those that the source has not are left out.
        source: The DOCKER_HOST to copy them from; empty for the usual one.
        place: Where its disk lies; default: the system's folder for temporary files.

    Raises:
        EngineUnavailable: this machine cannot run one, or it did not start.
    """
    _require()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fromscratch-", dir=place)))
        data = stack.enter_context(_disk(folder, limits.disk_bytes))
        group = f"fromscratch-{folder.name.rpartition('-')[2]}"
        stack.enter_context(_control_group(group, limits))
        host = stack.enter_context(_daemon(folder, data, group))
        for image in images:
            _copy_image(image, source, host)
        yield host


def _require() -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise EngineUnavailable(
            "A throwaway engine needs Linux and root.",
            next_step="Run it with sudo, or leave --throwaway out.",
        )
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise EngineUnavailable(
            f"A throwaway engine needs {', '.join(missing)}.",
            next_step="apt-get install docker.io e2fsprogs util-linux",
        )


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise EngineUnavailable(f"A throwaway engine cannot be made: {words[0]}: {said}")


@contextmanager
def _disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    image, data = folder / "disk", folder / "data"
    with image.open("wb") as file:
        file.truncate(size_bytes)
    _run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", str(image))
    data.mkdir()
    _run("mount", "-o", "loop", str(image), str(data))
    try:
        yield data
    finally:
        # A daemon that was killed may hold it a moment longer; then it goes once it is let go.
        if subprocess.run(["umount", str(data)], capture_output=True, check=False).returncode != 0:
            subprocess.run(["umount", "--lazy", str(data)], capture_output=True, check=False)


@contextmanager
def _control_group(name: str, limits: ThrowawayLimits) -> Iterator[None]:
    if (_GROUPS / "cgroup.controllers").exists():
        settings = [
            (_GROUPS / name, "pids.max", limits.processes),
            (_GROUPS / name, "memory.max", limits.memory_bytes),
        ]
    else:
        settings = [
            (_GROUPS / "pids" / name, "pids.max", limits.processes),
            (_GROUPS / "memory" / name, "memory.limit_in_bytes", limits.memory_bytes),
        ]
    try:
        for folder, file, value in settings:
            folder.mkdir(exist_ok=True)
            (folder / file).write_text(str(value))
        yield
    except OSError as error:
        raise EngineUnavailable(f"A throwaway engine cannot be limited here: {error}") from error
    finally:
        # Containers had groups below; the engine removes them, and a dead one leaves them empty.
        for root in (_GROUPS, *(path for path in _GROUPS.iterdir() if path.is_dir())):
            _remove_group(root / name)


def _remove_group(folder: Path) -> None:
    if not folder.is_dir():
        return
    for parent, names, _files in os.walk(folder, topdown=False):
        for name in names:
            with contextlib.suppress(OSError):
                (Path(parent) / name).rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextmanager
def _daemon(folder: Path, data: Path, group: str) -> Iterator[str]:
    socket = folder / "docker.sock"
    words = [
        "unshare", "--net", "dockerd", "--host", f"unix://{socket}", "--data-root", str(data),
        "--exec-root", str(folder / "run"), "--pidfile", str(folder / "pid"), "--bridge", "none",
        "--iptables=false", "--ip6tables=false", "--cgroup-parent", f"/{group}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(process, socket, folder / "log")
        yield f"unix://{socket}"
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        done = subprocess.run(
            ["docker", "--host", f"unix://{socket}", "version"], capture_output=True, check=False
        )
        if done.returncode == 0:
            return
        time.sleep(0.2)
    said = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
    raise EngineUnavailable(f"The throwaway engine did not start. {' '.join(said)}".strip())


def _copy_image(image: str, source: str, host: str) -> None:
    give = ["docker", *(("--host", source) if source else ()), "save", image]
    with subprocess.Popen(give, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as giving:
        subprocess.run(
            ["docker", "--host", host, "load"], stdin=giving.stdout, capture_output=True, check=False
        )


def base_images(source: str) -> tuple[str, ...]:
    """Images of an engine that submissions may stand on: by their names, those that courses use."""
    words = [
        "docker",
        *(("--host", source) if source else ()),
        "images",
        "--format",
        "{{.Repository}}:{{.Tag}}",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    known = ("golang:", "alpine:", "busybox:", "debian:", "gcr.io/distroless/")
    return tuple(name for name in done.stdout.split() if name.startswith(known) and "<none>" not in name)
