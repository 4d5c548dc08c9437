"""A console's view, for tests that need one and care for a part of it."""

from __future__ import annotations

from typing import Any

from tutor.core.console import ConsoleNote, ConsoleStep, ConsoleView
from tutor.core.verdict import Prediction

STEPS = (
    ConsoleStep(1, "One file, two images", "One file, two images", "", 40.0, 60.0),
    ConsoleStep(2, "Guess, then build", "Predict: How big will it be?", "", 20.0, 60.0),
    ConsoleStep(3, "Guess, then build", "Build the image", "docker build -t multi .", 0.0, 180.0),
)


def view(**changes: Any) -> ConsoleView:
    """At the second of three steps, the clock running."""
    values: dict[str, Any] = {
        "lesson": "Two stages",
        "source": "docker 20.10",
        "is_replay": False,
        "steps": STEPS,
        "index": 1,
        "prose": "Two questions first.",
        "notes": (ConsoleNote("why", "It holds the program and nothing else."),),
        "guesses": (),
        "clock_runs": True,
        "due_seconds": 60.0,
    }
    return ConsoleView(**values | changes)


def guess(**changes: Any) -> Prediction:
    """What the class said, and what it is."""
    values: dict[str, Any] = {
        "lesson": "demo-two-stages",
        "predict_id": "size",
        "ask": "How big will it be?",
        "unit": "MB",
        "predicted": "9",
        "actual": "4.7",
    }
    return Prediction(**values | changes)
