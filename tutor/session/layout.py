"""Which Dockerfile of a submission is meant, which folder is its context, and what of it cannot be taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tutor.core.dockerfile import Dockerfile, parse_dockerfile, split_words
from tutor.core.errors import DockerfileError, SubmissionRefused

_DEPTH = 5
_SIZE_LIMIT_BYTES = 256 * 1024
_NAMES = re.compile(r"^(?:dockerfile(?:\..+)?|.+\.dockerfile|containerfile)$", re.IGNORECASE)
_NOT_OF_THE_LAB = re.compile(r"\b(?:dev|test|ci|debug|old|bak|backup|orig|dockerignore)\b", re.IGNORECASE)
_SYNTAX = re.compile(r"^#\s*syntax\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_OWN_LANGUAGE = re.compile(r"^(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@]\S+)?$")
_PLATFORM = re.compile(r"(?im)^(\s*FROM\s+)--platform=[\"']?\$\{?(?:BUILD|TARGET)PLATFORM\}?[\"']?\s+")
_OURS = "fromscratch/"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where to build a submission."""

    context: Path
    dockerfile: Path
    needs_buildkit: str = ""
    """What of it only BuildKit understands; empty when nothing does."""
    notes: tuple[str, ...] = ()


def find_layout(folder: Path, wanted: str = "") -> Layout:
    """The Dockerfile to grade. Where there are several, the one with most stages, then the nearest.

    Raises:
        SubmissionRefused: there is none, or none of the name that is wanted.
    """
    if wanted:
        found = [folder / wanted] if (folder / wanted).is_file() else []
    else:
        found = sorted(
            (path for path in folder.rglob("*") if _may_be_meant(folder, path)),
            key=lambda path: _rank(folder, path),
        )
    if not found:
        raise SubmissionRefused(
            f"There is no {wanted or 'Dockerfile'} in what was handed in.",
            next_step="Hand in the folder that holds the Dockerfile and the service's source.",
        )
    chosen = found[0]
    notes = []
    if len(found) > 1 or chosen != folder / "Dockerfile":
        others = ", ".join(str(path.relative_to(folder)) for path in found[1:5])
        notes.append(f"Graded: {chosen.relative_to(folder)}" + (f", not {others}." if others else "."))
    context = _context(folder, chosen)
    if context != chosen.parent:
        notes.append(f"Its build context is {context.relative_to(folder)}.")
    return Layout(context, chosen, "", tuple(notes))


def prepare(layout: Layout, *, classic: bool) -> Layout:
    """Make the copy buildable here without changing what it means, and tell what was done.

    Raises:
        SubmissionRefused: it takes files from another submission's image.
    """
    text = layout.dockerfile.read_text("utf-8", errors="surrogateescape")
    notes = list(layout.notes)
    syntax = _SYNTAX.match(text.removeprefix("\ufeff"))
    if syntax is not None:
        if not _OWN_LANGUAGE.match(syntax[1]):
            raise SubmissionRefused(
                f"The line # syntax={syntax[1]} names another program to read the file with.",
                where=f"{layout.dockerfile.name}:1",
                next_step="Take that line out.",
            )
        text = _SYNTAX.sub("#", text, count=1)
        notes.append("The line # syntax= would fetch what the builder has already; it was passed over.")
    if classic and _PLATFORM.search(text):
        text = _PLATFORM.sub(r"\1", text)
        notes.append(
            "--platform names the platform of this builder, which is the default; it was passed over."
        )
    if len(notes) > len(layout.notes):
        layout.dockerfile.write_text(text, "utf-8", errors="surrogateescape")
    try:
        file = parse_dockerfile(text)
        bases = file.base_images
    except DockerfileError:
        return Layout(layout.context, layout.dockerfile, "", tuple(notes))
    for base in bases:
        if base.removeprefix("docker.io/").startswith(_OURS):
            raise SubmissionRefused(
                f"It takes files from {base}, an image of the grader's own.",
                where=layout.dockerfile.name,
                next_step="Build from public images and your own source only.",
            )
    return Layout(layout.context, layout.dockerfile, _needs_buildkit(file), tuple(notes))


def _needs_buildkit(file: Dockerfile) -> str:
    for stage in file.stages:
        for instruction in stage.instructions:
            where = f"line {instruction.first_line}"
            for flag, _value in instruction.flags:
                if flag in ("mount", "network", "security", "link", "parents", "exclude", "checksum"):
                    return f"--{flag} ({where})"
                if flag == "chmod" and instruction.keyword in ("COPY", "ADD"):
                    return f"--chmod ({where})"
            if instruction.heredocs:
                return f"a here-document ({where})"
    return ""


def _may_be_meant(folder: Path, path: Path) -> bool:
    depth = len(path.relative_to(folder).parts)
    if depth > _DEPTH or path.is_symlink() or not path.is_file() or not _NAMES.match(path.name):
        return False
    if path.suffix in (".md", ".txt", ".dockerignore") or path.stat().st_size > _SIZE_LIMIT_BYTES:
        return False
    return re.search(rb"(?im)^\s*FROM\s", path.read_bytes()) is not None


def _rank(folder: Path, path: Path) -> tuple[bool, int, int, bool, str]:
    text = path.read_text("utf-8", errors="replace")
    stages = len(re.findall(r"(?im)^\s*FROM\s", text))
    aside = _NOT_OF_THE_LAB.search(path.name) is not None
    depth = len(path.relative_to(folder).parts)
    go = "golang" in text.lower() or "go build" in text
    return (not go, -min(stages, 2), depth + 10 * aside, path.name != "Dockerfile", str(path))


def _context(folder: Path, dockerfile: Path) -> Path:
    """The nearest folder, from the Dockerfile's own upwards, that holds what its COPY lines name."""
    wanted = _sources(dockerfile)
    place = dockerfile.parent
    while True:
        if all(any(place.glob(name)) if _is_wild(name) else (place / name).exists() for name in wanted):
            return place
        if place == folder:
            return dockerfile.parent
        place = place.parent


def _sources(dockerfile: Path) -> list[str]:
    try:
        file = parse_dockerfile(dockerfile.read_text("utf-8", errors="replace"))
    except DockerfileError:
        return []
    names = []
    for stage in file.stages:
        for instruction in stage.instructions:
            if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
                continue
            words = instruction.exec_form or tuple(split_words(instruction.value))
            names += [
                word.strip("\"'").lstrip("/") for word in words[:-1] if "$" not in word and "://" not in word
            ]
    # A pattern may match nothing; a name that climbs is for the builder to refuse.
    return [
        name for name in names if name not in ("", ".", "./") and ".." not in name and "go.sum" not in name
    ]


def _is_wild(name: str) -> bool:
    return any(character in name for character in "*?[")
