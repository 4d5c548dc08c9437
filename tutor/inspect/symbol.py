"""The symbol table of a program, read in bounded memory."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from tutor.core.anatomy import SectionGroup
from tutor.inspect.elf import ElfReader, Section
from tutor.inspect.package import PackageBook
from tutor.inspect.section import group_of

_SYMBOL_LIMIT = 1_000_000
_NAMES_LIMIT_BYTES = 48 * 1024 * 1024
_NAME_LENGTH_LIMIT = 4_096
_CHUNK_SYMBOLS = 8_192
_OBJECT, _FUNCTION = 1, 2


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A loaded section that lies in the file."""

    begin: int
    end: int
    is_code: bool


def attribute_symbols(reader: ElfReader, sections: tuple[Section, ...], book: PackageBook) -> str:
    """Put what the symbol table names into ``book``; why not when it cannot, else an empty text."""
    table = next((each for each in sections if each.kind == "SHT_SYMTAB" and each.size), None)
    if table is None:
        return "There is no symbol table."
    if not 0 < table.link < len(sections):
        return "The symbol table has no names."
    names = sections[table.link]
    record = _record(reader)
    if table.size // record.size > _SYMBOL_LIMIT or names.size > _NAMES_LIMIT_BYTES:
        return "The symbol table is larger than what is read here."
    stretches = sorted(
        (
            _Stretch(each.address, each.address + each.size, group_of(each) is SectionGroup.CODE)
            for each in sections
            if each.kind != "SHT_NOBITS"
            and group_of(each) in {SectionGroup.CODE, SectionGroup.READ_ONLY, SectionGroup.DATA}
        ),
        key=lambda stretch: stretch.begin,
    )
    text = reader.read(names.offset, names.size)
    placed = sorted(_placed(reader, table, record, stretches))
    _attribute(placed, stretches, text, book)
    return ""


def _record(reader: ElfReader) -> struct.Struct:
    order = "<" if reader.elf.little_endian else ">"
    return struct.Struct(order + ("IBBHQQ" if reader.elf.elfclass == 64 else "IIIBBH"))


def _placed(
    reader: ElfReader, table: Section, record: struct.Struct, stretches: list[_Stretch]
) -> Iterator[tuple[int, int, int, int]]:
    """Section, address, size and name of each function and object that lies in the file."""
    wide = reader.elf.elfclass == 64
    begins = [stretch.begin for stretch in stretches]
    step = record.size * _CHUNK_SYMBOLS
    for begin in range(0, table.size, step):
        data = reader.read(table.offset + begin, min(step, table.size - begin))
        for fields in record.iter_unpack(data[: len(data) - len(data) % record.size]):
            if wide:
                name, info, _, _, address, size = fields
            else:
                name, address, size, info, _, _ = fields
            kind = info & 0xF
            if not size or kind not in (_OBJECT, _FUNCTION):
                continue
            index = bisect_right(begins, address) - 1
            if index < 0 or address >= stretches[index].end:
                continue
            if stretches[index].is_code is (kind == _FUNCTION):
                yield index, address, size, name
        if len(data) < step:
            return


def _attribute(
    placed: list[tuple[int, int, int, int]], stretches: list[_Stretch], names: bytes, book: PackageBook
) -> None:
    for number, (index, address, size, name) in enumerate(placed):
        stretch = stretches[index]
        following = placed[number + 1] if number + 1 < len(placed) else None
        beyond = following[1] if following is not None and following[0] == index else stretch.end
        # Of several names for one place, the last in the order takes it.
        distance = min(beyond, stretch.end) - address
        if distance <= 0:
            continue
        end = names.find(b"\0", name, name + _NAME_LENGTH_LIMIT) if name < len(names) else -1
        shown = names[name:end].decode("utf-8", "replace") if end >= 0 else ""
        if stretch.is_code:
            book.add_function(shown, distance, min(size, distance))
        else:
            book.add_data(shown, min(size, distance))
