from __future__ import annotations

import pytest

from tutor.core.progress import PassState
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.session.passing import pass_state

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


def reports(*outcomes: Outcome) -> tuple[CheckpointReport, ...]:
    return tuple(CheckpointReport("two-stages", o, (), "docker", "", 1.0, "now") for o in outcomes)


@pytest.mark.parametrize(
    ("outcomes", "files", "state"),
    [
        ((), "now", PassState.OPEN),
        ((FAILED,), "now", PassState.OPEN),
        ((UNKNOWN,), "now", PassState.OPEN),
        ((FAILED, PASSED), "now", PassState.PASSED),
        ((PASSED,), "edited", PassState.STALE),
        ((PASSED, FAILED), "now", PassState.WITHDRAWN),
        ((PASSED, FAILED), "edited", PassState.WITHDRAWN),
        ((PASSED, UNKNOWN), "now", PassState.PASSED),
        ((PASSED, FAILED, PASSED), "now", PassState.PASSED),
    ],
)
def test_a_pass_is_a_state(outcomes: tuple[Outcome, ...], files: str, state: PassState) -> None:
    assert pass_state(reports(*outcomes), files) is state
