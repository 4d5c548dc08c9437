from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from tutor.core.text import LINE_LIMIT_CHARACTERS
from tutor.engine.log import BATCH_LINES, BATCH_SECONDS, LineBatch, read_batches


class Time:
    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


def everything(*pieces: bytes) -> tuple[str, ...]:
    batch = LineBatch(Time())
    lines = [line for piece in pieces for full in batch.feed(piece) for line in full]
    return (*lines, *batch.close())


def test_lines_are_cut_at_line_ends_and_the_last_needs_none() -> None:
    assert everything(b"one\ntw", b"o\r\nthree") == ("one", "two", "three")


def test_an_empty_line_is_a_line_and_no_bytes_are_none() -> None:
    assert everything(b"a\n\nb\n") == ("a", "", "b")
    assert everything() == ()


def test_a_character_split_between_reads_is_put_together() -> None:
    snowman = "☃".encode()
    assert everything(snowman[:1], snowman[1:], b"\n") == ("☃",)


def test_bytes_that_are_not_utf8_become_the_replacement_character() -> None:
    assert everything(b"a\xffb\n", b"\xe2\x98") == ("a\ufffdb", "\ufffd")


def test_control_sequences_are_gone_even_when_split_between_reads() -> None:
    assert everything(b"\x1b[3", b"1mred\x1b[0m\n") == ("red",)


def test_a_line_of_many_megabytes_is_bounded_in_memory_and_says_what_is_missing() -> None:
    batch = LineBatch(Time())
    for _ in range(100):
        assert batch.feed(b"x" * 65536) == []
        assert len(batch._partial) <= 4 * LINE_LIMIT_CHARACTERS
    (line,) = batch.close()
    missing = 100 * 65536 - LINE_LIMIT_CHARACTERS
    assert line == "x" * LINE_LIMIT_CHARACTERS + f" … [{missing} characters more]"


def test_an_endless_progress_bar_shows_what_came_last() -> None:
    pieces = [b"\r%05d%%" % number + b"." * 1000 for number in range(200)]
    (line,) = everything(*pieces, b"\n")
    assert line.startswith("00199%")


def test_a_full_batch_is_returned_at_once() -> None:
    batch = LineBatch(Time())
    batches = batch.feed(b"x\n" * (BATCH_LINES * 2 + 1))
    assert [len(lines) for lines in batches] == [BATCH_LINES, BATCH_LINES]
    assert batch.flush() == ("x",)


def test_a_line_that_waited_is_due() -> None:
    time = Time()
    batch = LineBatch(time)
    due = [batch.due_in]
    assert batch.feed(b"a\nb") == []
    due.append(batch.due_in)
    time.value = BATCH_SECONDS
    due.append(batch.due_in)
    assert batch.feed(b"c\n") == [("a", "bc")]
    due.append(batch.due_in)
    assert due == [None, BATCH_SECONDS, 0.0, None]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
def test_where_the_bytes_are_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert everything(*pieces) == everything(data)


async def test_a_stream_is_read_to_its_end_in_batches() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"line\n" * 450 + b"end")
    reader.feed_eof()
    batches = [lines async for lines in read_batches(reader)]
    assert [line for lines in batches for line in lines] == ["line"] * 450 + ["end"]
    assert all(0 < len(lines) <= BATCH_LINES for lines in batches)


async def test_a_line_is_told_while_the_stream_stays_open() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"early\n")
    batches = read_batches(reader)
    assert await anext(batches) == ("early",)
    reader.feed_eof()
    assert [lines async for lines in batches] == []
