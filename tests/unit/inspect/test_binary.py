from __future__ import annotations

import io
import struct

import pytest

from tests.unit.inspect.elf_file import Elf, elf_bytes
from tests.unit.inspect.go_program import FUNCTIONS, TEXT_BYTES, Function, go_program, line_table
from tutor.core.anatomy import BinaryAnatomy, PackageSource, SectionGroup
from tutor.core.errors import InspectError
from tutor.inspect.binary import read_binary


def opened(data: bytes) -> BinaryAnatomy:
    found = read_binary(io.BytesIO(data), "/app")
    assert found is not None
    assert sum(part.size_bytes for part in found.sections) == len(data)
    return found


def code(found: BinaryAnatomy) -> dict[str, int]:
    return {part.name: part.code_bytes for part in found.packages}


class TestSections:
    def test_every_byte_of_the_file_is_in_one_part(self) -> None:
        found = opened(go_program(tail=b"appended" * 100))
        assert found.group_bytes(SectionGroup.CODE) == TEXT_BYTES
        assert found.group_bytes(SectionGroup.READ_ONLY) == 64
        assert found.group_bytes(SectionGroup.LINE_TABLE) == len(line_table())
        assert found.group_bytes(SectionGroup.DEBUG) == 32
        assert found.group_bytes(SectionGroup.SYMBOLS) > 0
        assert found.sections[-1].name == "(after the last section)"
        assert found.sections[-1].size_bytes == 800

    def test_memory_that_has_no_bytes_in_the_file_counts_nothing(self) -> None:
        assert ".bss" not in {part.name for part in opened(go_program()).sections}

    def test_without_section_headers_the_segments_tell(self) -> None:
        found = opened(go_program(sections=False, symbols=False))
        assert found.group_bytes(SectionGroup.CODE) == TEXT_BYTES
        assert {"(code segment)", "(read-only segment)"} <= {part.name for part in found.sections}

    def test_sections_that_overlap_count_their_bytes_once(self) -> None:
        data = bytearray(go_program())
        at = struct.unpack_from("<Q", data, 40)[0]
        # The second section is sent to where the first one begins.
        first = struct.unpack_from("<Q", data, at + 64 + 24)[0]
        struct.pack_into("<Q", data, at + 2 * 64 + 24, first)
        opened(bytes(data))

    def test_zeros_at_the_end_are_padding(self) -> None:
        assert opened(go_program(tail=b"\0" * 700)).sections[-1].group is SectionGroup.PADDING


