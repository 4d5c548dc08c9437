"""Measured facts and typed answers in one form, so that they can be laid side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.core.lesson import Unit
from tutor.core.live_value import live_values, with_live_values
from tutor.core.verdict import Prediction

MEGABYTE = 1_000_000
_WITH_UNIT = re.compile(r"([-\d.,]+)\s*(MB|%|s)")
NOT_MEASURED = "not measured yet"
OPEN = "…"


def as_answer(value: object, unit: Unit) -> str:
    """A measured fact in the form a prediction is given in."""
    if isinstance(value, bool) or unit is Unit.YES_NO:
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if unit is Unit.MEGABYTES:
        megabytes = value / MEGABYTE
        return f"{megabytes:.0f}" if megabytes >= 100 else f"{megabytes:.1f}"
    if unit in {Unit.PERCENT, Unit.SECONDS}:
        return f"{value:.1f}"
    return str(value)


def checked_answer(text: str, unit: Unit, choices: tuple[str, ...]) -> tuple[str, str]:
    """What the learner typed, made uniform, and what is wrong with it (empty when nothing is)."""
    text = text.strip()
    if unit is Unit.YES_NO:
        word = {"y": "yes", "yes": "yes", "1": "yes", "n": "no", "no": "no", "2": "no"}.get(text.lower())
        return (word, "") if word else ("", "Answer yes or no: y or n.")
    if unit is Unit.CHOICE:
        if text.isdigit() and 1 <= int(text) <= len(choices):
            return choices[int(text) - 1], ""
        if text in choices:
            return text, ""
        return "", f"Choose one of 1 to {len(choices)}."
    own = "" if unit is Unit.NUMBER else unit.value
    with_one = _WITH_UNIT.fullmatch(text)
    if with_one and with_one[2] != own:
        wanted = f"of {own}, not of {with_one[2]}" if own else "without a unit"
        return "", f"Type a number {wanted}, such as 50."
    try:
        number = float((with_one[1] if with_one else text).replace(",", "."))
    except ValueError:
        return "", f"Type a number{'' if unit is Unit.NUMBER else f' of {unit.value}'}, such as 50."
    if not 0 <= number < 1e9:
        return "", "Type a number that is not negative."
    return f"{number:g}", ""


def with_actual(prediction: Prediction, value: object, unit: Unit) -> Prediction:
    """The prediction with its fact beside it."""
    import dataclasses

    return dataclasses.replace(prediction, actual=as_answer(value, unit))


def with_unit(answer: str, unit: Unit) -> str:
    """``4.7 MB``, ``97.5 %``, ``yes``."""
    return answer if unit in {Unit.YES_NO, Unit.CHOICE, Unit.NUMBER} else f"{answer} {unit.value}"


def with_facts(text: str, facts: Mapping[str, object]) -> str:
    """A text with its live values filled in."""
    return with_live_values(text, lambda name: shown_value(name, facts))


def as_far_as_known(text: str, facts: Mapping[str, object]) -> str:
    """A text to be read aloud: a value that is missing is left open, and its paragraph says so."""
    return "\n\n".join(_as_far_as_known(part, facts) for part in text.split("\n\n"))


def _as_far_as_known(paragraph: str, facts: Mapping[str, object]) -> str:
    filled = with_live_values(paragraph, lambda name: shown_value(name, facts, OPEN))
    if all(shown_value(name, facts, OPEN) != OPEN for name in live_values(paragraph)):
        return filled
    return f"{filled.rstrip()} (Where … stands, nothing is measured yet.)"


def shown_value(name: str, facts: Mapping[str, object], missing: str = NOT_MEASURED) -> str:
    """A measure's value with its unit; ``missing`` when it is not measured yet."""
    from tutor.catalog.measure import parse_measure

    measure = parse_measure(name)
    if measure is None or name not in facts:
        return missing
    return with_unit(as_answer(facts[name], measure.unit), measure.unit)
