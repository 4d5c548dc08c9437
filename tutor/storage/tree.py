"""Folders of small files: listed, copied, hashed, and never left by a link or a path."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from tutor.core.errors import StorageError

HASH_LIMIT_BYTES = 64 * 1024 * 1024
"""Beyond this many bytes of one folder, files count by name, size and time instead of content."""

_EDITORS_OWN_FOLDERS = {".git", ".idea", ".vscode", "__pycache__"}
_EDITORS_OWN_ENDINGS = ("~", ".swp", ".swo", ".swx", ".tmp", ".DS_Store")
# Vim tries whether it may write here by making a file of this name.
_EDITORS_OWN_NAMES = {"4913"}


def names_below(folder: Path) -> tuple[str, ...]:
    """Everything below a folder that is no folder itself, as sorted paths with ``/``. Links are not followed.

    Raises:
        OSError: the folder cannot be read.
    """
    return tuple(sorted(_walk(folder, "")))


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name


def is_editors_own(name: str) -> bool:
    """True for what editors and version control leave beside the learner's files."""
    *folders, last = name.split("/")
    return (
        not _EDITORS_OWN_FOLDERS.isdisjoint(folders)
        or last in _EDITORS_OWN_NAMES
        or last.endswith(_EDITORS_OWN_ENDINGS)
        or last.startswith(".#")
    )


def inside(folder: Path, name: str) -> Path:
    """The real path of ``name`` in ``folder``, links followed.

    Raises:
        StorageError: the path or a link in it leaves the folder.
    """
    parts = Path(name).parts
    if not parts or "\0" in name or Path(name).is_absolute() or ".." in parts:
        raise StorageError(
            f"{name!r} does not name a file inside the workspace.",
            where=str(folder),
            next_step="Use a path relative to the workspace, without `..`.",
        )
    # Unlike Path.resolve, this leaves links in a circle to whoever opens the path.
    root = Path(os.path.realpath(folder))
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(root) or path == root:
        raise StorageError(
            f"{name} is a link that leads out of the workspace.",
            where=str(folder / name),
            next_step="Replace the link by a file of your own.",
        )
    return path


def copy_tree(source: Path, target: Path) -> tuple[str, ...]:
    """Copy all files of ``source`` over ``target``; returns their names. Links stay links.

    Raises:
        StorageError: a link leads out of ``source``, or is no file at all.
        OSError: something cannot be read or written.
    """
    names = names_below(source)
    for name in names:
        copy_file(source, name, target)
    return names


def copy_file(source: Path, name: str, target: Path, *, any_link: bool = False) -> None:
    """Copy one name of ``source`` to the same name below ``target``, permissions kept, always writable.

    ``any_link`` takes links that lead out of ``source`` too, as they are: a learner's own.

    Raises:
        StorageError, OSError: as :func:`copy_tree`.
    """
    origin, copy = source / name, target / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    mode = origin.lstat().st_mode
    fresh = copy.with_name(f".{copy.name[:100]}.{os.getpid()}.tmp")
    try:
        if stat.S_ISLNK(mode):
            if not any_link:
                inside(source, name)
            fresh.symlink_to(origin.readlink())
        elif stat.S_ISREG(mode):
            shutil.copyfile(origin, fresh)
            # An installed package may be read-only; a learner's file must not be.
            fresh.chmod(stat.S_IMODE(mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
        else:
            raise StorageError(
                f"{name} is neither a file nor a link.",
                where=str(origin),
                next_step="Remove it and try again.",
            )
        # Replaces a link itself, never what it points to.
        fresh.replace(copy)
    finally:
        fresh.unlink(missing_ok=True)


def remove_empty_folders(folder: Path) -> None:
    """Remove folders below ``folder`` that hold nothing. The folder itself stays."""
    for path, _, _ in os.walk(folder, topdown=False):
        if path != str(folder) and not os.listdir(path):  # noqa: PTH208 (a scan of one level)
            Path(path).rmdir()


def tree_sha256(folder: Path) -> str:
    """SHA-256 of names and contents, in hex. What editors leave beside files does not count.

    A folder that is not there counts as an empty one.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    left = HASH_LIMIT_BYTES
    for name in names_below(folder) if folder.is_dir() else ():
        if is_editors_own(name):
            continue
        path = folder / name
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            content = b"link " + os.fsencode(path.readlink())
        elif stat.S_ISREG(status.st_mode) and status.st_size <= left:
            content = b"file " + path.read_bytes()
            left -= status.st_size
        else:
            content = f"other {status.st_mode:o} {status.st_size} {status.st_mtime_ns}".encode()
        # Each part by its own digest: no content can be taken for the next name.
        digest.update(hashlib.sha256(os.fsencode(name)).digest() + hashlib.sha256(content).digest())
    return digest.hexdigest()
