"""What a Go binary says of its own build: version, main module, settings, modules.

Written by ``go build`` since 1.18 in a form that needs no relocation; the layout is that of
debug/buildinfo in Go's own library. It survives stripping. It is a claim: ``-trimpath`` hides flags.
"""

from __future__ import annotations

from typing import BinaryIO

from tutor.core.image import GoBuildInfo
from tutor.core.text import clean_line
from tutor.inspect.elf import ElfReader, damage_in_words

_MAGIC = b"\xff Go buildinf:"
_ALIGN = 16
_HEADER_BYTES = 32
_INLINE_FLAG = 2
_SEARCH_BYTES = 1024 * 1024
_TEXT_LIMIT_BYTES = 4 * 1024 * 1024
_RECORD_LIMIT = 20_000
_SENTINEL_BYTES = 16


def read_build_info(file: BinaryIO) -> GoBuildInfo | None:
    """Read the build info of a Go binary; None when there is none, or it is from before Go 1.18.

    Raises:
        InspectError: the file begins as ELF, and is damaged.
    """
    with damage_in_words():
        file.seek(0)
        if file.read(4) != b"\x7fELF":
            return None
        reader = ElfReader(file)
        at = _find(reader)
        return _parse(reader, at) if at is not None else None


def _find(reader: ElfReader) -> int | None:
    for section in reader.sections():
        if section.name == ".go.buildinfo" and reader.read(section.offset, len(_MAGIC)) == _MAGIC:
            return section.offset
    for segment in reader.segments():
        if segment.kind != "PT_LOAD" or not segment.writable:
            continue
        data = reader.read(segment.offset, min(segment.size, _SEARCH_BYTES))
        at = data.find(_MAGIC)
        while at >= 0:
            if (segment.address + at) % _ALIGN == 0:
                return segment.offset + at
            at = data.find(_MAGIC, at + 1)
    return None


def _parse(reader: ElfReader, at: int) -> GoBuildInfo | None:
    header = reader.read(at, _HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header[15] & _INLINE_FLAG:
        return None
    version, after = _string(reader, at + _HEADER_BYTES)
    modules, _ = _string(reader, after)
    # Sentinels of 16 bytes stand around the text, so that it can be found in a running process.
    if len(modules) > 2 * _SENTINEL_BYTES and modules[-_SENTINEL_BYTES - 1 : -_SENTINEL_BYTES] == b"\n":
        modules = modules[_SENTINEL_BYTES:-_SENTINEL_BYTES]
    else:
        modules = b""
    shown = clean_line(version.decode("utf-8", "replace"), 200)
    return _records(shown, modules.decode("utf-8", "replace")) if shown else None


def _string(reader: ElfReader, at: int) -> tuple[bytes, int]:
    """A length as a variable-length number, then as many bytes; and where it ends."""
    length = shift = used = 0
    for byte in reader.read(at, 10):
        used += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    text = reader.read(at + used, min(length, _TEXT_LIMIT_BYTES))
    return text, at + used + length


def _records(version: str, text: str) -> GoBuildInfo:
    main_module = ""
    settings: list[tuple[str, str]] = []
    modules: list[tuple[str, str]] = []
    for line in text.split("\n")[:_RECORD_LIMIT]:
        fields = [clean_line(field) for field in line.split("\t")]
        kind, rest = fields[0], fields[1:]
        if kind == "mod" and rest:
            main_module = rest[0]
        elif kind == "dep" and rest:
            modules.append((rest[0], rest[1] if len(rest) > 1 else ""))
        elif kind == "=>" and rest and modules:
            # A replacement: what was linked is the second name.
            modules[-1] = (rest[0], rest[1] if len(rest) > 1 else "")
        elif kind == "build" and rest:
            key, _, value = rest[0].partition("=")
            settings.append((key.strip('"'), value.strip('"')))
    return GoBuildInfo(version, main_module, tuple(settings), tuple(modules))
