"""A second engine that keeps its images in containerd's store, on a socket and in folders of its own.

``FROMSCRATCH_CONTAINERD_HOST`` names one that runs already. Else one is started where that can be done:
as root, with this machine's own dockerd when it is new enough, or with Debian 13's, unpacked in the
folder that ``FROMSCRATCH_NEWER_ENGINE`` names or fetched for this one use.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

HOST_VARIABLE = "FROMSCRATCH_CONTAINERD_HOST"
FOLDER_VARIABLE = "FROMSCRATCH_NEWER_ENGINE"
FIRST_GOOD_MAJOR = 24
"""Before it the store was an experiment of another name."""
_FETCH = Path(__file__).parents[3] / ".ci" / "fetch"


@contextmanager
def containerd_engine(missing: Callable[[str], NoReturn]) -> Iterator[str]:
    """The engine's address. One that was started here ends with the block, and nothing of it stays."""
    if given := os.environ.get(HOST_VARIABLE):
        yield given
        return
    if os.geteuid() != 0:
        missing(f"starting a second engine needs root: or set {HOST_VARIABLE}")
    for tool in ("unshare", "runc"):
        if shutil.which(tool) is None:
            missing(f"starting a second engine needs {tool}: or set {HOST_VARIABLE}")
    # Sockets have short names: pytest's folders can be too long for them.
    folder = Path(tempfile.mkdtemp(prefix="fromscratch-engine-"))
    try:
        with _running(folder, _search_path(folder, missing)) as host:
            yield host
    finally:
        shutil.rmtree(folder)


def _search_path(folder: Path, missing: Callable[[str], NoReturn]) -> str:
    """A PATH with a new enough dockerd. ``runc`` stays the machine's: a newer one wants a newer libc."""
    own = os.environ.get("PATH", "")
    if _major("dockerd") >= FIRST_GOOD_MAJOR:
        return own
    unpacked = os.environ.get(FOLDER_VARIABLE)
    if unpacked is None:
        if shutil.which("dpkg") is None or shutil.which("apt-get") is None:
            missing(f"no dockerd from {FIRST_GOOD_MAJOR} on, and this is no Debian: set {HOST_VARIABLE}")
        unpacked = str(folder / "fetched")
        done = subprocess.run(
            [str(_FETCH), unpacked, "docker.io", "containerd"], capture_output=True, text=True, timeout=500
        )
        if done.returncode:
            missing(f"Debian 13's engine cannot be fetched: {done.stderr.strip()[-200:]}")
    return f"{unpacked}/usr/sbin:{unpacked}/usr/bin:{own}"


def _major(dockerd: str) -> int:
    if shutil.which(dockerd) is None:
        return 0
    told = subprocess.run([dockerd, "--version"], capture_output=True, text=True, timeout=60).stdout
    found = re.search(r"version (\d+)\.", told)
    return int(found[1]) if found else 0


@contextmanager
def _running(folder: Path, search_path: str) -> Iterator[str]:
    host = f"unix://{folder}/docker.sock"
    settings = folder / "daemon.json"
    settings.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
    # In a network of its own: with no bridge it would take away the other engine's.
    command = [
        *("unshare", "--net", "dockerd", "--config-file", str(settings), "--host", host),
        *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
        *("--pidfile", str(folder / "pid"), "--bridge=none", "--iptables=false", "--ip6tables=false"),
    ]
    environ: Mapping[str, str] = os.environ | {"PATH": search_path}
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=environ, stdout=written, stderr=written)
    try:
        _wait(process, log)
        yield host
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it says that it listens. That it ends instead is told as a failure."""
    with log.open(encoding="utf-8", errors="replace") as file:
        told = file.read()
        while "API listen on" not in told:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
                raise AssertionError(f"the second engine did not start: {(told + file.read())[-2_000:]}")
            told += file.read()
