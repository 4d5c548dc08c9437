from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.core.progress import PassState
from tutor.core.verdict import Outcome, Prediction
from tutor.ui import present


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (8_200, "8.2 kB"),
        (99_940, "99.9 kB"),
        (310_000, "0.31 MB"),
        (4_712_345, "4.71 MB"),
        (6_780_000, "6.78 MB"),
        (9_994_000, "9.99 MB"),
        (9_996_000, "10.0 MB"),
        (26_900_000, "26.9 MB"),
        (99_960_000, "100 MB"),
        (268_912_000, "269 MB"),
        (1_234_000_000, "1234 MB"),
    ],
)
def test_a_size_has_the_digits_that_tell_images_apart(size_bytes: int, text: str) -> None:
    assert present.megabytes(size_bytes) == text


def test_the_unit_can_be_left_out() -> None:
    assert present.megabytes(4_712_345, unit=False) == "4.71"


@pytest.mark.parametrize(
    ("size_bytes", "of_bytes", "text"),
    [
        (4_712_345, 268_912_000, "−98.2 %"),
        (6_900_000, 269_000_000, "−97.4 %"),
        (300, 200, "+50.0 %"),
        (100_000, 100_001, "±0 %"),
        (5, 0, ""),
        (5, -1, ""),
        (0, 10, "−100.0 %"),
        (1, 1_000_000, "−99.9 %"),
    ],
)
def test_a_reduction_is_told_in_per_cent_with_a_true_minus(size_bytes: int, of_bytes: int, text: str) -> None:
    assert present.reduction(size_bytes, of_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (7.34, "7.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (72.4, "1 min 12 s"),
        (3600, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_the_time_of_work_is_told_in_seconds_then_minutes(seconds: float, text: str) -> None:
    assert present.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.002, "2.0 ms"),
        (0.0124, "12 ms"),
        (0.9994, "999 ms"),
        (1.2, "1.2 s"),
        (-1, "0.0 ms"),
    ],
)
def test_the_time_of_an_answer_is_told_in_milliseconds(seconds: float, text: str) -> None:
    assert present.latency(seconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "width", "drawn"),
    [
        (1, 1, 4, "████"),
        (1, 2, 4, "██"),
        (1, 8, 1, "▏"),
        (5, 8, 1, "▋"),
        (1, 1_000_000, 10, "▏"),
        (0, 5, 10, ""),
        (5, 0, 10, ""),
        (5, 5, 0, ""),
        (9, 5, 4, "████"),
    ],
)
def test_a_bar_is_drawn_in_eighths_of_a_cell(part: float, whole: float, width: int, drawn: str) -> None:
    assert present.bar(part, whole, width) == drawn


@given(st.floats(0, 1e12), st.floats(1, 1e12), st.integers(0, 200))
def test_a_bar_never_overflows_and_what_is_there_is_never_invisible(
    part: float, whole: float, width: int
) -> None:
    drawn = present.bar(part, whole, width)
    assert len(drawn) <= width
    assert bool(drawn) == (part > 0 and width > 0)


@given(st.integers(0, 10**13))
def test_every_size_has_a_unit_and_fits_a_column(size_bytes: int) -> None:
    text = present.megabytes(size_bytes)
    assert text.endswith(("B", "kB", "MB"))
    assert len(text) <= 11


@pytest.mark.parametrize(
    ("current", "total", "unit", "text"),
    [
        (31_400_000, 69_000_000, "bytes", "31.4 MB of 69.0 MB"),
        (31_400_000, None, "bytes", "31.4 MB"),
        (3, 7, "layers", "3 of 7 layers"),
        (12, None, "files", "12 files"),
    ],
)
def test_progress_is_told_with_its_unit(current: int, total: int | None, unit: str, text: str) -> None:
    assert present.amount(current, total, unit) == text


@pytest.mark.parametrize(
    ("current", "total", "text"), [(1, 3, "33 %"), (9, 3, "100 %"), (1, None, ""), (1, 0, "")]
)
def test_the_per_cent_of_progress_needs_an_end(current: int, total: int | None, text: str) -> None:
    assert present.percent(current, total) == text


def test_every_state_and_outcome_has_its_own_sign_and_a_word() -> None:
    assert len({present.state_sign(state) for state in PassState}) == len(PassState)
    assert len({present.state_word(state) for state in PassState}) == len(PassState)
    assert len({present.OUTCOME_SIGN[outcome] for outcome in Outcome}) == len(Outcome)
    assert len({present.OUTCOME_WORD[outcome] for outcome in Outcome}) == len(Outcome)


def test_a_lesson_that_was_begun_looks_other_than_one_that_was_not() -> None:
    assert present.state_sign(PassState.OPEN, begun=True) == "◐"
    assert present.state_word(PassState.OPEN, begun=True) == "begun"
    assert present.state_sign(PassState.PASSED, begun=True) == "●"


def said(predicted: str, actual: str, unit: str = "MB", confidence: int = 2) -> Prediction:
    return Prediction("l", "p", "How big?", unit, predicted, confidence, actual)


@pytest.mark.parametrize(
    ("prediction", "sentence"),
    [
        (said("5", "4.7"), "You said 5 MB (think so). It is 4.7 MB: off by 6 %."),
        (said("100", "4.7"), "You said 100 MB (think so). It is 4.7 MB: your guess was 21.3 times as much."),
        (said("1", "5"), "You said 1 MB (think so). It is 5 MB: 5.0 times as much."),
        (said("0", "5"), "You said 0 MB (think so). It is 5 MB."),
        (said("97", "97.1", "%"), "You said 97 % (think so). It is 97.1 %: almost exactly."),
        (said("5", "5", confidence=3), "You said 5 MB (sure). It is 5 MB: exactly."),
        (said("5", "0", confidence=0), "You said 5 MB. It is 0 MB."),
        (said("yes", "no", "yes-no", 1), "You said yes (a guess). It is no."),
        (said("yes", "yes", "yes-no", 3), "You said yes (sure). It is yes: right."),
        (said("", "4.7"), "Measured: 4.7 MB."),
        (said("5", ""), "You said 5 MB (think so). It is not measured yet."),
    ],
)
def test_prediction_and_fact_make_one_sentence(prediction: Prediction, sentence: str) -> None:
    assert present.compared(prediction) == sentence


@pytest.mark.parametrize(
    ("prediction", "close"),
    [
        (said("5", "4.7"), True),
        (said("6", "4.7"), False),
        (said("", "4.7"), False),
        (said("5", ""), False),
        (said("yes", "yes", "yes-no"), True),
        (said("yes", "no", "yes-no"), False),
    ],
)
def test_a_guess_within_a_quarter_came_close(prediction: Prediction, close: bool) -> None:
    assert present.hit(prediction) is close


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("5", "MB", "5 MB"),
        ("97", "%", "97 %"),
        ("yes", "yes-no", "yes"),
        ("3", "number", "3"),
        ("", "MB", ""),
    ],
)
def test_an_answer_carries_its_unit(value: str, unit: str, text: str) -> None:
    assert present.with_unit(value, unit) == text
