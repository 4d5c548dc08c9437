"""Evidence as small tables, for ``show``. Pure: no engine, no screen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.core.image import FileKind
from tutor.core.text import clean_line

if TYPE_CHECKING:
    from tutor.core.evidence import ImageEvidence
    from tutor.core.image import FileEntry
    from tutor.session.context import ContextSize

ROW_LIMIT = 300
"""More rows say nothing more; how many there are is said below."""

SYMBOL_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with a header, and a sentence below."""

    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...] = ()
    foot: str = ""


def number(value: int) -> str:
    """``4 706 304``: digits in groups, so that two sizes can be told apart."""
    return f"{value:,}".replace(",", " ")


def log_table(lines: Sequence[str]) -> Table:
    """What a container wrote, the newest at the end."""
    kept = tuple((clean_line(line),) for line in lines[-ROW_LIMIT:])
    return Table(kept, (), "" if kept else "Nothing was written yet.")


def files_table(image: ImageEvidence) -> Table:
    """Every name but folders, largest first."""
    files = sorted((f for f in image.files if f.kind is not FileKind.DIRECTORY), key=lambda f: -f.size_bytes)
    rows = tuple((number(f.size_bytes), _mode(f), str(f.uid), f.path) for f in files[:ROW_LIMIT])
    foot = f"{number(image.file_count)} file{'s' if image.file_count != 1 else ''}."
    return Table(rows, ("bytes", "mode", "user", "path"), foot)


