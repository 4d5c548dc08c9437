"""The check on what an image holds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import ImageEvidence
from tutor.core.image import FileEntry, FileKind
from tutor.grading.recognition import (
    BUSYBOX,
    FORBIDDEN,
    LIBRARY,
    OTHER,
    PROGRAM,
    SHELL,
    compile_pattern,
    kind_of,
)
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.subject import image_of, why_no_image
from tutor.grading.words import counted, listed, megabytes

_KINDS_SHOWN = 6
_LINK_LIMIT = 10


class AllowList(Params, frozen=True):
    """Parameters of image_holds_only_allowed_files."""

    allow: Annotated[
        tuple[str, ...],
        Meta(description="Paths besides the started program; * stays in a folder, ** goes below."),
    ] = ()


@dataclass(frozen=True, slots=True)
class _Extra:
    entry: FileEntry
    kind: str


@rule(
    title="The image holds the program and nothing it does not need",
    why="What is not there cannot be used by someone who broke in, and need not be kept up to date.",
    next_step="Copy single files out of the builder stage, rather than whole folders.",
    subjects=("image",),
)
def image_holds_only_allowed_files(case: Case[AllowList]) -> Finding:
    """Besides the program it starts, the image holds only what the lesson's list allows.

    Folders count for nothing. A pattern never lets a shell, a compiler, a package manager, source
    code or a further program through, whatever it is called: such a file has to be listed by its
    exact path. Files are recognised by place, name and first bytes. What a lower layer holds and a
    later one removes is not seen here; it shows in the image's size.
    """
    allowed = f" besides {listed(case.params.allow)}" if case.params.allow else ""
    expected = f"The image holds the program it starts, and nothing else{allowed}."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    if not image.files and image.file_count:
        return unknown(expected, "The evidence holds no listing of this image.")
    extras = tuple(_extras(image, case.params.allow))
    if not extras:
        return passed(expected, f"It holds {counted(image.file_count, 'file')}: {_names(image.files)}.")
    size = sum(extra.entry.size_bytes for extra in extras)
    first = extras[0].entry
    return failed(
        expected,
        f"It holds {counted(len(extras), 'file')} more ({megabytes(size)}): {_by_kind(extras)}.",
        f"layer {first.layer + 1}: {first.path}",
    )


def _extras(image: ImageEvidence, allow: tuple[str, ...]) -> Iterable[_Extra]:
    exact = {path for path in allow if "*" not in path and "?" not in path}
    patterns = [compile_pattern(path) for path in allow]
    by_path = {entry.path: entry for entry in image.files}
    marks = {(program.path, program.layer): program.looks_like for program in image.programs}
    started = image.entrypoint_path or _only_program(image, marks)
    for entry in image.files:
        if entry.kind is FileKind.DIRECTORY or entry.path in exact:
            continue
        holder = _linked(entry, by_path)
        # A hard link has its own name and another's bytes.
        named = replace(entry, content=holder.content, mode=holder.mode)
        kind = kind_of(named, marks.get((holder.path, holder.layer), ""))
        if entry.path == started and kind not in (SHELL, BUSYBOX):
            continue
        if entry.kind is FileKind.SYMLINK and _leads_to(entry, by_path) == started and kind != SHELL:
            continue
        if kind in (OTHER, LIBRARY) and any(pattern.match(entry.path) for pattern in patterns):
            continue
        yield _Extra(entry, kind)


def _only_program(image: ImageEvidence, marks: dict[tuple[str, int], str]) -> str:
    """The one program of an image whose start command leads nowhere: that is another check's."""
    programs = [
        entry.path
        for entry in image.files
        if entry.content == "elf" and kind_of(entry, marks.get((entry.path, entry.layer), "")) == PROGRAM
    ]
    return programs[0] if len(programs) == 1 else ""


def _linked(entry: FileEntry, by_path: dict[str, FileEntry]) -> FileEntry:
    """The entry that holds the bytes: itself, or what a hard link names."""
    if entry.kind is not FileKind.HARDLINK:
        return entry
    return by_path.get(posixpath.normpath(posixpath.join("/", entry.target)), entry)


