"""What is read of a workspace without building it: single files, and the build context."""

from __future__ import annotations

import filecmp
import hashlib
import os
import stat
from pathlib import Path

from tutor.core.trial import TEXT_LIMIT_BYTES, ContextFacts, WorkspaceFile

_FILE_LIMIT = 5000
_FILE_LIMIT_BYTES = 512 * 1024 * 1024


def read_workspace_file(folder: Path, name: str) -> WorkspaceFile | None:
    """One file below the folder; None when there is none, or it leads out of the folder. Blocking."""
    path = folder / name
    try:
        resolved = path.resolve(strict=True)
        status = resolved.stat()
        inside = resolved.is_relative_to(folder.resolve())
        if not inside or not stat.S_ISREG(status.st_mode) or status.st_size > _FILE_LIMIT_BYTES:
            return None
        with resolved.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            head = file.read(TEXT_LIMIT_BYTES + 1)
    except (OSError, ValueError):
        return None
    return WorkspaceFile(digest, status.st_size, _text(head))


def _text(data: bytes) -> str:
    if len(data) > TEXT_LIMIT_BYTES or b"\0" in data:
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def changed_sources(folder: Path, given: tuple[Path, ...]) -> tuple[str, ...]:
    """Source files that are not as they were given, were added, or are missing. Blocking.

    ``given`` are the folders that a workspace is made of; the first one that has a file gives it.
    """
    wanted: dict[str, Path] = {}
    for source in given:
        for path in _sources(source):
            wanted.setdefault(path.relative_to(source).as_posix(), path)
    there = {path.relative_to(folder).as_posix(): path for path in _sources(folder)}
    return tuple(
        name
        for name in sorted({*wanted, *there})
        if name not in wanted or name not in there or not _same(wanted[name], there[name])
    )


def _sources(folder: Path) -> list[Path]:
    files = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    # The service's own tests are not given to learners.
    return [
        path
        for path in files
        if path.name in ("go.mod", "go.work") or (path.suffix == ".go" and not path.name.endswith("_test.go"))
    ]


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def read_context(folder: Path, dockerfile: Path | None = None) -> ContextFacts:
    """What a build of this folder sends to the engine, by the rules of .dockerignore. Blocking.

    Raises:
        OSError: the folder cannot be read.
    """
    # The rules of .dockerignore are the same for every engine; the embedded one brings them.
    from tutor.engine.embedded.context import Context

    context = Context(folder, dockerfile or folder / "Dockerfile")
    sent = [entry for entry, _ in context.view if entry.has_content or entry.target]
    whole_count, whole_bytes = _whole(folder)
    return ContextFacts(
        file_count=len(sent),
        size_bytes=sum(entry.size for entry in sent),
        files=tuple(entry.path for entry in sent[:_FILE_LIMIT]),
        whole_file_count=whole_count,
        whole_size_bytes=whole_bytes,
        has_ignore_file=(folder / ".dockerignore").is_file(),
    )


def _whole(folder: Path) -> tuple[int, int]:
    count = size = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            status = (Path(parent) / name).lstat()
            if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                count += 1
                size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return count, size