def _mode(file: FileEntry) -> str:
    kind = {FileKind.SYMLINK: "l", FileKind.HARDLINK: "h"}.get(file.kind, "-")
    bits = "".join(c if file.mode >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    return kind + bits + (" setuid" if file.mode & 0o4000 else "")


def container_table(names: Sequence[tuple[str, int]], image: ImageEvidence) -> Table:
    """Names of a running container that its image does not hold."""
    known = {file.path.rstrip("/") for file in image.files}
    extra = sorted((name, size) for name, size in names if name.rstrip("/") not in known)
    rows = tuple((name, "folder" if name.endswith("/") else number(size)) for name, size in extra[:ROW_LIMIT])
    return Table(
        rows, ("only in the container", "bytes"), f"{len(extra)} names that the image does not hold."
    )


def layers_table(image: ImageEvidence) -> Table:
    """Each layer with what it brought, oldest first."""
    rows = tuple(
        (str(index), number(layer.unpacked_bytes), str(layer.file_count), clean_line(layer.created_by, 160))
        for index, layer in enumerate(image.layers, 1)
    )
    return Table(
        rows, ("layer", "bytes", "files", "made by"), f"{number(image.unpacked_bytes)} bytes in all."
    )


def binary_table(image: ImageEvidence) -> Table:
    """What the program asks for and what it carries."""
    elf = image.elf
    if elf is None:
        return Table((("The start command names no ELF program that the image holds.",),))
    rows = [
        ("file", image.entrypoint_path),
        ("bytes", number(elf.size_bytes)),
        ("machine", elf.machine),
        ("asks for the loader", elf.interpreter or "none"),
        ("needs libraries", " ".join(elf.needed) or "none"),
        ("static", "yes" if elf.is_static else "no"),
        ("symbol table", "yes" if elf.has_symbol_table else "no"),
        ("debug sections", "yes" if elf.has_debug_sections else "no"),
        ("stripped", "yes" if elf.is_stripped else "no"),
    ]
    if image.go is not None:
        rows.append(("Go version", image.go.version))
    return Table(tuple(rows))


def modules_table(image: ImageEvidence) -> Table:
    """Go build info: what the program claims of itself."""
    if image.go is None:
        return Table((("The program carries no Go build info.",),))
    rows = [("Go", image.go.version), ("module", image.go.main_module)]
    rows += [("depends on", f"{name} {version}".strip()) for name, version in image.go.modules]
    rows += [("setting", f"{name}={value}") for name, value in image.go.settings]
    foot = "A claim of the program itself: -trimpath hides flags, and nothing checks it."
    return Table(tuple(rows[:ROW_LIMIT]), foot=foot)


def config_table(image: ImageEvidence) -> Table:
    """How the image starts."""
    config = image.config
    health = " ".join(config.healthcheck.test) if config.healthcheck else "none"
    rows = (
        ("entry point", " ".join(config.entrypoint) or "none"),
        ("command", " ".join(config.command) or "none"),
        ("user", config.user or "root (none is set)"),
        ("working folder", config.working_dir or "/"),
        ("exposes", " ".join(config.exposed_ports) or "nothing"),
        ("health check", health),
        ("stop signal", config.stop_signal or "SIGTERM (none is set)"),
        ("platform", f"{config.os}/{config.architecture}"),
        *(("environment", line) for line in config.env),
    )
    return Table(tuple((name, clean_line(value)) for name, value in rows))


def sections_table(program: bytes) -> Table:
    """Each section that takes room in the file, largest first."""
    from tutor.inspect.elf import ElfReader, damage_in_words

    with damage_in_words():
        sections = ElfReader(io.BytesIO(program)).sections()
    found = sorted(
        ((s.size, s.name) for s in sections if s.size and s.kind not in {"SHT_NOBITS", "SHT_NULL"}),
        reverse=True,
    )
    rows = tuple((clean_line(name, 80), number(size)) for size, name in found[:ROW_LIMIT])
    rest = len(program) - sum(size for size, _ in found)
    foot = f"{number(len(program))} bytes in all, {number(rest)} of them headers and padding."
    return Table(rows, ("section", "bytes"), foot)


def symbols_table(program: bytes) -> Table:
    """How many names the symbol table holds, and the first."""
    from tutor.inspect.elf import ElfReader, damage_in_words

    with damage_in_words():
        table = ElfReader(io.BytesIO(program)).elf.get_section_by_name(".symtab")
        if table is None:
            return Table((("no symbols",),), foot="There is no symbol table: go tool nm has nothing to read.")
        count = int(table.num_symbols())
        names = [clean_line(str(table.get_symbol(i).name), 120) for i in range(min(count, 400))]
    first = tuple((name,) for name in names if name)[:SYMBOL_LIMIT]
    return Table(first, ("first names",), f"{number(count)} symbols.")


def surface_table(base: ImageEvidence | None, final: ImageEvidence, packages: tuple[int, int]) -> Table:
    """What there is to attack: the largest stage against the image."""
    sides = [side for side in (base, final) if side is not None]

    def count(name: str, of: list[int]) -> tuple[str, ...]:
        return (name, *(number(value) for value in of))

    files = [[f for f in side.files if f.kind in {FileKind.FILE, FileKind.HARDLINK}] for side in sides]
    rows = (
        count("files", [len(each) for each in files]),
        count("executable files", [sum(bool(f.mode & 0o111) for f in each) for each in files]),
        count("setuid or setgid files", [sum(bool(f.mode & 0o6000) for f in each) for each in files]),
        count("programs (ELF)", [len(side.programs) for side in sides]),
        count("OS packages", list(packages[-len(sides) :])),
        count("Go modules linked in", [len(side.go.modules) if side.go else 0 for side in sides]),
        count("bytes", [side.unpacked_bytes for side in sides]),
    )
    header = ("", "builder stage", "image") if base is not None else ("", "image")
    return Table(rows, header, "The Go standard library counts as no module, and is linked in all the same.")


def context_table(size: ContextSize) -> Table:
    """What a build sends, with and without .dockerignore."""
    rows = (
        ("with .dockerignore", str(size.sent_files), number(size.sent_bytes)),
        ("without it", str(size.all_files), number(size.all_bytes)),
    )
    named = ", ".join(size.left_out[:8]) + (" …" if len(size.left_out) > 8 else "")
    return Table(rows, ("build context", "files", "bytes"), f"Left out: {named or 'nothing'}.")


def compare_table(images: Sequence[tuple[str, ImageEvidence]]) -> Table:
    """All images of a lesson, side by side."""
    rows = tuple(
        (
            tag,
            number(image.unpacked_bytes),
            str(image.file_count),
            str(len(image.layers)),
            number(image.elf.size_bytes) if image.elf else "none",
            ("yes" if image.elf.is_static else "no") if image.elf else "",
            ("yes" if image.elf.is_stripped else "no") if image.elf else "",
        )
        for tag, image in images
    )
    return Table(rows, ("image", "bytes", "files", "layers", "program", "static", "stripped"))


def difference_table(first: bytes, second: bytes) -> Table:
    """Where two programs differ, by section."""
    from tutor.inspect.elf import ElfReader, damage_in_words

    with damage_in_words():
        one, two = (ElfReader(io.BytesIO(each)) for each in (first, second))
        before = {s.name: one.read(s.offset, s.size) for s in one.sections() if s.kind != "SHT_NOBITS"}
        after = {s.name: two.read(s.offset, s.size) for s in two.sections() if s.kind != "SHT_NOBITS"}
    rows = []
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, b""), after.get(name, b"")
        if old != new:
            changed = sum(a != b for a, b in zip(old, new, strict=False)) + abs(len(old) - len(new))
            rows.append((clean_line(name, 80), number(changed), _meaning(name)))
    return Table(tuple(rows), ("section", "bytes that differ", ""))


def _meaning(section: str) -> str:
    if "buildid" in section or "build-id" in section:
        return "the build id: it follows from everything else"
    if section.startswith((".data", ".rodata", ".go.buildinfo", ".noptrdata")):
        return "text or data: a time stamp or a version, perhaps"
    return ""
