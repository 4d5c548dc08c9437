from __future__ import annotations

import gzip
import random
import threading

import pytest

from tests.unit.inspect.image_archive import file, legacy, oci, one_way, tar
from tutor.core.errors import InspectError
from tutor.inspect.archive import packed_size

TEXT = tar([file("text", b"the same words again and again " * 3000)])
NOISE = tar([file("noise", random.Random(7).randbytes(50_000))])


def size(archive: bytes) -> int:
    return packed_size(one_way(archive))


def test_layers_are_compressed_one_by_one() -> None:
    expected = sum(len(gzip.compress(layer, 6)) for layer in (TEXT, NOISE))
    assert size(legacy([TEXT, NOISE])) == pytest.approx(expected, rel=0.01)
    assert size(legacy([TEXT])) < len(TEXT) / 20
    assert size(legacy([NOISE])) > 50_000


def test_layers_that_are_compressed_already_count_as_they_are() -> None:
    expected = sum(len(gzip.compress(layer, mtime=0)) for layer in (TEXT, NOISE))
    assert size(oci([TEXT, NOISE], packed="gzip")) == expected


def test_it_tells_progress_and_stops_when_told() -> None:
    stop = threading.Event()
    seen: list[int] = []

    def stop_in_the_middle(done: int) -> None:
        seen.append(done)
        if done > 20_000:
            stop.set()

    with pytest.raises(InspectError, match="stopped"):
        packed_size(one_way(legacy([NOISE])), on_progress=stop_in_the_middle, cancelled=stop)
    assert 20_000 < seen[-1] < 30_000


def test_a_damaged_archive_is_told_in_words() -> None:
    with pytest.raises(InspectError, match="ends in the middle"):
        size(legacy([NOISE])[:30_000])
