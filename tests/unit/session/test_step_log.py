from __future__ import annotations

from tutor.core.build_event import BuildFailed, LogLines
from tutor.session.step_log import StepLog

FAILED = BuildFailed("run", "exit code: 1", 2.0, step_id="4")


def test_an_error_comes_after_the_last_lines_of_its_step() -> None:
    log = StepLog()
    log.hear(LogLines("run", "3", ("fetching",)))
    log.hear(LogLines("run", "4", tuple(f"line {n}" for n in range(20))))
    log.hear(LogLines("run", "4", ("flag provided but not defined: -s",)))
    lines = log.error_of(FAILED).splitlines()
    assert lines[-2:] == ["flag provided but not defined: -s", "exit code: 1"]
    assert len(lines) == 9


def test_lines_of_another_step_are_not_its_cause() -> None:
    log = StepLog()
    log.hear(LogLines("run", "3", ("fetching",)))
    assert log.error_of(FAILED) == "exit code: 1"


def test_a_builder_that_names_no_step_gets_the_last_one_s_lines() -> None:
    log = StepLog()
    log.hear(LogLines("run", "3", ("undefined: newHandler",)))
    assert log.error_of(BuildFailed("run", "exit code: 1", 2.0)) == "undefined: newHandler\nexit code: 1"
