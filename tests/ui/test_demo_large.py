"""Which number of a step is drawn large."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.core.events import BuildFailed, CheckJudged, PredictionCompared
from tutor.core.image import SizeRole, SizeRow
from tutor.core.lesson import Build, Expectation, Lesson, Predict, Unit
from tutor.core.verdict import Outcome, Prediction, Verdict
from tutor.session.demo_moment import Moment
from tutor.session.demo_step import DemoKind, DemoStep
from tutor.ui.demo_large import Large, large

LESSON = Lesson(2, "x", "X", "", 5, (), "multi", 8080, 5_000_000, ("multi",), (), Path(), Path())
BUILT = (SizeRow("multi", "fromscratch/x:multi", "sha256:1", SizeRole.FINAL, 4_700_000, lesson="x"),)


def step_of(kind: DemoKind, task: Predict | Build | None = None) -> DemoStep:
    return DemoStep(1, kind, "", "", "", (), 0, task)


def told(unit: Unit, predicted: str, actual: str = "") -> Prediction:
    return Prediction("x", "p", "How?", unit, predicted, actual=actual)


@pytest.mark.parametrize(
    ("prediction", "shown"),
    [
        (told(Unit.MEGABYTES, "9"), Large("9", "MB   you say", False)),
        (told(Unit.SECONDS, "10", "2.5"), Large("2.5", "s   measured", True)),
        (told(Unit.NUMBER, "3", "4"), Large("4", "measured", True)),
        (told(Unit.YES_NO, "yes"), None),
        (told(Unit.MEGABYTES, "", "5"), None),
    ],
)
def test_a_guess_is_large_until_the_fact_is(prediction: Prediction, shown: Large | None) -> None:
    task = Predict("p", "How?", "m", Unit(prediction.unit))
    moment = Moment(1, "", "", "", predictions=(prediction,))
    assert large(step_of(DemoKind.ASK, task), moment, LESSON) == shown


@pytest.mark.parametrize(
    ("units", "shown"),
    [
        ([Unit.SECONDS], "80.5 s   measured"),
        ([Unit.MEGABYTES, Unit.PERCENT], "4.70 MB   multi   within par"),
        ([], "4.70 MB   multi   within par"),
    ],
)
def test_of_a_build_it_is_what_the_class_guessed_else_its_size(units: list[Unit], shown: str) -> None:
    events = tuple(PredictionCompared("1", told(unit, "10", "80.5")) for unit in units)
    moment = Moment(1, "", "", "", events=events, sizes=BUILT, went_well=True)
    found = large(step_of(DemoKind.DO, Build("multi")), moment, LESSON)
    assert found is not None
    assert f"{found.number} {found.words}" == shown


def test_a_build_that_failed_has_no_size() -> None:
    moment = Moment(1, "", "", "", sizes=BUILT, went_well=False)
    assert large(step_of(DemoKind.DO, Build("multi")), moment, LESSON) is None


def test_a_build_that_was_meant_to_fail_and_did_has_none_either() -> None:
    failed = BuildFailed("1", "COPY failed", 0.2)
    moment = Moment(1, "", "", "", events=(failed,), sizes=BUILT, went_well=True)
    assert large(step_of(DemoKind.DO, Build("multi", Expectation.FAILURE)), moment, LESSON) is None


def test_a_checkpoint_counts_what_passed_and_is_no_success_while_one_did_not() -> None:
    def judged(*outcomes: Outcome) -> Large | None:
        events = tuple(CheckJudged("1", Verdict("c", "C", outcome)) for outcome in outcomes)
        return large(step_of(DemoKind.CHECK), Moment(1, "", "", "", events=events), LESSON)

    assert judged(Outcome.PASSED, Outcome.PASSED) == Large("2", "of 2 checks passed", True)
    assert judged(Outcome.PASSED, Outcome.FAILED) == Large("1", "of 2 checks passed", False)
    assert judged() is None
