"""Over twenty thousand damaged inputs for both parsers: answered or refused in words, in bounded memory."""

from __future__ import annotations

import io
import random
import resource
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tests.unit.inspect.go_program import go_program, line_table
from tests.unit.inspect.image_archive import file, folder, hardlink, legacy, oci, symlink, tar
from tutor.core.errors import InspectError
from tutor.core.image import ImageConfig
from tutor.inspect.binary import read_binary
from tutor.inspect.image import read_image_anatomy

BINARY_INPUTS = 14_000
ARCHIVE_INPUTS = 7_000
MEMORY_LIMIT_BYTES = 96 * 1024 * 1024
TRACED_EVERY = 100
"""Tracing every allocation takes three times as long: the process's own peak stands for the rest."""
SEED = 20_260_801
"""The same inputs each time: what fails here fails everywhere."""

CONFIG = ImageConfig(entrypoint=("/app",))
_WILD = (0, 1, 0x7F, 0x80, 0xFF)
_WILD_NUMBERS = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)

PROGRAMS = (
    go_program(),
    go_program(symbols=False),
    go_program(sections=False, symbols=False),
    go_program(table=line_table(magic=0xFFFFFFF0)),
    elf_bytes(
        Elf(
            kind=3,
            interpreter="/lib/ld-musl-x86_64.so.1",
            needed=("libc.so.6",),
            symbols=True,
            debug=True,
            build_info=go_build_info("go1.21.13", "path\tx\nmod\tx\t(devel)\nbuild\tCGO_ENABLED=0\n"),
        )
    ),
)
_LAYERS = [
    tar(
        [
            folder("etc/"),
            file("etc/a", b"1" * 700),
            file("b", b"2" * 30),
            hardlink("c", "b"),
            symlink("d", "c"),
        ]
    ),
    tar([file("etc/a", b"3" * 650), file(".wh.b"), folder("e/"), file("e/.wh..wh..opq")]),
    tar([file("app", go_program(symbols=False), 0o755)]),
]
ARCHIVES = (legacy(_LAYERS), oci(_LAYERS), oci(_LAYERS, packed="gzip"), oci(_LAYERS, packed="zstd"))


def damaged(chance: random.Random, data: bytes) -> bytes:
    """One to six wounds: bytes, whole numbers, cuts, repeats, swaps."""
    wounded = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not wounded:
            break
        # The heads of files and tables decide most: half of all wounds go there.
        reach = len(wounded) if chance.random() < 0.5 else min(len(wounded), 1024)
        at = chance.randrange(reach)
        match chance.randrange(7):
            case 0:
                wounded[at] = chance.choice(_WILD)
            case 1:
                wounded[at] ^= 1 << chance.randrange(8)
            case 2:
                size = chance.choice((2, 4, 8))
                number = chance.choice(_WILD_NUMBERS) & ((1 << 8 * size) - 1)
                wounded[at : at + size] = number.to_bytes(size, "little")
            case 3:
                del wounded[at:]
            case 4:
                del wounded[at : at + chance.randrange(1, 600)]
            case 5:
                piece = wounded[at : at + chance.randrange(1, 600)]
                wounded[at:at] = piece
            case _:
                other = chance.randrange(len(wounded))
                piece = wounded[other : other + 64]
                wounded[at : at + len(piece)] = piece
    return bytes(wounded)


def hammer(seeds: Sequence[bytes], count: int, read: Callable[[bytes], object]) -> tuple[int, int]:
    """How many damaged inputs were answered and refused. Anything but an InspectError fails the test."""
    chance = random.Random(SEED)
    answered = refused = 0
    before = peak_bytes()
    for number in range(count):
        data = damaged(chance, seeds[number % len(seeds)])
        traced = number % TRACED_EVERY == 0
        if traced:
            tracemalloc.start()
        try:
            read(data)
            answered += 1
        except InspectError as error:
            assert error.what
            assert error.what.isprintable()
            refused += 1
        except Exception as error:
            raise AssertionError(f"input {number} raised {error!r}") from error
        finally:
            taken = tracemalloc.get_traced_memory()[1] if traced else 0
            tracemalloc.stop()
        assert taken < MEMORY_LIMIT_BYTES, f"input {number}"
        assert peak_bytes() - before < MEMORY_LIMIT_BYTES, f"input {number}"
    return answered, refused


def peak_bytes() -> int:
    """The most memory this process ever held, in bytes (Linux tells kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read_program(data: bytes) -> None:
    found = read_binary(io.BytesIO(data), "/app")
    if found is not None:
        # Whatever it says, it says of every byte once.
        assert sum(part.size_bytes for part in found.sections) == len(data)
        assert found.unattributed_code_bytes >= 0


def read_archive(data: bytes) -> None:
    found = read_image_anatomy(io.BytesIO(data), CONFIG, name="fuzzed", image_id="")
    assert sum(part.size_bytes for part in found.parts) == found.unpacked_bytes
    visible = sum(each.size_bytes for each in found.files)
    assert visible + found.wasted_bytes == found.unpacked_bytes


def test_fourteen_thousand_damaged_programs_are_answered_or_refused_in_words() -> None:
    answered, refused = hammer(PROGRAMS, BINARY_INPUTS, read_program)
    assert answered + refused == BINARY_INPUTS
    assert min(answered, refused) > BINARY_INPUTS // 20


def test_seven_thousand_damaged_archives_are_answered_or_refused_in_words() -> None:
    answered, refused = hammer(ARCHIVES, ARCHIVE_INPUTS, read_archive)
    assert answered + refused == ARCHIVE_INPUTS
    assert min(answered, refused) > ARCHIVE_INPUTS // 20


def test_a_small_file_that_unpacks_to_a_large_one_is_read_in_bounded_memory() -> None:
    bomb = tar([file("zeros", bytes(64 * 1024 * 1024))])
    for packed in ("gzip", "zstd"):
        archive = oci([bomb], packed=packed)
        tracemalloc.start()
        try:
            found = read_image_anatomy(io.BytesIO(archive), CONFIG, name="bomb", image_id="")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert found.unpacked_bytes == 64 * 1024 * 1024
        assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("count", [65_536, 0xFFFF])
def test_absurd_section_counts_are_refused_or_bounded(count: int) -> None:
    data = bytearray(go_program())
    data[60:62] = (count & 0xFFFF).to_bytes(2, "little")
    try:
        read_program(bytes(data))
    except InspectError as error:
        assert "headers" in error.what or "parts" in error.what
