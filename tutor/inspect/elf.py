"""What an ELF file says about itself: its loader, its libraries, its symbols.

pyelftools knows the structures; the walking is done here, because its own follows links between
sections as far as a hostile file sends it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from elftools.elf.elffile import ELFFile

from tutor.core.errors import InspectError
from tutor.core.image import ElfFacts
from tutor.core.text import clean_line

_MAGIC = b"\x7fELF"
_SEGMENT_LIMIT = 4_096
_SECTION_LIMIT = 65_536
_NAMES_LIMIT_BYTES = 4 * 1024 * 1024
_DYNAMIC_LIMIT = 4_096
_PADDING_LIMIT_BYTES = 128 * 1024
_PATH_LIMIT_BYTES = 4_096
_MACHINES = {
    "EM_X86_64": "x86-64",
    "EM_AARCH64": "aarch64",
    "EM_386": "x86",
    "EM_ARM": "arm",
    "EM_RISCV": "riscv",
    "EM_S390": "s390x",
    "EM_PPC64": "ppc64",
    "EM_MIPS": "mips",
    "EM_LOONGARCH": "loongarch",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One section header."""

    name: str
    kind: str
    """``SHT_PROGBITS`` and so on."""
    offset: int
    size: int
    """Bytes in memory; none of them lie in the file when ``kind`` is ``SHT_NOBITS``."""
    address: int = 0
    flags: int = 0
    """1 writable, 2 loaded into memory, 4 executed."""
    link: int = 0
    """Index of the section that belongs to it: the names of a symbol table."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One program header."""

    kind: str
    """``PT_LOAD`` and so on."""
    offset: int
    address: int
    size: int
    writable: bool
    executable: bool = False


