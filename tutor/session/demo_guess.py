"""A guess that the class gives anew at a step before others that were done: they are told with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tutor.core.events import PredictionCompared, SessionEvent
from tutor.session.answer import with_actual
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.core.lesson import Predict
    from tutor.core.verdict import Prediction
    from tutor.session.demo_moment import Moment
    from tutor.session.demo_world import World


def world_with_guess(world: World, question: Predict, guess: Prediction) -> World:
    """The world as if the class had said this, with the fact beside it where it is known there."""
    facts = dict(world.facts)
    if question.measure in facts:
        guess = with_actual(guess, facts[question.measure], question.unit)
    others = tuple(each for each in world.predictions if each.predict_id != question.id)
    return replace(world, predictions=(*others, guess))


def moment_with_guess(moment: Moment, guess: Prediction) -> Moment:
    """What was told when the fact was measured, with this guess in place of the one before."""
    told: list[tuple[float, SessionEvent]] = [
        (at, event)
        for at, event in zip(moment.at_seconds, moment.events, strict=True)
        if not (isinstance(event, PredictionCompared) and event.prediction.predict_id == guess.predict_id)
    ]
    told.append((moment.seconds, PredictionCompared(new_run_id(), guess)))
    return replace(moment, events=tuple(event for _, event in told), at_seconds=tuple(at for at, _ in told))
