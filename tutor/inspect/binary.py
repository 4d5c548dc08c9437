"""One program: what every byte of its file is for, and which Go package brought it."""

from __future__ import annotations

from typing import BinaryIO

from tutor.core.anatomy import BinaryAnatomy, PackagePart, PackageSource, SectionGroup
from tutor.core.errors import InspectError
from tutor.inspect.buildinfo import read_build_info
from tutor.inspect.elf import ElfReader, damage_in_words, read_elf
from tutor.inspect.linetable import attribute_line_table
from tutor.inspect.package import PackageBook, total_code_bytes
from tutor.inspect.section import damage_of, section_parts
from tutor.inspect.symbol import attribute_symbols

_UPX = b"UPX!"
_HEAD_BYTES = 4_096


def read_binary(file: BinaryIO, path: str, *, sha256: str = "") -> BinaryAnatomy | None:
    """Read an ELF file at will; None when it is none. What cannot be told is said in its notes.

    Blocking. Memory is bounded by the size of the tables that are read, some 100 MB at most.

    Raises:
        InspectError: the file begins as ELF, and its headers are damaged.
    """
    elf = read_elf(file)
    if elf is None:
        return None
    with damage_in_words():
        reader = ElfReader(file)
        sections, segments = reader.sections(), reader.segments()
        parts = section_parts(reader, sections, segments)
        damage = damage_of(reader, sections, segments)
        upx = _UPX in reader.read(0, _HEAD_BYTES)
    notes = [damage] if damage else []
    try:
        go = read_build_info(file)
    except InspectError as error:
        go = None
        notes.append(f"The build info cannot be read: {error.what}")
    code_bytes = sum(part.size_bytes for part in parts if part.group is SectionGroup.CODE)
    data_bytes = sum(
        part.size_bytes for part in parts if part.group in {SectionGroup.READ_ONLY, SectionGroup.DATA}
    )
    book, source = PackageBook(), PackageSource.NONE
    has_line_table = go is not None or any(part.group is SectionGroup.LINE_TABLE for part in parts)
    if upx:
        notes.append("Packed by UPX: what is inside cannot be told apart without unpacking it.")
    elif has_line_table:
        book, source, why = _packages(reader, code_bytes, data_bytes)
        notes += why
    elif not damage:
        notes.append("Not a Go program: it carries neither build info nor a line table of Go.")
    return BinaryAnatomy(path, elf, go, parts, book.parts(), source, tuple(notes), sha256)


def _packages(
    reader: ElfReader, code_bytes: int, data_bytes: int
) -> tuple[PackageBook, PackageSource, list[str]]:
    """Bytes per package from the best source that can be read, and what the others lacked."""
    notes: list[str] = []
    for source in (PackageSource.SYMBOLS, PackageSource.LINE_TABLE):
        book = PackageBook()
        try:
            with damage_in_words():
                sections = reader.sections()
                if source is PackageSource.SYMBOLS:
                    why = attribute_symbols(reader, sections, book)
                else:
                    why = attribute_line_table(reader, sections, reader.segments(), code_bytes, book)
        except InspectError as error:
            why = error.what
        if not why and not _fits(book.parts(), code_bytes, data_bytes):
            why = f"By its {source.value}, the program would hold more than its file does."
        if not why:
            return book, source, notes
        if source is PackageSource.LINE_TABLE or why != "There is no symbol table.":
            notes.append(why)
    return PackageBook(), PackageSource.NONE, notes


def _fits(packages: tuple[PackagePart, ...], code_bytes: int, data_bytes: int) -> bool:
    return (
        0 < total_code_bytes(packages) <= code_bytes
        and sum(each.data_bytes for each in packages) <= data_bytes
    )
