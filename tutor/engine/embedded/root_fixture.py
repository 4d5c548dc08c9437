"""What Docker puts into a running root beside the image: /proc, /dev, /etc/hosts and the like."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tutor.engine.embedded.launcher import Isolation, Mount
from tutor.engine.embedded.namespace import CONTAINER_ADDRESS
from tutor.engine.embedded.program import inside

_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the places are made for."""

    isolation: Isolation
    work: Path
    """Folder, outside the root, for files that are laid over places in it."""
    hostname: str
    shares_network: bool
    owner_may_write: bool
    """False for another user than root where one user id stands for both."""


class RootFixture:
    """Places in a root for what is laid over it. Blocking.

    Where nothing can be mounted, files and device nodes are put there for the time of the run.
    """

    def __init__(self, root: Path, around: Surroundings) -> None:
        self._root = root
        self._around = around
        self._isolation = around.isolation
        self._made: list[Path] = []
        address = "127.0.1.1" if around.shares_network else CONTAINER_ADDRESS
        self._texts = {
            "hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{address}\t{around.hostname}\n",
            "hostname": f"{around.hostname}\n",
            "resolv.conf": _resolver() if around.shares_network else "",
        }
        self._folder_mode = 0o755 if around.owner_may_write else 0o555
        self._file_mode = 0o644 if around.owner_may_write else 0o444

    def lay(self) -> tuple[Mount, ...]:
        """Make the places; what is to be laid over them."""
        mounts: list[Mount] = []
        if self._isolation is Isolation.USER_NAMESPACE:
            mounts += [self._folder_mount("proc"), self._folder_mount("dev")]
            self._folder("/sys")
        elif self._isolation is Isolation.PROOT:
            mounts.append(self._folder_mount("proc"))
            self._folder("/dev")
            for name in _DEVICES:
                mounts.append(Mount("bind", f"/dev/{name}", self._file(f"/dev/{name}")))
            mounts.append(Mount("bind", "/dev/fd", self._folder("/dev/fd"), Path("/proc/self/fd")))
        else:
            self._folder("/dev")
            for name, numbers in _DEVICES.items():
                self._node(f"/dev/{name}", numbers)
        self._folder("/etc")
        for name, text in self._texts.items():
            place = self._file(f"/etc/{name}", text if self._isolation is Isolation.CHROOT else "")
            if self._isolation is not Isolation.CHROOT:
                origin = self._around.work / f"{self._around.hostname}-{name}"
                origin.unlink(missing_ok=True)
                origin.write_text(text, "utf-8")
                origin.chmod(self._file_mode)
                mounts.append(Mount("bind", f"/etc/{name}", place, origin))
        return tuple(mounts)

    def lift(self) -> None:
        """Take away the places that were made and that nothing was put into since."""
        texts = {text.encode() for text in self._texts.values()} | {b""}
        for place in reversed(self._made):
            with contextlib.suppress(OSError), _open(place.parent):
                mode = place.lstat().st_mode
                if stat.S_ISDIR(mode):
                    place.rmdir()
                elif not stat.S_ISREG(mode) or place.read_bytes() in texts:
                    place.unlink()
        self._made.clear()

    def working_dir(self, path: str) -> None:
        """Make the working directory, with all above it, if it is not there."""
        place = self._place(path)
        missing = [each for each in (*reversed(place.parents), place) if not each.exists()]
        for each in missing:
            self._make_folder(each)

    def _folder_mount(self, kind: str) -> Mount:
        return Mount(
            kind if self._isolation is Isolation.USER_NAMESPACE else "bind",
            f"/{kind}",
            self._folder(f"/{kind}"),
        )

    def _place(self, path: str) -> Path:
        return Path(inside(str(self._root), path) or f"{self._root}{path}")

    def _folder(self, path: str) -> Path:
        place = self._place(path)
        if not place.exists():
            self._make_folder(place)
            self._made.append(place)
        return place

    def _make_folder(self, place: Path) -> None:
        with _open(place.parent):
            place.mkdir()
            place.chmod(self._folder_mode)

    def _file(self, path: str, text: str = "") -> Path:
        place = self._place(path)
        if not place.exists():
            with _open(place.parent):
                place.write_text(text, "utf-8")
                place.chmod(self._file_mode)
            self._made.append(place)
        return place

    def _node(self, path: str, numbers: tuple[int, int]) -> None:
        place = self._place(path)
        if not place.exists():
            os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(*numbers))
            place.chmod(0o666)
            self._made.append(place)


@contextlib.contextmanager
def fixture(root: Path, around: Surroundings) -> Iterator[tuple[Mount, ...]]:
    """The places for the length of a block."""
    places = RootFixture(root, around)
    try:
        yield places.lay()
    finally:
        places.lift()


@contextlib.contextmanager
def _open(folder: Path) -> Iterator[None]:
    """A folder that may be written to for the length of a block."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o300 == 0o300:
        yield
        return
    folder.chmod(mode | 0o300)
    try:
        yield
    finally:
        folder.chmod(mode)


def _resolver() -> str:
    try:
        return Path("/etc/resolv.conf").read_text("utf-8", errors="replace")
    except OSError:
        return ""
