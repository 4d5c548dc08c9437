from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inspect.image_archive import Name, file, folder, hardlink, one_way, symlink, tar
from tutor.core.errors import InspectError
from tutor.core.image import FileKind
from tutor.inspect.stream import open_reader
from tutor.inspect.tar import Member, looks_like_header, members

FORMATS = pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])


def read(data: bytes) -> list[Member]:
    return list(members(open_reader(one_way(data))))


@FORMATS
def test_every_kind_of_name_is_read(form: int) -> None:
    names = [
        folder("etc/"),
        file("etc/passwd", b"root:x:0:0\n", mode=0o600),
        symlink("bin", "usr/bin"),
        hardlink("etc/other", "etc/passwd"),
        Name("dev/null", kind=tarfile.CHRTYPE),
        Name("pipe", kind=tarfile.FIFOTYPE, uid=65532),
    ]
    found = read(tar(names, form))
    assert [(item.name.rstrip("/"), item.kind) for item in found] == [
        ("etc", FileKind.DIRECTORY),
        ("etc/passwd", FileKind.FILE),
        ("bin", FileKind.SYMLINK),
        ("etc/other", FileKind.HARDLINK),
        ("dev/null", FileKind.DEVICE),
        ("pipe", FileKind.DEVICE),
    ]
    assert (found[1].size, found[1].mode) == (11, 0o600)
    assert (found[2].target, found[3].target, found[5].uid) == ("usr/bin", "etc/passwd", 65532)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_and_targets_longer_than_a_header_are_whole(form: int) -> None:
    long_name = "/".join(["folder" * 5] * 20)
    found = read(tar([file(long_name, b"x"), symlink("short", long_name), file("after", b"yz")], form))
    assert [item.name for item in found] == [long_name, "short", "after"]
    assert found[1].target == long_name
    assert found[2].size == 2


def test_a_ustar_name_is_joined_from_its_two_fields() -> None:
    name = "a" * 90 + "/" + "b" * 80
    assert read(tar([file(name)], tarfile.USTAR_FORMAT))[0].name == name


def test_a_large_owner_in_base_256_is_read() -> None:
    assert read(tar([Name("f", uid=3_000_000_000)], tarfile.GNU_FORMAT))[0].uid == 3_000_000_000


def test_a_name_that_is_no_utf8_survives() -> None:
    data = tar([file("caf\udce9", b"1")], tarfile.GNU_FORMAT)
    assert read(data)[0].name == "caf\udce9"


def test_content_that_is_not_taken_is_left_out() -> None:
    reader = open_reader(io.BytesIO(tar([file("a", b"x" * 3000), file("b", b"hello")])))
    taken = {}
    for member in members(reader):
        taken[member.name] = reader.take(1)
    assert taken == {"a": b"x", "b": b"h"}


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=1, max_value=700))
def test_pieces_of_any_size_give_the_same_members(names: int, piece: int) -> None:
    whole = tar([file(f"f{index}", b"x" * (index * 37)) for index in range(names)])
    found = list(members(open_reader(one_way(whole, piece))))
    assert [item.size for item in found] == [index * 37 for index in range(names)]


def test_an_archive_that_ends_in_the_middle_of_a_file_is_named_so() -> None:
    data = tar([file("a", b"x" * 5000)])
    with pytest.raises(InspectError, match="ends in the middle"):
        read(data[:2000])


def test_a_broken_checksum_is_damage() -> None:
    data = bytearray(tar([file("a", b"x")], tarfile.GNU_FORMAT))
    data[0] ^= 1
    with pytest.raises(InspectError, match="checksum"):
        read(bytes(data))


def resealed(block: bytearray) -> bytes:
    """A header whose checksum fits again."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (124, b"-0000000001\0", "negative"),
        (124, b"99999999999\0", "number"),
        (124, b"\xff" * 12, "negative"),
        (156, b"S", "sparse"),
        (156, b"L", "larger than any file name"),
    ],
)
def test_a_hostile_header_is_refused_in_words(place: int, value: bytes, says: str) -> None:
    data = bytearray(tar([file("a", b"x")], tarfile.GNU_FORMAT)[:512])
    if value == b"L":
        data[124:136] = b"77777777777\0"
    data[place : place + len(value)] = value
    with pytest.raises(InspectError, match=says):
        read(resealed(data) + b"\0" * 1024)


@pytest.mark.parametrize("record", [b"999 path=x\n", b"0 path=x\n", b"path=x\n", b"9 novalue\n"])
def test_a_hostile_extended_header_is_refused_in_words(record: bytes) -> None:
    header = bytearray(tar([file("h", record)], tarfile.GNU_FORMAT)[:512])
    header[156:157] = b"x"
    body = record + b"\0" * (-len(record) % 512)
    with pytest.raises(InspectError, match="extended header"):
        read(resealed(header) + body + tar([file("a", b"x")], tarfile.GNU_FORMAT))


def test_a_file_may_not_reach_beyond_the_archive_it_lies_in() -> None:
    data = tar([file("a", b"x" * 5000)], tarfile.GNU_FORMAT)
    with pytest.raises(InspectError, match="beyond"):
        list(members(open_reader(io.BytesIO(data)), 1024))


@given(st.binary(max_size=2000))
def test_noise_is_refused_or_read_as_nothing(noise: bytes) -> None:
    try:
        found = read(noise)
    except InspectError:
        return
    assert found == []


@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=12))
def test_a_flipped_byte_never_raises_anything_but_inspect_error(flips: list[tuple[int, int]]) -> None:
    data = bytearray(tar([file("a" * 120, b"x" * 700), symlink("s", "t" * 150)], tarfile.GNU_FORMAT)[:4096])
    for place, value in flips:
        data[place % len(data)] = value
    try:
        found = read(bytes(data))
    except InspectError:
        return
    assert len(found) <= 2


def test_only_a_header_looks_like_one() -> None:
    assert looks_like_header(tar([file("a")])[:512])
    assert looks_like_header(b"\0" * 512)
    assert not looks_like_header(b"{" + b" " * 511)
    assert not looks_like_header(b"\0" * 100)
