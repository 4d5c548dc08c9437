"""Small ELF files, written field by field: what compilers write, and what they never would."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB = 1, 2, 3
_BASE = 0x400000
_MAGIC = b"\xff Go buildinf:"


@dataclass(frozen=True)
class Elf:
    """What goes into the file."""

    machine: int = 62
    kind: int = 2
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    symbols: bool = False
    debug: bool = False
    sections: bool = True
    build_info: bytes = b""
    padding: int = 0


def go_build_info(version: str, modules: str) -> bytes:
    """The record that go build links in, as debug/buildinfo reads it."""
    text = b"S" * 16 + modules.encode() + b"E" * 16 if modules else b""
    return _MAGIC + bytes([8, 2]) + b"\0" * 16 + _prefixed(version.encode()) + _prefixed(text)


def _prefixed(data: bytes) -> bytes:
    length, head = len(data), b""
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def elf_bytes(elf: Elf) -> bytes:
    """The file."""
    body = bytearray(b"\0" * 512)
    segments: list[tuple[int, int, int, int]] = []
    sections: list[tuple[str, int, int, int]] = []

    def put(data: bytes, align: int = 16) -> int:
        body.extend(b"\0" * (-len(body) % align))
        body.extend(data)
        return len(body) - len(data)

    if elf.interpreter:
        data = elf.interpreter.encode() + b"\0"
        segments.append((PT_INTERP, 4, put(data), len(data)))
    if elf.needed:
        names = b"\0" + b"".join(name.encode() + b"\0" for name in elf.needed)
        at = put(names)
        entries, offset = b"", 1
        for name in elf.needed:
            entries += struct.pack("<QQ", 1, offset)
            offset += len(name) + 1
        entries += struct.pack("<QQ", 5, _BASE + at) + struct.pack("<QQ", 0, 0)
        segments.append((PT_DYNAMIC, 6, put(entries), len(entries)))
    if elf.build_info:
        at = put(elf.build_info)
        sections.append((".go.buildinfo", SHT_PROGBITS, at, len(elf.build_info)))
        segments.append((PT_LOAD, 6, at, len(elf.build_info)))
    if elf.symbols:
        sections.append((".symtab", SHT_SYMTAB, put(b"\0" * 48), 48))
    if elf.debug:
        sections.append((".debug_info", SHT_PROGBITS, put(b"\0" * 8), 8))
    put(b"\0" * elf.padding)
    segments.insert(0, (PT_LOAD, 5, 0, len(body)))
    table_at = section_count = 0
    if elf.sections:
        sections.append((".shstrtab", SHT_STRTAB, 0, 0))
        names = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections)
        names_at = put(names)
        headers, name_at = b"\0" * 64, 1
        for name, kind, at, size in sections:
            if name == ".shstrtab":
                at, size = names_at, len(names)
            headers += struct.pack("<IIQQQQIIQQ", name_at, kind, 0, 0, at, size, 0, 0, 1, 0)
            name_at += len(name) + 1
        table_at = put(headers)
        section_count = len(sections) + 1
    program_headers = b"".join(
        struct.pack("<IIQQQQQQ", kind, flags, at, _BASE + at, _BASE + at, size, size, 16)
        for kind, flags, at, size in segments
    )
    header = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header += struct.pack(
        "<HHIQQQIHHHHHH",
        elf.kind,
        elf.machine,
        1,
        _BASE,
        64,
        table_at,
        0,
        64,
        56,
        len(segments),
        64,
        section_count,
        section_count - 1 if section_count else 0,
    )
    start = header + program_headers
    assert len(start) <= 512
    body[: len(start)] = start
    return bytes(body)
