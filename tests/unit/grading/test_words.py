from __future__ import annotations

import pytest

from tutor.grading.words import counted, excerpt, listed, megabytes, nearest, percent


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (99_900, "99.9 kB"),
        (100_000, "0.10 MB"),
        (4_706_304, "4.71 MB"),
        (66_000_000, "66.0 MB"),
        (268_826_050, "269 MB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert megabytes(count) == text


def test_counts_and_lists() -> None:
    assert counted(1, "file") == "1 file"
    assert counted(2, "entry", "entries") == "2 entries"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_parts_of_a_whole() -> None:
    assert percent(1, 40) == "2.5 %"
    assert percent(1, 0) == "all"


def test_the_nearest_word() -> None:
    assert nearest("biulder", ["builder", "final"]) == "builder"
    assert nearest("xyz", ["builder"]) == ""


def test_an_excerpt_is_one_line_of_bounded_length() -> None:
    assert excerpt("a\n  b") == "a b"
    assert len(excerpt("x" * 500, 100)) == 100
