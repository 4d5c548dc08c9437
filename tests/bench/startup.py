"""Start to the first whole frame, against a bare Textual app, and from there to a key answered."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.subject import Subject, bare, lesson_screen
from tests.bench.terminal import terminal

ROUNDS = 9
BAR = 1.5


HELP_WORD = "Signs:"
"""Stands on the help page, which a key opens."""


def to_first_frame(subject: Subject) -> tuple[float, float]:
    """Seconds from the start until every word of the first frame was drawn, and those on a processor."""
    with terminal(subject.command, subject.environ) as screen:
        return screen.wait_for(*subject.words), screen.processor_seconds()


def seconds_to_answered_key(subject: Subject) -> float:
    """From the first whole frame until the page that one key opens was drawn."""
    with terminal(subject.command, subject.environ) as screen:
        first_frame = screen.wait_for(*subject.words)
        screen.send(b"?")
        return screen.wait_for(HELP_WORD) - first_frame


def measure() -> list[Figure]:
    """Runs take turns; the first round warms caches and is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        floor, tutor = bare(Path(folder)), lesson_screen(Path(folder))
        to_first_frame(floor)
        to_first_frame(tutor)
        floors, tutors, answers = [], [], []
        for _ in range(ROUNDS):
            floors.append(to_first_frame(floor))
            tutors.append(to_first_frame(tutor))
            answers.append(seconds_to_answered_key(tutor))
    ratios = [one[0] / other[0] for one, other in zip(tutors, floors, strict=True)]
    busy = [one[1] / other[1] for one, other in zip(tutors, floors, strict=True)]
    spread = f"median of {ROUNDS} pairs, {min(ratios):.2f} to {max(ratios):.2f}"
    return [
        Figure("start to first frame: bare app", statistics.median(row[0] for row in floors), "s"),
        Figure("start to first frame: lesson screen", statistics.median(row[0] for row in tutors), "s"),
        Figure("start to first frame: lesson screen / bare app", statistics.median(ratios), "×", BAR, spread),
        Figure(
            "the same, in processor time",
            statistics.median(busy),
            "×",
            note="what other programs do weighs less",
        ),
        Figure("first frame to a key answered: lesson screen", statistics.median(answers), "s"),
    ]
