"""Submissions brought into a folder of the grader's: bundles and plain folders, within limits."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from tutor.core.errors import SubmissionRefused, UsageError
from tutor.core.submission import IntakeLimits, Taken
from tutor.core.text import clean_line
from tutor.storage.bundle import unpack_bundle
from tutor.storage.failure import told
from tutor.storage.tree import tree_sha256

_NOT_TAKEN = {".git", "node_modules", ".idea", ".vscode", "__pycache__", ".venv"}


def take(path: Path, target: Path, limits: IntakeLimits) -> Taken:
    """Lay a submission into ``target``, which must not exist yet.

    Raises:
        SubmissionRefused: it holds too much, or what no build needs.
        UsageError: there is nothing at this path.
        StorageError: the target cannot be written.
    """
    if path.is_dir():
        notes = _copy_folder(path, target, limits)
        return Taken(submission_name(path), "folder", tree_sha256(target), None, notes)
    if path.is_file():
        manifest = unpack_bundle(path, target, limits)
        return Taken(submission_name(path), "bundle", tree_sha256(target), manifest)
    raise UsageError(f"There is no submission at {path}.", next_step="Name folders and bundles.")


def submission_name(path: Path) -> str:
    """A name for results: the folder's or the file's, without its ending."""
    name = clean_line(path.resolve().name)
    for ending in (".fsb.zip", ".zip"):
        name = name.removesuffix(ending)
    return (
        "".join(character if character.isalnum() or character in "-_.@" else "_" for character in name) or "_"
    )


def _copy_folder(source: Path, target: Path, limits: IntakeLimits) -> tuple[str, ...]:
    notes: list[str] = []
    count = left = 0
    left = limits.total_bytes
    with told("copy the submission", target):
        target.mkdir(parents=True)
        for name, mode, size in _walk(source, "", notes):
            count += 1
            if count > limits.files:
                raise SubmissionRefused(f"The folder holds more than {limits.files} files.")
            if len(os.fsencode(name)) > limits.path_length:
                raise SubmissionRefused(f"The folder holds a name of {len(name)} characters.")
            place = target / name
            if stat.S_ISLNK(mode):
                if _leads_out(source, name):
                    notes.append(f"{clean_line(name)} is a link that leads out of the folder: left out.")
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to((source / name).readlink())
                continue
            if size > min(limits.file_bytes, left):
                raise SubmissionRefused(
                    f"{clean_line(name)} has {size} bytes; the folder may hold {limits.total_bytes}, "
                    f"one file {limits.file_bytes}.",
                    next_step="Leave out what the build does not need.",
                )
            left -= size
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(source / name, place, size)
            place.chmod(stat.S_IMODE(mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
    return tuple(notes[:20])


def _walk(folder: Path, prefix: str, notes: list[str]) -> Iterator[tuple[str, int, int]]:
    if prefix.count("/") > 20:
        raise SubmissionRefused("The folder is more than twenty folders deep.")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            status = entry.stat(follow_symlinks=False)
            name = prefix + entry.name
            if stat.S_ISDIR(status.st_mode):
                if entry.name in _NOT_TAKEN:
                    notes.append(f"{clean_line(name)} was not taken: no build needs it.")
                    continue
                yield from _walk(Path(entry.path), f"{name}/", notes)
            elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                yield name, status.st_mode, status.st_size
            else:
                notes.append(f"{clean_line(name)} is a device, a pipe or a socket: left out.")


def _leads_out(source: Path, name: str) -> bool:
    root = Path(os.path.realpath(source))
    return not Path(os.path.realpath(root / name)).is_relative_to(root)


def _copy_file(origin: Path, place: Path, size: int) -> None:
    # No link is followed, and no more is read than was counted: the folder may change meanwhile.
    handle = os.open(origin, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as source, place.open("xb") as copy:
        left = size
        while left and (piece := source.read(min(left, 1024 * 1024))):
            copy.write(piece)
            left -= len(piece)


def discard(folder: Path) -> None:
    """Remove a folder that :func:`take` made, whatever its permissions."""
    for parent, folders, _files in os.walk(folder):
        for name in folders:
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
