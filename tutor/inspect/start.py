"""Which file an image starts."""

from __future__ import annotations

import posixpath

from tutor.core.image import FileKind, ImageConfig
from tutor.inspect.layer import LayerFile, clean_path
from tutor.inspect.overlay import resolve

# What Docker sets when an image says nothing: moby, oci/defaults.go and system/path_unix.go.
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDER_LIMIT = 64


def start_candidates(config: ImageConfig) -> tuple[str, ...]:
    """Paths the start command may mean, in the order they are tried. No slash at the front."""
    if not config.start_command or not config.start_command[0]:
        return ()
    name = config.start_command[0]
    working_dir = posixpath.join("/", config.working_dir)
    if "/" in name:
        return (clean_path(posixpath.join(working_dir, name)),)
    search = _DEFAULT_PATH
    for setting in config.env:
        key, _, value = setting.partition("=")
        if key == "PATH":
            search = value
    folders = search.split(":")[:_FOLDER_LIMIT]
    return tuple(clean_path(posixpath.join(working_dir, folder or ".", name)) for folder in folders)


def find_start(view: dict[str, LayerFile], config: ImageConfig) -> str | None:
    """The file that would be executed, links followed; None when the image does not hold it."""
    candidates = start_candidates(config)
    for candidate in candidates:
        found = resolve(view, candidate)
        if found is None or view[found].kind not in (FileKind.FILE, FileKind.HARDLINK):
            continue
        if len(candidates) == 1 or view[found].kind is FileKind.HARDLINK or view[found].mode & 0o111:
            return found
    return None
