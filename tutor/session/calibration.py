"""How well a learner's predictions fit the facts, over the whole course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tutor.core.verdict import Prediction

CLOSE = 0.25
"""A number within a quarter of the fact counts as close: what matters is the order of things."""

SURE = 3
"""The confidence of someone who is sure."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Counts of predictions that were compared with their facts."""

    made: int
    close: int
    sure: int
    sure_close: int


def came_close(prediction: Prediction) -> bool:
    """Whether a prediction came close: the same word, or within a quarter."""
    if prediction.skipped or not prediction.actual:
        return False
    try:
        said, is_now = float(prediction.predicted), float(prediction.actual)
    except ValueError:
        return prediction.predicted == prediction.actual
    return abs(said - is_now) <= CLOSE * abs(is_now)


def calibration(predictions: Iterable[Prediction]) -> Calibration:
    """Of all predictions that were made and measured."""
    made = [p for p in predictions if p.actual and not p.skipped]
    sure = [p for p in made if p.confidence >= SURE]
    return Calibration(len(made), sum(map(came_close, made)), len(sure), sum(map(came_close, sure)))
