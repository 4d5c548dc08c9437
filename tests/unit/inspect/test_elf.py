from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tutor.core.errors import InspectError
from tutor.core.image import ElfFacts
from tutor.inspect.elf import read_elf

DYNAMIC = Elf(
    kind=3,
    interpreter="/lib/ld-musl-x86_64.so.1",
    needed=("libc.so.6", "libm.so.6"),
    symbols=True,
    debug=True,
    build_info=go_build_info("go1.21.13", "path\tx\n"),
)


def facts(elf: Elf) -> ElfFacts:
    found = read_elf(io.BytesIO(elf_bytes(elf)))
    assert found is not None
    return found


def test_a_static_program_asks_for_nothing() -> None:
    found = facts(Elf())
    assert (found.machine, found.kind) == ("x86-64", "EXEC")
    assert found.is_static
    assert found.is_stripped
    assert found.size_bytes == len(elf_bytes(Elf()))


def test_a_dynamic_program_names_its_loader_and_its_libraries() -> None:
    found = facts(DYNAMIC)
    assert found.interpreter == "/lib/ld-musl-x86_64.so.1"
    assert found.needed == ("libc.so.6", "libm.so.6")
    assert not found.is_static


def test_libraries_are_found_without_any_sections() -> None:
    assert facts(Elf(needed=("libc.so.6",), sections=False)).needed == ("libc.so.6",)


def test_a_loader_without_libraries_is_not_static() -> None:
    assert not facts(Elf(kind=3, interpreter="/lib64/ld-linux-x86-64.so.2")).is_static


@pytest.mark.parametrize(("symbols", "debug"), [(True, False), (False, True), (True, True)])
def test_symbols_and_debug_data_are_told_apart(symbols: bool, debug: bool) -> None:
    found = facts(Elf(symbols=symbols, debug=debug))
    assert (found.has_symbol_table, found.has_debug_sections) == (symbols, debug)
    assert not found.is_stripped


@pytest.mark.parametrize("sections", [True, False])
def test_what_is_never_loaded_is_counted_whatever_it_is_called(sections: bool) -> None:
    plain, hidden = elf_bytes(Elf(sections=sections)), b"s" * 100_000
    before, after = read_elf(io.BytesIO(plain)), read_elf(io.BytesIO(plain + hidden))
    assert before is not None
    assert after is not None
    assert after.unloaded_bytes - before.unloaded_bytes == len(hidden)
    assert before.is_stripped
    assert not after.is_stripped


def test_zeros_up_to_the_next_page_are_padding_and_nothing_that_is_hidden() -> None:
    plain = elf_bytes(Elf(machine=183))
    before, padded = read_elf(io.BytesIO(plain)), read_elf(io.BytesIO(plain + bytes(60_000)))
    assert before is not None
    assert padded is not None
    assert padded.unloaded_bytes == before.unloaded_bytes
    with_more = read_elf(io.BytesIO(plain + bytes(60_000) + b"s" * 60_000))
    assert with_more is not None
    assert not with_more.is_stripped


@pytest.mark.parametrize(("number", "name"), [(183, "aarch64"), (3, "x86"), (243, "riscv"), (40, "arm")])
def test_machines_have_names(number: int, name: str) -> None:
    assert facts(Elf(machine=number)).machine == name


@pytest.mark.parametrize("data", [b"", b"\x7f", b"#!/bin/sh\n", b"MZ" + b"\0" * 200])
def test_what_is_no_elf_is_none(data: bytes) -> None:
    assert read_elf(io.BytesIO(data)) is None


@pytest.mark.parametrize("length", [4, 16, 40, 63, 100])
def test_a_file_that_ends_in_its_headers_is_damaged(length: int) -> None:
    with pytest.raises(InspectError):
        read_elf(io.BytesIO(elf_bytes(DYNAMIC)[:length]))


def test_a_file_that_names_millions_of_segments_is_refused_at_once() -> None:
    data = bytearray(elf_bytes(Elf()))
    data[56:58] = struct.pack("<H", 60_000)
    with pytest.raises(InspectError, match="60000 parts"):
        read_elf(io.BytesIO(bytes(data)))


def test_a_section_count_beyond_the_header_is_bounded() -> None:
    data = bytearray(elf_bytes(Elf(symbols=True)))
    table = struct.unpack_from("<Q", data, 40)[0]
    data[60:62] = b"\0\0"
    struct.pack_into("<Q", data, table + 32, 1 << 40)
    with pytest.raises(InspectError, match="parts"):
        read_elf(io.BytesIO(bytes(data)))


def test_a_section_count_beyond_the_header_is_followed() -> None:
    data = bytearray(elf_bytes(Elf(symbols=True)))
    table = struct.unpack_from("<Q", data, 40)[0]
    count = struct.unpack_from("<H", data, 60)[0]
    data[60:62] = b"\0\0"
    struct.pack_into("<Q", data, table + 32, count)
    found = read_elf(io.BytesIO(bytes(data)))
    assert found is not None
    assert found.has_symbol_table


def test_a_library_name_with_control_sequences_is_cleaned() -> None:
    assert facts(Elf(needed=("lib\x1b[31mred.so",))).needed == ("libred.so",)


@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=20))
def test_flipped_bytes_are_read_or_refused_in_words(flips: list[tuple[int, int]]) -> None:
    data = bytearray(elf_bytes(DYNAMIC))
    for place, value in flips:
        data[place % len(data)] = value
    try:
        found = read_elf(io.BytesIO(bytes(data)))
    except InspectError as error:
        assert error.what
        return
    assert found is None or found.size_bytes == len(data)


@given(st.binary(max_size=600))
def test_noise_behind_the_magic_is_read_or_refused_in_words(noise: bytes) -> None:
    try:
        found = read_elf(io.BytesIO(b"\x7fELF" + noise))
    except InspectError:
        return
    assert found is not None
