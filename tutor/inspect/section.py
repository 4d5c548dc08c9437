"""What every byte of a program's file is for: sections, headers, and the gaps between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tutor.core.anatomy import SectionGroup, SectionPart
from tutor.core.text import clean_line
from tutor.inspect.elf import ElfReader, Section, Segment

WRITABLE, LOADED, EXECUTED = 1, 2, 4
_LOADER_NAMES = (".interp", ".dyn", ".hash", ".gnu.hash", ".gnu.version", ".rel", ".got", ".plt", ".relr")
_SHSTRTAB = ".shstrtab"
_NAME_LIMIT = 60
_TAIL_LIMIT_BYTES = 64 * 1024

Stretch = tuple[int, int, str, SectionGroup]
"""From, to, name, group."""


def group_of(section: Section) -> SectionGroup:
    """What a section is for, judged by its kind and flags first and by its name last."""
    name = section.name
    if "gopclntab" in name:
        return SectionGroup.LINE_TABLE
    if section.flags & LOADED:
        if section.kind in {"SHT_DYNAMIC", "SHT_DYNSYM", "SHT_REL", "SHT_RELA", "SHT_HASH"} or (
            name.startswith(_LOADER_NAMES)
        ):
            return SectionGroup.LOADER
        if section.flags & EXECUTED:
            return SectionGroup.CODE
        return SectionGroup.DATA if section.flags & WRITABLE else SectionGroup.READ_ONLY
    if section.kind == "SHT_SYMTAB" or name == ".strtab":
        return SectionGroup.SYMBOLS
    if name.startswith((".debug_", ".zdebug_", ".gdb_index")):
        return SectionGroup.DEBUG
    return SectionGroup.PADDING if name == _SHSTRTAB else SectionGroup.OTHER


def section_parts(
    reader: ElfReader, sections: tuple[Section, ...], segments: tuple[Segment, ...]
) -> tuple[SectionPart, ...]:
    """The file from its first byte to its last, each byte once.

    Where a damaged file lets stretches overlap, the one that begins first keeps the bytes.
    """
    stretches = [*_headers(reader), *(_of_sections(sections) if sections else _of_segments(segments))]
    parts: list[SectionPart] = []
    at = 0
    for first, last, name, group in sorted(stretches, key=lambda stretch: (stretch[0], stretch[1])):
        begin, end = max(first, at), min(last, reader.size)
        if end <= begin:
            continue
        if begin > at:
            parts.append(SectionPart("(padding)", SectionGroup.PADDING, begin - at))
        parts.append(SectionPart(name, group, end - begin))
        at = end
    if at < reader.size:
        tail = reader.read(at, _TAIL_LIMIT_BYTES + 1)
        if len(tail) <= _TAIL_LIMIT_BYTES and not tail.strip(b"\0"):
            parts.append(SectionPart("(padding)", SectionGroup.PADDING, reader.size - at))
        else:
            parts.append(SectionPart("(after the last section)", SectionGroup.OTHER, reader.size - at))
    return tuple(parts)


def damage_of(reader: ElfReader, sections: tuple[Section, ...], segments: tuple[Segment, ...]) -> str:
    """What its headers say that cannot be; empty when nothing. No linker writes sections that overlap."""
    in_file = sorted(
        (each.offset, each.offset + each.size)
        for each in sections
        if each.kind not in {"SHT_NULL", "SHT_NOBITS"} and each.size
    )
    ends = [last for _, last in in_file] + [each.offset + each.size for each in segments]
    missing = max(ends, default=0) - reader.size
    if missing > 0:
        return f"The file is cut short or damaged: {missing} bytes that its headers speak of are not there."
    if any(first < last for (_, last), (first, _) in pairwise(in_file)):
        return "The file is damaged: its sections overlap, so that what they hold cannot be told for sure."
    return ""


def _headers(reader: ElfReader) -> Iterator[Stretch]:
    header = reader.elf.header
    yield 0, int(header["e_ehsize"]), "(file header)", SectionGroup.PADDING
    for place, each, count, name in (
        ("e_phoff", "e_phentsize", "e_phnum", "(program headers)"),
        ("e_shoff", "e_shentsize", "e_shnum", "(section headers)"),
    ):
        begin = int(header[place])
        yield begin, begin + int(header[each]) * int(header[count]), name, SectionGroup.PADDING


def _of_sections(sections: tuple[Section, ...]) -> Iterator[Stretch]:
    for section in sections:
        if section.kind not in {"SHT_NULL", "SHT_NOBITS"} and section.size:
            shown = clean_line(section.name, _NAME_LIMIT) or "(no name)"
            yield section.offset, section.offset + section.size, shown, group_of(section)


def _of_segments(segments: tuple[Segment, ...]) -> Iterator[Stretch]:
    """What is loaded, when the section headers were stripped away as well."""
    for segment in segments:
        if segment.kind == "PT_LOAD":
            if segment.executable:
                name, group = "(code segment)", SectionGroup.CODE
            elif segment.writable:
                name, group = "(data segment)", SectionGroup.DATA
            else:
                name, group = "(read-only segment)", SectionGroup.READ_ONLY
            yield segment.offset, segment.offset + segment.size, name, group
