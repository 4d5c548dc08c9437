"""Headers of tar archives, read fast and forwards only.

``tarfile`` in stream mode takes several times as long for the ten thousand files of a toolchain.
Formats: ustar, GNU (long names, base-256 numbers), PAX; see pax(1) and tar(5). Sparse files of the
old GNU kind are refused: no image holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tutor.core.errors import InspectError
from tutor.core.image import FileKind
from tutor.inspect.stream import ByteReader

BLOCK = 512
_ZEROS = b"\0" * BLOCK
_EXTENSION_LIMIT_BYTES = 1024 * 1024
_KINDS = {
    0x30: FileKind.FILE,
    0x00: FileKind.FILE,
    0x37: FileKind.FILE,
    0x31: FileKind.HARDLINK,
    0x32: FileKind.SYMLINK,
    0x33: FileKind.DEVICE,
    0x34: FileKind.DEVICE,
    0x35: FileKind.DIRECTORY,
    0x36: FileKind.DEVICE,
}


@dataclass(slots=True)
class Member:
    """One name in an archive, as written there."""

    name: str
    kind: FileKind
    size: int
    """Bytes of content that follow the header; 0 for all but files."""
    mode: int
    uid: int
    gid: int
    target: str


def _damaged(detail: str) -> InspectError:
    return InspectError(f"The image's archive is damaged: {detail}.")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise _damaged("a number in a header is negative")
        return int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    try:
        number = int(field.rstrip(b"\0 ") or b"0", 8)
    except ValueError:
        raise _damaged("a header holds a number that is none") from None
    if number < 0:
        raise _damaged("a number in a header is negative")
    return number


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def looks_like_header(block: bytes) -> bool:
    """Whether a block of 512 bytes is the header of a member (its checksum fits), or an empty archive."""
    if len(block) < BLOCK:
        return False
    return block == _ZEROS or _checksum_fits(block)


def _checksum_fits(block: bytes) -> bool:
    try:
        stored = _number(block[148:156])
    except InspectError:
        return False
    # The field of the checksum itself counts as eight spaces.
    return stored == sum(block[:148]) + sum(block[156:]) + 256


def _pax(data: bytes) -> dict[str, str]:
    records: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        length = data[at:space] if space > at else b""
        if not length.isdigit():
            if data[at:].strip(b"\0"):
                raise _damaged("an extended header cannot be read")
            break
        end = at + int(length)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space + 1 or not equals:
            raise _damaged("an extended header cannot be read")
        records[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at = end
    return records


def _pax_number(records: dict[str, str], key: str, default: int) -> int:
    text = records.get(key)
    if text is None:
        return default
    # Owners may be written as decimal fractions by nobody, but a hostile length must not pass.
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _damaged(f"an extended header gives no number for {key}")
    return int(text)


def _apply(member: Member, records: dict[str, str]) -> None:
    member.name = records.get("GNU.sparse.name", records.get("path", member.name))
    member.target = records.get("linkpath", member.target)
    member.uid = _pax_number(records, "uid", member.uid)
    member.gid = _pax_number(records, "gid", member.gid)
    if member.kind is FileKind.FILE:
        member.size = _pax_number(records, "size", member.size)


def members(reader: ByteReader, end: int | None = None) -> Iterator[Member]:
    """The members of an archive that ends at position ``end`` of the reader, or with the reader.

    The caller may take any part of a member's content; the rest is left out when it goes on.

    Raises:
        InspectError: the archive is damaged or ends too early.
    """
    shared: dict[str, str] = {}
    extended: dict[str, str] = {}
    long_name = long_target = None
    while True:
        if (end is not None and reader.position + BLOCK > end) or not reader.peek(1):
            return
        block = reader.take(BLOCK)
        if block == _ZEROS:
            return
        if not _checksum_fits(block):
            raise _damaged("the checksum of a header does not fit")
        flag = block[156]
        size = _number(block[124:136])
        if flag in b"xXgLK":
            if size > _EXTENSION_LIMIT_BYTES:
                raise _damaged("an extended header is larger than any file name")
            _within(reader, size, end)
            data = reader.take(size)
            reader.skip(-size % BLOCK)
            if flag in b"xX":
                extended = _pax(data)
            elif flag == 0x67:
                shared |= _pax(data)
            elif flag == 0x4C:
                long_name = _text(data)
            else:
                long_target = _text(data)
            continue
        if flag == 0x53:
            raise InspectError(
                "The image's archive holds a sparse file of the old GNU kind, which no image has."
            )
        member = _member(block, flag, size)
        if member is not None:
            member.name = long_name or member.name
            member.target = long_target or member.target
            if shared or extended:
                _apply(member, shared | extended if shared else extended)
            size = member.size
        _within(reader, size, end)
        after = reader.position + size + -size % BLOCK
        extended, long_name, long_target = {}, None, None
        if member is not None:
            yield member
        reader.skip(after - reader.position if end is None else min(after, end) - reader.position)


def _within(reader: ByteReader, size: int, end: int | None) -> None:
    if end is not None and reader.position + size > end:
        raise _damaged("a file reaches beyond its archive")


def _member(block: bytes, flag: int, size: int) -> Member | None:
    """The header as a member; None for a kind that carries no name of its own."""
    kind = _KINDS.get(flag)
    if kind is None:
        return None
    name = _text(block[:100])
    if block[345] and block[257:263] == b"ustar\0":
        name = f"{_text(block[345:500])}/{name}"
    if flag == 0 and name.endswith("/"):
        kind = FileKind.DIRECTORY
    return Member(
        name,
        kind,
        size if kind is FileKind.FILE else 0,
        _number(block[100:108]) & 0o7777,
        _number(block[108:116]),
        _number(block[116:124]),
        _text(block[157:257]) if kind in (FileKind.SYMLINK, FileKind.HARDLINK) else "",
    )
