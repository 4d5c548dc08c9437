"""Device blocks of a lesson turned into the values of :mod:`tutor.core.lesson`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from tutor.catalog.action import read_do
from tutor.catalog.exercise import read_fill, read_order, read_quiz, read_recall
from tutor.catalog.field import Source, Text, choose, open_source, read_fields
from tutor.catalog.markdown import DeviceBlock
from tutor.catalog.measure import nearest_measure, parse_measure
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.condition import parse_condition
from tutor.core.errors import LessonError
from tutor.core.lesson import CheckSpec, Device, Hint, Note, Predict, Unit

CLAIMS = 14
"""Statements of the lab report that the course tests."""
NOTE_KINDS = ("note", "warning", "finer-truth")
_Texts = Annotated[list[Text], msgspec.Meta(min_length=1)]


class _Predict(msgspec.Struct):
    ask: Text
    measure: Text
    id: str = ""
    unit: str = ""
    choices: list[str | int] = []
    why: str = ""


class _Check(msgspec.Struct, rename={"next_step": "next"}):
    id: Text
    check: Text
    on: Text
    why: Text
    title: str = ""
    needs: list[str] = []
    params: dict[str, object] = {}
    next_step: str = ""


class _Hint(msgspec.Struct):
    when: Text
    say: _Texts
    id: str = ""


class _Note(msgspec.Struct):
    say: Text
    kind: str = "note"
    claim: Annotated[int, msgspec.Meta(ge=1, le=CLAIMS)] | None = None


def read_devices(block: DeviceBlock, default_id: str, problems: ProblemList) -> tuple[Device, ...]:
    """The devices of one block, in order; none after noting what is wrong with it."""
    source = open_source(block.text, block.line + 1, problems, f"{block.name} block")
    if source is None:
        return ()
    if block.name == "do":
        return read_do(source, block.line)
    device = _READERS[block.name](source, block.line, default_id)
    return (device,) if device is not None else ()


def _read_predict(source: Source, line: int, default_id: str) -> Predict | None:
    model = read_fields(source, _Predict)
    if model is None:
        return None
    measure = parse_measure(model.measure)
    if measure is None:
        source.report("$.measure", f'There is no measure "{model.measure}".', nearest_measure(model.measure))
        return None
    choices = tuple(str(choice) for choice in model.choices)
    unit = choose(source, "$.unit", model.unit, Unit) if model.unit else None
    if model.unit and unit is None:
        return None
    natural = Unit.CHOICE if choices else measure.unit
    if unit is not None and unit is not natural:
        step = f"Leave unit out, or write {natural.value}."
        source.report("$.unit", f"{model.measure} is not measured in {unit.value} here.", step)
        return None
    if len(choices) == 1 or len(set(choices)) < len(choices):
        source.report("$.choices", "There is nothing to choose.", "Give two or more different choices.")
        return None
    return Predict(
        model.id or default_id, model.ask.strip(), model.measure, natural, choices, model.why.strip(), line
    )


def _read_check(source: Source, line: int, _default_id: str) -> CheckSpec | None:
    model = read_fields(source, _Check)
    if model is None:
        return None
    return CheckSpec(
        id=model.id,
        check=model.check,
        on=model.on,
        why=model.why.strip(),
        title=model.title or model.id.replace("-", " ").capitalize(),
        needs=tuple(model.needs),
        params=model.params,
        next_step=model.next_step.strip(),
        line=line,
    )


def _read_hint(source: Source, line: int, default_id: str) -> Hint | None:
    model = read_fields(source, _Hint)
    if model is None:
        return None
    try:
        parse_condition(model.when)
    except LessonError as error:
        source.report("$.when", error.what, error.next_step)
        return None
    return Hint(model.id or default_id, model.when, tuple(rung.strip() for rung in model.say), line)


def _read_note(source: Source, line: int, _default_id: str) -> Note | None:
    model = read_fields(source, _Note)
    if model is None:
        return None
    if model.kind not in NOTE_KINDS:
        source.report("$.kind", f'There is no kind of note "{model.kind}".', one_of(NOTE_KINDS, model.kind))
        return None
    if model.claim is not None and model.kind != "finer-truth":
        source.report("$.claim", "Only a finer truth stands for a claim.", "Write kind: finer-truth.")
        return None
    return Note(model.say.strip(), model.kind, line, model.claim)


_READERS: dict[str, Callable[[Source, int, str], Device | None]] = {
    "predict": _read_predict,
    "quiz": read_quiz,
    "order": read_order,
    "fill": read_fill,
    "check": _read_check,
    "hint": _read_hint,
    "note": _read_note,
    "recall": read_recall,
}
