from __future__ import annotations

import pytest

from tutor.core.verdict import Outcome, Prediction, Verdict, overall


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ("", Outcome.UNKNOWN),
        ("passed", Outcome.PASSED),
        ("passed passed", Outcome.PASSED),
        ("passed failed unknown waiting", Outcome.FAILED),
        ("passed unknown", Outcome.UNKNOWN),
        ("passed waiting", Outcome.UNKNOWN),
        ("waiting failed", Outcome.FAILED),
    ],
)
def test_failed_beats_unknown_beats_passed(outcomes: str, together: Outcome) -> None:
    verdicts = tuple(
        Verdict(f"c{number}", "A check", Outcome(outcome)) for number, outcome in enumerate(outcomes.split())
    )
    assert overall(verdicts) is together


def test_a_prediction_without_an_answer_was_skipped() -> None:
    assert Prediction("one", "size", "How big?", "MB", "").skipped
    assert not Prediction("one", "size", "How big?", "MB", "0").skipped
