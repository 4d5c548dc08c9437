"""The one number of a demo's step, to be drawn large: a guess, a fact, the size of what was just built."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.core.events import BuildFailed, CheckJudged, PredictionCompared
from tutor.core.lesson import Build, Lesson, Predict, Unit
from tutor.core.verdict import Outcome, Prediction
from tutor.session.demo_moment import Moment
from tutor.session.demo_step import DemoKind, DemoStep
from tutor.ui import present
from tutor.ui.size_chart import make_chart


@dataclass(frozen=True, slots=True)
class Large:
    """``number`` is digits with at most a point; ``words`` stand beside it."""

    number: str
    words: str
    is_fact: bool
    """Measured and good, not a guess."""


def large(step: DemoStep, moment: Moment, lesson: Lesson) -> Large | None:
    """None where no single number matters."""
    if step.kind is DemoKind.CHECK:
        return _judged(moment)
    match step.task:
        case Predict():
            return _predicted(step.task, moment)
        case Build():
            told = _compared(moment)
            return told or (_built(step.task, moment, lesson) if _was_built(moment) else None)
        case _:
            return None


def _judged(moment: Moment) -> Large | None:
    outcomes = [event.verdict.outcome for event in moment.events if isinstance(event, CheckJudged)]
    passed = outcomes.count(Outcome.PASSED)
    words = f"of {len(outcomes)} checks passed"
    return Large(str(passed), words, passed == len(outcomes)) if outcomes else None


def _predicted(task: Predict, moment: Moment) -> Large | None:
    prediction = next((each for each in moment.predictions if each.predict_id == task.id), None)
    return _of(prediction) if prediction is not None and prediction.predicted else None


def _compared(moment: Moment) -> Large | None:
    """What the class had guessed of a build, unless it was a size: that is told with more."""
    told = [event.prediction for event in moment.events if isinstance(event, PredictionCompared)]
    if any(each.unit == Unit.MEGABYTES for each in told):
        return None
    return next((_of(each) for each in reversed(told)), None)


def _of(prediction: Prediction) -> Large | None:
    value, words = prediction.actual or prediction.predicted, "measured" if prediction.actual else "you say"
    if not value.replace(".", "", 1).isdecimal():
        return None
    unit = present.with_unit(value, prediction.unit).removeprefix(value).strip()
    return Large(value, f"{unit}   {words}".strip(), bool(prediction.actual))


def _was_built(moment: Moment) -> bool:
    # A lab's build is meant to fail, and goes well when it does: the size at hand is of an image before.
    return moment.went_well is True and not any(isinstance(event, BuildFailed) for event in moment.events)


def _built(task: Build, moment: Moment, lesson: Lesson) -> Large | None:
    rows = make_chart(moment.sizes, lesson.slug, lesson.par_bytes).rows
    bar = next((bar for bar in rows if bar.own and bar.row.name == task.tag), None)
    if bar is None:
        return None
    number, _, unit = present.megabytes(bar.row.unpacked_bytes).partition(" ")
    stand_in = "on a stand-in base" if bar.row.stand_in else ""
    words = [f"{unit}   {bar.row.name}", bar.reduction, "within par" if bar.within_par else "", stand_in]
    return Large(number, "   ".join(word for word in words if word), is_fact=True)
