"""A small Go program written by hand: code, a line table and symbols, each as the linker lays them out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

TEXT = 0x401000
RODATA = 0x500000
_ALLOCATED, _EXECUTED, _WRITABLE = 2, 4, 1


@dataclass(frozen=True)
class Function:
    """One function: its name, where it starts after the text's start, and its own length."""

    name: str
    start: int
    size: int


FUNCTIONS = (
    Function("internal/cpu.Initialize", 0, 90),
    Function("runtime.main", 96, 200),
    Function("runtime.gopanic", 320, 100),
    Function("main.main", 448, 60),
)
TEXT_BYTES = 512


def line_table(
    functions: Sequence[Function] = FUNCTIONS, *, magic: int = 0xFFFFFFF1, end: int = TEXT_BYTES
) -> bytes:
    """As runtime/symtab.go reads it."""
    names, name_places = b"", []
    for function in functions:
        name_places.append(len(names))
        names += function.name.encode() + b"\0"
    header_bytes = 8 + 8 * 8
    names += b"\0" * (-len(names) % 8)
    table_bytes = 4 * (2 * len(functions) + 1)
    records, pairs = b"", b""
    for function, place in zip(functions, name_places, strict=True):
        pairs += struct.pack("<II", function.start, table_bytes + len(records))
        records += struct.pack("<IiiIIIIiBBBB", function.start, place, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    pairs += struct.pack("<I", end)
    numbers = (len(functions), 1, TEXT, header_bytes, *[header_bytes + len(names)] * 4)
    return struct.pack("<IHBB8Q", magic, 0, 1, 8, *numbers) + names + pairs + records


def go_program(
    *,
    symbols: bool = True,
    table: bytes | None = None,
    table_name: str = ".gopclntab",
    sections: bool = True,
    tail: bytes = b"",
) -> bytes:
    """An ELF file with code, constants, a line table, and symbols if wanted."""
    table = line_table() if table is None else table
    constants = bytes(range(64))
    body = bytearray(b"\0" * 0x1000)
    headers: list[tuple[str, int, int, int, int, int, int]] = []

    def put(name: str, kind: int, flags: int, address: int, data: bytes, link: int = 0) -> int:
        body.extend(b"\0" * (-len(body) % 16))
        headers.append((name, kind, flags, address, len(body), len(data), link))
        body.extend(data)
        return len(body) - len(data)

    text_at = put(".text", 1, _ALLOCATED | _EXECUTED, TEXT, b"\xcc" * TEXT_BYTES)
    put(".rodata", 1, _ALLOCATED, RODATA, constants)
    put(table_name, 1, _ALLOCATED, RODATA + 0x1000, table)
    put(".bss", 8, _ALLOCATED | _WRITABLE, 0x600000, b"")
    if symbols:
        names, records = b"\0", b"\0" * 24
        for function in FUNCTIONS:
            records += struct.pack("<IBBHQQ", len(names), 2, 0, 1, TEXT + function.start, function.size)
            names += function.name.encode() + b"\0"
        # The linker's marks have no length; a variable without a place in the file has no bytes.
        records += struct.pack("<IBBHQQ", len(names), 2, 0, 1, TEXT, 0)
        names += b"runtime.text\0"
        records += struct.pack("<IBBHQQ", len(names), 1, 0, 2, RODATA, 40)
        names += b"main.table\0"
        records += struct.pack("<IBBHQQ", len(names), 1, 0, 4, 0x600000, 4096)
        names += b"runtime.mheap_\0"
        put(".symtab", 2, 0, 0, records, link=len(headers) + 2)
        put(".strtab", 3, 0, 0, names)
        put(".debug_info", 1, 0, 0, b"D" * 32)
    count = section_at = 0
    if sections:
        names = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in headers) + b".shstrtab\0"
        put(".shstrtab", 3, 0, 0, names)
        body.extend(b"\0" * (-len(body) % 16))
        section_at, place = len(body), 1
        body.extend(b"\0" * 64)
        for name, kind, flags, address, at, size, link in headers:
            size = 4096 if kind == 8 else size
            body.extend(struct.pack("<IIQQQQIIQQ", place, kind, flags, address, at, size, link, 0, 1, 0))
            place += len(name) + 1
        count = len(headers) + 1
    loaded = [
        struct.pack("<IIQQQQQQ", 1, 5, text_at, TEXT, TEXT, TEXT_BYTES, TEXT_BYTES, 16),
        struct.pack(
            "<IIQQQQQQ",
            1,
            4,
            headers[1][4],
            RODATA,
            RODATA,
            *[headers[2][4] + len(table) - headers[1][4]] * 2,
            16,
        ),
    ]
    header = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header += struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, TEXT, 64, section_at, 0, 64, 56, len(loaded), 64, count, max(0, count - 1)
    )
    start = header + b"".join(loaded)
    body[: len(start)] = start
    return bytes(body) + tail
