from __future__ import annotations

import gzip
import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.inspect.image_archive import one_way
from tutor.core.errors import InspectError
from tutor.inspect.stream import gunzip, open_reader


@given(
    st.binary(max_size=3000), st.integers(1, 500), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 400)))
)
def test_reading_in_any_way_yields_the_bytes_in_their_order(
    data: bytes, piece: int, steps: list[tuple[int, int]]
) -> None:
    reader = open_reader(one_way(data, piece))
    at = 0
    for way, asked in steps:
        count = min(asked, len(data) - at)
        if way == 0:
            assert reader.take(count) == data[at : at + count]
        elif way == 1:
            reader.skip(count)
        elif way == 2:
            assert reader.peek(asked) == data[at : at + asked]
            count = 0
        elif way == 3:
            pieces: list[bytes] = []
            reader.copy(count, pieces.append)
            assert b"".join(pieces) == data[at : at + count]
        else:
            got = reader.some(asked)
            assert data[at:].startswith(got)
            count = len(got)
        at += count
        assert reader.position == at


@pytest.mark.parametrize("way", ["take", "skip", "copy"])
def test_reading_past_the_end_says_that_the_archive_is_cut_short(way: str) -> None:
    reader = open_reader(io.BytesIO(b"abc"))
    with pytest.raises(InspectError, match="ends in the middle"):
        if way == "copy":
            reader.copy(4, lambda piece: None)
        else:
            getattr(reader, way)(4)


def test_progress_counts_the_bytes_read() -> None:
    seen: list[int] = []
    open_reader(one_way(b"x" * 1000, 300), seen.append).skip(1000)
    assert seen == [300, 600, 900, 1000]


def test_a_stopped_reader_reads_no_further() -> None:
    stop = threading.Event()
    reader = open_reader(one_way(b"x" * 1000, 100), cancelled=stop)
    reader.take(100)
    stop.set()
    with pytest.raises(InspectError, match="stopped"):
        reader.take(1)


def test_a_fault_of_the_system_is_told_in_words() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("the pipe is gone")

    with pytest.raises(InspectError, match="the pipe is gone"):
        open_reader(Broken()).take(1)  # type: ignore[arg-type]  # read is all that is called


@given(st.binary(max_size=5000), st.integers(1, 300))
def test_gzip_is_unpacked_and_what_follows_is_left(data: bytes, piece: int) -> None:
    packed = gzip.compress(data)
    reader = open_reader(one_way(packed + b"rest", piece))
    inner = gunzip(reader, len(packed))
    assert inner.take(len(data)) == data
    assert inner.some(1) == b""
    reader.skip(len(packed) - reader.position)
    assert reader.take(4) == b"rest"


def test_several_gzip_members_are_one_stream() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert gunzip(open_reader(io.BytesIO(packed)), len(packed)).take(7) == b"one two"


def test_damaged_gzip_is_told_in_words() -> None:
    packed = bytearray(gzip.compress(b"x" * 5000))
    packed[20] ^= 0xFF
    with pytest.raises(InspectError):
        gunzip(open_reader(io.BytesIO(bytes(packed))), len(packed)).take(5000)


def test_gzip_cut_short_is_told_in_words() -> None:
    packed = gzip.compress(bytes(range(256)) * 40)[:-30]
    with pytest.raises(InspectError, match="ends in the middle"):
        gunzip(open_reader(io.BytesIO(packed)), len(packed)).take(256 * 40)
