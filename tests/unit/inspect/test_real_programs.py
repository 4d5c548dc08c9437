from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutor.core.errors import InspectError
from tutor.core.image import ElfFacts, GoBuildInfo
from tutor.inspect.buildinfo import read_build_info
from tutor.inspect.elf import read_elf

Compiled = Callable[[str], Path]


def read(path: Path) -> tuple[ElfFacts, GoBuildInfo]:
    with path.open("rb") as file:
        elf, info = read_elf(file), read_build_info(file)
    assert elf is not None
    assert info is not None
    return elf, info


@pytest.mark.embedded
class TestGo:
    def test_a_plain_program_is_static_and_keeps_its_symbols(self, compiled: Compiled) -> None:
        elf, info = read(compiled("plain"))
        assert (elf.machine, elf.kind) == ("x86-64", "EXEC")
        assert elf.is_static
        assert (elf.has_symbol_table, elf.has_debug_sections) == (True, True)
        assert elf.size_bytes == compiled("plain").stat().st_size
        assert info.version.startswith("go1.")
        assert info.main_module == "example.com/hello"
        assert dict(info.settings)["CGO_ENABLED"] == "0"

    def test_a_stripped_program_has_no_symbols_and_still_its_build_info(self, compiled: Compiled) -> None:
        elf, info = read(compiled("stripped"))
        assert elf.is_stripped
        assert elf.is_static
        assert info.main_module == "example.com/hello"

    def test_a_position_independent_program_asks_for_a_loader_although_cgo_is_off(
        self, compiled: Compiled
    ) -> None:
        elf, info = read(compiled("pie"))
        assert elf.kind == "DYN"
        assert elf.interpreter.startswith("/lib")
        assert not elf.is_static
        assert dict(info.settings)["-buildmode"] == "pie"

    def test_another_machine_is_told(self, compiled: Compiled) -> None:
        elf, info = read(compiled("arm64"))
        assert elf.machine == "aarch64"
        assert info.main_module == "example.com/hello"

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(flips=st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), min_size=1, max_size=8))
    def test_a_damaged_head_is_read_or_refused_in_words(
        self, compiled: Compiled, flips: list[tuple[int, int]]
    ) -> None:
        data = bytearray(compiled("stripped").read_bytes())
        for place, value in flips:
            data[place] = value
        for reader in (read_elf, read_build_info):
            try:
                reader(io.BytesIO(bytes(data)))
            except InspectError as error:
                assert error.what


def test_a_program_of_this_machine_names_its_libraries() -> None:
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("there is no sh here")
    with Path(shell).resolve().open("rb") as file:
        elf = read_elf(file)
        assert read_build_info(file) is None
    assert elf is not None
    assert elf.size_bytes == Path(shell).resolve().stat().st_size
    assert elf.is_static or elf.interpreter.startswith("/lib")
