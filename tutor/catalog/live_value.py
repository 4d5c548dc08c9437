"""Whether the measures that a lesson asks for or shows are ones that its steps make."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.catalog.measure import Measure, nearest_measure, parse_measure
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.exercise import Recall
from tutor.core.lesson import (
    Build,
    BuildTwice,
    CheckSpec,
    Exec,
    Lesson,
    Note,
    Predict,
    Probe,
    Quiz,
    RunHealthcheck,
    Step,
    Stop,
)
from tutor.core.live_value import live_values

_MADE_BY: dict[str, tuple[type, str]] = {
    "exec": (Exec, "exec"),
    "stop": (Stop, "stop"),
    "health": (RunHealthcheck, "healthcheck"),
    "twice": (BuildTwice, "twice"),
}
"""Measures that only one kind of action makes."""


def report_measures(lesson: Lesson, problems: ProblemList) -> None:
    """Note measures of predictions and live values that are unknown or that no step makes."""
    probed = {
        path
        for step in lesson.steps
        for action in step.actions
        if isinstance(action, Probe)
        for path in action.paths
    }
    for step in lesson.steps:
        for name, line in _named(step):
            measure = parse_measure(name)
            if measure is None:
                problems.add(line, f'There is no measure "{name}".', nearest_measure(name))
                continue
            for tag in (measure.tag, measure.other):
                if tag and tag not in lesson.tags:
                    problems.add(
                        line, f'The tag "{tag}" is not among the lesson\'s tags.', one_of(lesson.tags, tag)
                    )
            if measure.path and measure.path not in probed:
                problems.add(line, f"No step asks {measure.path}.", one_of(probed, measure.path))
            _report_maker(lesson, measure, line, problems)


def _report_maker(lesson: Lesson, measure: Measure, line: int, problems: ProblemList) -> None:
    word = measure.kind.partition(".")[0]
    if word not in _MADE_BY or measure.tag not in lesson.tags:
        return
    kind, device = _MADE_BY[word]
    for step in lesson.steps:
        for action in step.actions:
            if isinstance(action, kind) and getattr(action, "tag", "") == measure.tag:
                return
    problems.add(line, f'No step does what "{word}.{measure.tag}" measures.', f"Add {device} to a do block.")


def _named(step: Step) -> Iterator[tuple[str, int]]:
    """Each measure that a step names, with the line to blame."""
    yield from ((name, step.line) for name in live_values(step.prose))
    for device in step.devices:
        if isinstance(device, Predict):
            yield device.measure, device.line
        yield from ((name, device.line) for text in shown_texts(device) for name in live_values(text))


def shown_texts(device: object) -> tuple[str, ...]:
    """The texts of a device in which live values are filled in."""
    match device:
        case Note():
            return (device.say,)
        case Predict():
            return (device.why,)
        case Quiz() | Recall():
            return tuple(option.because for option in device.options)
        case CheckSpec():
            return (device.why,)
        case Build():
            return (device.say,)
        case _:
            return ()