class ElfReader:
    """The headers of an ELF file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.elf: Any = ELFFile(file)
        self.size = int(self.elf.stream_len)

    def segments(self) -> tuple[Segment, ...]:
        """All program headers."""
        header = self.elf.header
        return tuple(
            Segment(
                str(record["p_type"]),
                record["p_offset"],
                record["p_vaddr"],
                record["p_filesz"],
                bool(record["p_flags"] & 2),
                bool(record["p_flags"] & 1),
            )
            for record in self._records(
                self.elf.structs.Elf_Phdr,
                header["e_phoff"],
                header["e_phentsize"],
                header["e_phnum"],
                _SEGMENT_LIMIT,
            )
        )

    def sections(self) -> tuple[Section, ...]:
        """All section headers; none when the file was stripped of them."""
        header = self.elf.header
        if not header["e_shoff"]:
            return ()
        count, names = header["e_shnum"], header["e_shstrndx"]
        first = None
        if count == 0 or names == 0xFFFF:
            # Numbers too large for the header are kept in the first section.
            first = next(
                self._records(self.elf.structs.Elf_Shdr, header["e_shoff"], header["e_shentsize"], 1, 1)
            )
            count = count or first["sh_size"]
            names = first["sh_link"] if names == 0xFFFF else names
        records = list(
            self._records(
                self.elf.structs.Elf_Shdr, header["e_shoff"], header["e_shentsize"], count, _SECTION_LIMIT
            )
        )
        table = b""
        if 0 < names < len(records):
            holder = records[names]
            table = self.read(holder["sh_offset"], min(holder["sh_size"], _NAMES_LIMIT_BYTES))
        return tuple(
            Section(
                _string(table, record["sh_name"]),
                str(record["sh_type"]),
                record["sh_offset"],
                record["sh_size"],
                record["sh_addr"],
                record["sh_flags"],
                record["sh_link"],
            )
            for record in records
        )

    def read(self, offset: int, count: int) -> bytes:
        """Bytes of the file; fewer where it ends."""
        if offset >= self.size:
            return b""
        self.file.seek(offset)
        return self.file.read(min(count, self.size - offset))

    def _records(self, structure: Any, offset: int, each: int, count: int, limit: int) -> Iterator[Any]:
        if count > limit:
            raise InspectError(f"The program's file names {count} parts; no compiler writes so many.")
        length = structure.sizeof()
        if count and each < length:
            raise InspectError("The program's file is damaged: its headers are too short.")
        table = self.read(offset, each * count)
        if len(table) < each * count:
            raise InspectError("The program's file ends before its headers do.")
        for index in range(count):
            yield structure.parse(table[index * each : index * each + length])


@contextmanager
def damage_in_words() -> Iterator[None]:
    """Turn whatever a damaged file makes the parser raise into an InspectError."""
    try:
        yield
    except InspectError:
        raise
    except (OSError, MemoryError) as error:
        raise InspectError(f"The program's file cannot be read: {error}") from error
    # The parser promises no set of exceptions for bytes that break its assumptions.
    except Exception as error:
        raise InspectError(
            "The program's file is damaged: it says that parts lie where there are none."
        ) from error


def read_elf(file: BinaryIO) -> ElfFacts | None:
    """Read an ELF file; None when it is none. The file must be seekable.

    Raises:
        InspectError: it begins as ELF, and is damaged.
    """
    with damage_in_words():
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            return None
        reader = ElfReader(file)
        segments = reader.segments()
        sections = reader.sections()
        machine = str(reader.elf.header["e_machine"])
        interpreter = next((segment for segment in segments if segment.kind == "PT_INTERP"), None)
        return ElfFacts(
            machine=_machine_name(machine),
            kind=str(reader.elf.header["e_type"]).removeprefix("ET_"),
            interpreter=_text(reader.read(interpreter.offset, min(interpreter.size, _PATH_LIMIT_BYTES)))
            if interpreter
            else "",
            needed=_needed(reader, segments),
            has_symbol_table=any(section.kind == "SHT_SYMTAB" and section.size for section in sections),
            has_debug_sections=any(section.name.startswith((".debug_", ".zdebug_")) for section in sections),
            size_bytes=reader.size,
            unloaded_bytes=_unloaded_bytes(reader, segments, sections),
        )


def _unloaded_bytes(reader: ElfReader, segments: tuple[Segment, ...], sections: tuple[Section, ...]) -> int:
    """Bytes that no segment loads, the list of sections and their names aside.

    Zeros that only bring the next segment or the file's end to a boundary count for nothing: 64 KB on arm64.
    """
    known = [(segment.offset, segment.size) for segment in segments if segment.kind == "PT_LOAD"]
    known.append((reader.elf["e_shoff"], reader.elf["e_shentsize"] * reader.elf["e_shnum"]))
    known += [(section.offset, section.size) for section in sections if section.name == ".shstrtab"]
    unloaded = at = 0
    for first, length in [*sorted(known), (reader.size, 0)]:
        gap = min(first, reader.size) - at
        if gap > _PADDING_LIMIT_BYTES or (gap > 0 and any(reader.read(at, gap))):
            unloaded += gap
        at = max(at, min(first + length, reader.size))
    return unloaded


def _needed(reader: ElfReader, segments: tuple[Segment, ...]) -> tuple[str, ...]:
    """The shared libraries it asks for: from the segments, since sections may be stripped away."""
    dynamic = next((segment for segment in segments if segment.kind == "PT_DYNAMIC"), None)
    if dynamic is None:
        return ()
    structure = reader.elf.structs.Elf_Dyn
    length = structure.sizeof()
    table = io.BytesIO(reader.read(dynamic.offset, min(dynamic.size, length * _DYNAMIC_LIMIT)))
    names: list[int] = []
    address = None
    while len(record := table.read(length)) == length:
        entry = structure.parse(record)
        tag = entry["d_tag"]
        if tag == "DT_NULL":
            break
        if tag == "DT_NEEDED":
            names.append(entry["d_val"])
        elif tag == "DT_STRTAB":
            address = entry["d_val"]
    if not names:
        return ()
    for segment in segments:
        if segment.kind == "PT_LOAD" and address is not None:
            within = address - segment.address
            if 0 <= within < segment.size:
                offset = segment.offset + within
                return tuple(_text(reader.read(offset + name, _PATH_LIMIT_BYTES)) for name in names)
    raise InspectError("The program's file is damaged: it asks for libraries whose names are not there.")


def _machine_name(machine: str) -> str:
    if machine.isdecimal():
        return f"machine {machine}, which is not known here"
    return _MACHINES.get(machine, machine.removeprefix("EM_").lower())


def _text(data: bytes) -> str:
    return clean_line(data.partition(b"\0")[0].decode("utf-8", "backslashreplace"))


def _string(table: bytes, at: int) -> str:
    end = table.find(b"\0", at, at + 256)
    return table[at : end if end >= 0 else at + 256].decode("utf-8", "replace")
