"""Go's line table: which function begins where. It survives stripping, since stack traces need it.

The layout is that of ``pcHeader`` and ``_func`` in Go's runtime/symtab.go and runtime/runtime2.go,
read from 1.18 on. Only distances between functions are taken from it: where the code begins in
memory is left to the program's loader by newer compilers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tutor.core.errors import InspectError
from tutor.inspect.elf import ElfReader, Section, Segment
from tutor.inspect.package import PackageBook

_MAGICS = {0xFFFFFFF0: "1.18", 0xFFFFFFF1: "1.20"}
_OLDER_MAGICS = {0xFFFFFFFB, 0xFFFFFFFA}
_HEADER_NUMBERS = 8
_FUNCTION_LIMIT = 1_000_000
_NAMES_LIMIT_BYTES = 48 * 1024 * 1024
_NAME_LENGTH_LIMIT = 4_096
_SEARCH_LIMIT_BYTES = 256 * 1024 * 1024
_SEARCH_CHUNK_BYTES = 1024 * 1024
_HEAD_BYTES = 8
_WINDOW_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the table lies in the file, and how its numbers are written."""

    offset: int
    size: int
    order: str
    """``<`` or ``>``, as struct takes it."""
    pointer_bytes: int


def attribute_line_table(
    reader: ElfReader,
    sections: tuple[Section, ...],
    segments: tuple[Segment, ...],
    code_bytes: int,
    book: PackageBook,
) -> str:
    """Put what the line table names into ``book``; why not when it cannot, else an empty text.

    Raises:
        InspectError: the table is damaged.
    """
    place = _find(reader, sections, segments)
    if isinstance(place, str):
        return place
    numbers = _numbers(reader, place)
    count, names_at, names_end, functions_at = numbers[0], numbers[3], numbers[4], numbers[7]
    if not count:
        return "The line table names no function."
    names_bytes = max(0, min(names_end, place.size) - names_at)
    if count > _FUNCTION_LIMIT or names_bytes > _NAMES_LIMIT_BYTES:
        return "The line table is larger than what is read here."
    # Pairs of a function's start and its record's place, and at last the end of the code.
    length = 4 * (2 * count + 1)
    table = _within(reader, place, functions_at, length)
    pairs = struct.unpack(f"{place.order}{2 * count + 1}I", table)
    if pairs[-1] - pairs[0] > code_bytes:
        raise InspectError("The program's line table does not fit its code.")
    names = reader.read(place.offset + names_at, names_bytes)
    window = _Window(reader, place)
    found: list[tuple[int, int]] = []
    for index in range(count):
        distance = pairs[2 * index + 2] - pairs[2 * index]
        if distance < 0:
            raise InspectError("The program's line table is damaged: its functions are out of order.")
        if distance:
            name_at = window.number(functions_at + pairs[2 * index + 1] + 4)
            found.append((name_at, distance))
    for name_at, distance in found:
        end = names.find(b"\0", name_at, name_at + _NAME_LENGTH_LIMIT) if 0 <= name_at < names_bytes else -1
        book.add_function(names[name_at:end].decode("utf-8", "replace") if end >= 0 else "", distance)
    return ""


def _find(reader: ElfReader, sections: tuple[Section, ...], segments: tuple[Segment, ...]) -> _Place | str:
    for section in sections:
        if "gopclntab" in section.name and section.size:
            return _recognised(reader, section.offset, section.size) or "The line table is of no known kind."
    left = _SEARCH_LIMIT_BYTES
    for segment in segments:
        if segment.kind != "PT_LOAD":
            continue
        size = min(segment.size, left, max(0, reader.size - segment.offset))
        left -= size
        found = _search(reader, segment, size)
        if found is not None:
            return found
    return "There is no line table of Go."


def _search(reader: ElfReader, segment: Segment, size: int) -> _Place | None:
    order = "<" if reader.elf.little_endian else ">"
    marks = [struct.pack(f"{order}IH", magic, 0) for magic in _MAGICS]
    for begin in range(0, size, _SEARCH_CHUNK_BYTES):
        data = reader.read(segment.offset + begin, _SEARCH_CHUNK_BYTES + _HEAD_BYTES)
        for mark in marks:
            at = data.find(mark)
            while 0 <= at < _SEARCH_CHUNK_BYTES:
                offset = segment.offset + begin + at
                place = _recognised(reader, offset, segment.offset + segment.size - offset)
                if isinstance(place, _Place) and _is_plausible(reader, place):
                    return place
                at = data.find(mark, at + 1)
    return None


def _recognised(reader: ElfReader, offset: int, size: int) -> _Place | str | None:
    """The table that begins here; a text when its kind is known and not read; None for neither."""
    head = reader.read(offset, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES:
        return None
    order = "<" if reader.elf.little_endian else ">"
    magic = struct.unpack(f"{order}I", head[:4])[0]
    if magic in _OLDER_MAGICS:
        return "The line table is of Go 1.17 or older, which is not read here."
    # Two zeros, the least step between instructions, the width of a pointer.
    if magic not in _MAGICS or head[4:6] != b"\0\0" or head[6] not in (1, 2, 4) or head[7] not in (4, 8):
        return None
    return _Place(offset, min(size, reader.size - offset), order, head[7])


def _numbers(reader: ElfReader, place: _Place) -> tuple[int, ...]:
    form = f"{place.order}{_HEADER_NUMBERS}{'Q' if place.pointer_bytes == 8 else 'I'}"
    return struct.unpack(form, _within(reader, place, _HEAD_BYTES, struct.calcsize(form)))


def _is_plausible(reader: ElfReader, place: _Place) -> bool:
    try:
        numbers = _numbers(reader, place)
    except InspectError:
        return False
    return 0 < numbers[0] <= _FUNCTION_LIMIT and all(number < place.size for number in numbers[3:])


def _within(reader: ElfReader, place: _Place, at: int, count: int) -> bytes:
    data = reader.read(place.offset + at, count) if at + count <= place.size else b""
    if len(data) < count:
        raise InspectError("The program's line table ends before its functions do.")
    return data


class _Window:
    """Numbers at ascending places, read from a buffer that moves along."""

    __slots__ = ("_begin", "_data", "_form", "_place", "_reader")

    def __init__(self, reader: ElfReader, place: _Place) -> None:
        self._reader = reader
        self._place = place
        self._form = struct.Struct(f"{place.order}I")
        self._begin = 0
        self._data = b""

    def number(self, at: int) -> int:
        """The number of four bytes at a place of the table."""
        within = at - self._begin
        if not 0 <= within <= len(self._data) - 4:
            # A damaged table may jump about: then only as much is read as one number needs.
            count = _WINDOW_BYTES if 0 <= within < 2 * _WINDOW_BYTES or not self._data else 4
            self._data = _within(self._reader, self._place, at, max(4, min(count, self._place.size - at)))
            self._begin, within = at, 0
        return int(self._form.unpack_from(self._data, within)[0])