def _leads_to(entry: FileEntry, by_path: dict[str, FileEntry]) -> str:
    for _ in range(_LINK_LIMIT):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
        if path not in by_path or by_path[path].kind is not FileKind.SYMLINK:
            return path
        entry = by_path[path]
    return ""


def _by_kind(extras: tuple[_Extra, ...]) -> str:
    groups: dict[str, list[FileEntry]] = {}
    for extra in extras:
        groups.setdefault(extra.kind, []).append(extra.entry)
    # What is forbidden anywhere comes first, then what weighs most.
    order = sorted(
        groups.items(),
        key=lambda item: (item[0] not in FORBIDDEN, -sum(entry.size_bytes for entry in item[1])),
    )
    told = [f"{kind} ({_group(entries)})" for kind, entries in order]
    return listed(told, _KINDS_SHOWN)


def _group(entries: list[FileEntry]) -> str:
    if len(entries) <= 3:
        return ", ".join(entry.path for entry in entries)
    size = megabytes(sum(entry.size_bytes for entry in entries))
    largest = max(entries, key=lambda entry: entry.size_bytes)
    return f"{len(entries)} files, {size}, such as {largest.path}"


def _names(files: Iterable[FileEntry]) -> str:
    return listed([entry.path for entry in files if entry.kind is not FileKind.DIRECTORY])


@rule(
    title="There is no shell in the image",
    why="A shell is what most break-ins look for first, and a service has no use for it.",
    next_step="Begin the last stage with FROM scratch, and copy only the program into it.",
    subjects=("image",),
)
def image_has_no_shell(case: Case[Params]) -> Finding:
    """No file of the image is a shell, whatever it is called, and none bears the name of one."""
    expected = "No file of the image is a shell or a box of tools that holds one."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    if not image.files and image.file_count:
        return unknown(expected, "The evidence holds no listing of this image.")
    by_path = {entry.path: entry for entry in image.files}
    marks = {(program.path, program.layer): program.looks_like for program in image.programs}
    shells = []
    for entry in image.files:
        if entry.kind is FileKind.DIRECTORY:
            continue
        holder = _linked(entry, by_path)
        named = replace(entry, content=holder.content, mode=holder.mode)
        if kind_of(named, marks.get((holder.path, holder.layer), "")) in (SHELL, BUSYBOX):
            shells.append(entry)
    if shells:
        names = listed([entry.path for entry in shells], 4)
        return failed(expected, f"It holds {names}.", f"layer {shells[0].layer + 1}: {shells[0].path}")
    return passed(expected, f"None of {counted(image.file_count, 'file')} is one.")


_SPECIAL = {0o4000: "setuid", 0o2000: "setgid"}


@rule(
    title="No file runs with its owner's rights",
    why="A program with the setuid bit runs with its owner's rights, whoever starts it.",
    next_step="Look for chmod u+s, g+s or a mode of four digits in the Dockerfile.",
    subjects=("image",),
)
def image_has_no_setuid_file(case: Case[Params]) -> Finding:
    """No file of the image has the setuid or the setgid bit. Folders may: there it means another thing."""
    expected = "No file of the image has a setuid or setgid bit."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    if not image.files and image.file_count:
        return unknown(expected, "The evidence holds no listing of this image.")
    found = [
        (entry, word)
        for entry in image.files
        if entry.kind in (FileKind.FILE, FileKind.HARDLINK)
        for bit, word in _SPECIAL.items()
        if entry.mode & bit
    ]
    if not found:
        return passed(expected, f"None of {counted(image.file_count, 'file')} has.")
    named = listed(
        [f"{entry.path} ({word}, user {entry.uid}, group {entry.gid})" for entry, word in found], 4
    )
    return failed(expected, f"It holds {named}.", f"layer {found[0][0].layer + 1}: {found[0][0].path}")
