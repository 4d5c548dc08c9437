from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.core.text import LINE_LIMIT_CHARACTERS, clean_line, clean_text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\x9b31mred", "red"),
        ("a\tb", "a   b"),
        ("10 %\r20 %\r30 %", "30 %"),
        ("line\r\n", "line"),
        ("[red]markup stays text[/red]", "[red]markup stays text[/red]"),
        ("bell\x07 null\x00 backspace\x08", "bell null backspace"),
        ("left\u202eright", "leftright"),
        ("half\ud800", "half\ufffd"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_removed(dirty: str, clean: str) -> None:
    assert clean_line(dirty) == clean


def test_a_line_of_a_megabyte_is_cut_and_says_by_how_much() -> None:
    line = clean_line("x" * 1_000_000)
    assert line == "x" * LINE_LIMIT_CHARACTERS + f" … [{1_000_000 - LINE_LIMIT_CHARACTERS} characters more]"


def test_many_lines_stay_many_lines() -> None:
    assert clean_text("\x1b[1ma\x1b[0m\nb\r\n") == "a\nb\n"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    line = clean_line(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
    assert not any(
        character in line for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
