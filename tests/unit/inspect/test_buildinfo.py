from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tutor.core.errors import InspectError
from tutor.core.image import GoBuildInfo
from tutor.inspect.buildinfo import read_build_info

MODULES = (
    "path\texample.com/fromscratch/service\n"
    "mod\texample.com/fromscratch/service\t(devel)\t\n"
    "dep\tgolang.org/x/text\tv0.3.0\th1:abc=\n"
    "dep\texample.com/old\tv1.0.0\n"
    "=>\texample.com/fork\tv1.1.0\th1:def=\n"
    'build\t-ldflags="-s -w"\n'
    "build\tCGO_ENABLED=0\n"
)


def read(info: bytes, *, sections: bool = True) -> GoBuildInfo | None:
    return read_build_info(io.BytesIO(elf_bytes(Elf(build_info=info, sections=sections))))


@pytest.mark.parametrize("sections", [True, False])
def test_what_go_build_wrote_is_read_with_and_without_sections(sections: bool) -> None:
    found = read(go_build_info("go1.21.13", MODULES), sections=sections)
    assert found == GoBuildInfo(
        version="go1.21.13",
        main_module="example.com/fromscratch/service",
        settings=(("-ldflags", "-s -w"), ("CGO_ENABLED", "0")),
        modules=(("golang.org/x/text", "v0.3.0"), ("example.com/fork", "v1.1.0")),
    )


def test_a_single_file_has_no_main_module() -> None:
    found = read(go_build_info("go1.21.13", "path\tcommand-line-arguments\n"))
    assert found is not None
    assert found.main_module == ""


def test_no_modules_at_all_leave_the_version() -> None:
    assert read(go_build_info("go1.22", "")) == GoBuildInfo("go1.22")


def test_a_program_that_is_not_go_has_none() -> None:
    assert read_build_info(io.BytesIO(elf_bytes(Elf()))) is None


def test_the_form_with_pointers_from_before_1_18_has_none() -> None:
    info = bytearray(go_build_info("go1.17", ""))
    info[15] = 0
    assert read(bytes(info)) is None


def test_what_is_no_elf_has_none() -> None:
    assert read_build_info(io.BytesIO(b"#!/bin/sh\n")) is None


def test_lengths_that_lead_out_of_the_file_yield_what_is_there() -> None:
    info = bytearray(go_build_info("go1.21.13", MODULES))
    info[32] = 0x7F
    found = read(bytes(info))
    assert found is not None
    assert found.main_module == ""


@given(st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=20))
def test_flipped_bytes_are_read_or_refused_in_words(flips: list[tuple[int, int]]) -> None:
    data = bytearray(elf_bytes(Elf(build_info=go_build_info("go1.21.13", MODULES))))
    for place, value in flips:
        data[place % len(data)] = value
    try:
        found = read_build_info(io.BytesIO(bytes(data)))
    except InspectError as error:
        assert error.what
        return
    assert found is None or found.version
