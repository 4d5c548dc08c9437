"""A pass is a state, not an event."""

from __future__ import annotations

from tutor.core.progress import PassState
from tutor.core.verdict import CheckpointReport, Outcome


def pass_state(reports: tuple[CheckpointReport, ...], workspace_sha256: str) -> PassState:
    """Stale when files were edited since; withdrawn only by a newer failed verdict.

    Attempts that ended ``unknown`` say nothing about the learner and change nothing.
    """
    judged = [report for report in reports if report.outcome in {Outcome.PASSED, Outcome.FAILED}]
    if not any(report.outcome is Outcome.PASSED for report in judged):
        return PassState.OPEN
    if judged[-1].outcome is Outcome.FAILED:
        return PassState.WITHDRAWN
    return PassState.PASSED if judged[-1].workspace_sha256 == workspace_sha256 else PassState.STALE