class TestPackages:
    def test_symbols_give_code_by_the_distance_to_the_next_and_data_by_length(self) -> None:
        found = opened(go_program())
        assert found.source is PackageSource.SYMBOLS
        assert code(found) == {"internal/cpu": 96, "runtime": 352, "main": 64}
        main = next(part for part in found.packages if part.name == "main")
        assert (main.data_bytes, main.function_count, main.function_bytes) == (40, 1, 60)
        assert found.unattributed_code_bytes == 0
        assert found.unattributed_data_bytes == 24

    @pytest.mark.parametrize("magic", [0xFFFFFFF0, 0xFFFFFFF1], ids=["go 1.18", "go 1.20"])
    def test_a_stripped_program_gives_the_same_code_from_its_line_table(self, magic: int) -> None:
        found = opened(go_program(symbols=False, table=line_table(magic=magic)))
        assert found.source is PackageSource.LINE_TABLE
        assert code(found) == code(opened(go_program()))
        assert found.unattributed_data_bytes == 64

    def test_the_line_table_of_a_position_independent_program_has_another_name(self) -> None:
        found = opened(go_program(symbols=False, table_name=".data.rel.ro.gopclntab"))
        assert found.source is PackageSource.LINE_TABLE

    def test_code_beyond_the_last_function_is_told_as_unattributed(self) -> None:
        found = opened(go_program(symbols=False, table=line_table(end=500)))
        assert found.unattributed_code_bytes == 12

    def test_without_symbols_and_line_table_nothing_is_attributed(self) -> None:
        found = opened(elf_bytes(Elf()))
        assert (found.packages, found.source) == ((), PackageSource.NONE)
        assert "Not a Go program" in found.notes[0]

    @pytest.mark.parametrize(
        ("table", "why"),
        [
            (line_table(magic=0xFFFFFFFA), "1.17 or older"),
            (line_table(magic=0x12345678), "no known kind"),
            (line_table(end=TEXT_BYTES * 9), "does not fit its code"),
            (line_table()[:100], "ends before its functions"),
            (line_table(functions=FUNCTIONS[::-1]), "out of order"),
            (line_table(functions=()), "names no function"),
            (b"\xf1\xff\xff", "no known kind"),
        ],
    )
    def test_a_line_table_that_cannot_be_read_is_told_in_words(self, table: bytes, why: str) -> None:
        found = opened(go_program(symbols=False, table=table))
        assert found.source is PackageSource.NONE
        assert any(why in note for note in found.notes)
        assert found.unattributed_code_bytes == TEXT_BYTES

    def test_a_table_that_claims_a_billion_functions_is_not_believed(self) -> None:
        table = bytearray(line_table())
        struct.pack_into("<Q", table, 8, 10**9)
        found = opened(go_program(symbols=False, table=bytes(table)))
        assert any("larger than what is read" in note for note in found.notes)

    def test_a_symbol_table_with_wild_names_falls_back_on_the_line_table(self) -> None:
        data = bytearray(go_program())
        at = struct.unpack_from("<Q", data, 40)[0]
        struct.pack_into("<I", data, at + 5 * 64 + 40, 999)
        found = opened(bytes(data))
        assert found.source is PackageSource.LINE_TABLE
        assert found.notes == ("The symbol table has no names.",)

    def test_names_of_functions_lose_what_a_terminal_would_obey(self) -> None:
        evil = (Function("evil\x1b]0;title\x07.main", 0, TEXT_BYTES),)
        found = opened(go_program(symbols=False, table=line_table(evil)))
        assert code(found) == {"evil": TEXT_BYTES}


def test_a_program_packed_by_upx_is_named_so() -> None:
    data = bytearray(elf_bytes(Elf(sections=False)))
    data[300:304] = b"UPX!"
    assert opened(bytes(data)).notes == (
        "Packed by UPX: what is inside cannot be told apart without unpacking it.",
    )


def test_a_file_of_another_kind_is_none() -> None:
    assert read_binary(io.BytesIO(b"MZ" * 100), "/app") is None


def test_headers_that_are_not_there_are_refused() -> None:
    with pytest.raises(InspectError):
        read_binary(io.BytesIO(go_program()[:70]), "/app")


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_program_that_was_cut_is_told_as_cut_and_not_as_of_another_kind(share: float) -> None:
    data = elf_bytes(Elf(symbols=True, sections=False, padding=4_000))
    found = opened(data[: int(len(data) * share)])
    assert "is cut short or damaged" in found.notes[0]
    assert not any("Not a Go program" in note for note in found.notes)


def test_what_no_file_can_hold_is_not_attributed() -> None:
    data = bytearray(go_program())
    found = opened(bytes(data))
    sections = int.from_bytes(data[40:48], "little")
    # The first section of data is said to begin where the code does.
    text, data_section = (
        next(index for index, part in enumerate(range(20)) if _flags(data, sections, part) == wanted)
        for wanted in (6, 2)
    )
    offset = data[sections + 64 * text + 24 : sections + 64 * text + 32]
    data[sections + 64 * data_section + 24 : sections + 64 * data_section + 32] = offset
    overlapping = opened(bytes(data))
    assert found.notes == ()
    assert "its sections overlap" in overlapping.notes[0]
    assert overlapping.unattributed_data_bytes >= 0
    assert overlapping.unattributed_code_bytes >= 0


def _flags(data: bytearray, sections: int, index: int) -> int:
    at = sections + 64 * index + 8
    return int.from_bytes(data[at : at + 8], "little")
