"""``quiz``, ``order``, ``fill`` and ``recall`` blocks turned into values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from tutor.catalog.field import Source, Text, read_fields, stays_inside
from tutor.core.exercise import Blank, Distractor, Fill, Option, Order, Quiz, Recall, blank_numbers

_Lines = Annotated[list[Text], msgspec.Meta(min_length=2)]
OPTIONS_LIMIT = 4
"""Each option has a key of its own, and all stand on one screen of 24 lines."""


class _Option(msgspec.Struct, forbid_unknown_fields=True):
    say: str | int | float
    because: Text
    right: bool = False


class _Quiz(msgspec.Struct):
    ask: Text
    options: Annotated[list[_Option], msgspec.Meta(min_length=2, max_length=OPTIONS_LIMIT)]
    id: str = ""


class _Distractor(msgspec.Struct, forbid_unknown_fields=True):
    line: Text
    because: Text


class _Order(msgspec.Struct, rename={"alternatives": "or"}):
    ask: Text
    lines: _Lines
    distractors: list[_Distractor] = []
    alternatives: list[_Lines] = []
    before: str = ""
    after: str = ""
    file: Text = "Dockerfile"
    id: str = ""


class _Wrong(msgspec.Struct, forbid_unknown_fields=True):
    say: str | int | float
    because: Text


class _Blank(msgspec.Struct, forbid_unknown_fields=True):
    answers: Annotated[list[str | int | float], msgspec.Meta(min_length=1)]
    because: Text
    wrong: list[_Wrong] = []


class _Fill(msgspec.Struct):
    ask: Text
    text: Text
    blanks: Annotated[list[_Blank], msgspec.Meta(min_length=1)]
    file: Text = "Dockerfile"
    id: str = ""


class _Recall(msgspec.Struct):
    ask: Text
    answer: str | int | float = ""
    options: Annotated[list[_Option], msgspec.Meta(max_length=OPTIONS_LIMIT)] = []
    id: str = ""


EXERCISE_MODELS: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    "quiz": (_Quiz, _Option),
    "order": (_Order, _Distractor),
    "fill": (_Fill, _Blank, _Wrong),
    "recall": (_Recall,),
}
"""The keys each device takes, with those of the mappings in it."""


def read_quiz(source: Source, line: int, default_id: str) -> Quiz | None:
    """A quiz; None after noting what is wrong with it."""
    model = read_fields(source, _Quiz)
    options = _options(source, model.options) if model else None
    return Quiz(model.id or default_id, model.ask.strip(), options, line) if model and options else None


def read_recall(source: Source, line: int, default_id: str) -> Recall | None:
    """A question for reviews; None after noting what is wrong with it."""
    model = read_fields(source, _Recall)
    if model is None:
        return None
    answer = str(model.answer).strip()
    if bool(answer) == bool(model.options):
        source.report("$", "A recall has an answer or options.", "Write one of answer: … and options: ….")
        return None
    options = _options(source, model.options) if model.options else ()
    if options is None:
        return None
    return Recall(model.id or default_id, model.ask.strip(), answer, options, line)


def _options(source: Source, given: list[_Option]) -> tuple[Option, ...] | None:
    options = tuple(Option(str(o.say).strip(), o.because.strip(), o.right) for o in given)
    right = [at for at, option in enumerate(options) if option.right]
    if len(right) != 1:
        where = f"$.options[{right[1]}]" if right else "$.options"
        source.report(where, f"{len(right)} options are right.", "Write right: true at exactly one of them.")
        return None
    if len({option.say for option in options}) < len(options):
        source.report("$.options", "Two options say the same.", "Give each a text of its own.")
        return None
    return options


def read_order(source: Source, line: int, default_id: str) -> Order | None:
    """Lines to order; None after noting what is wrong with them."""
    model = read_fields(source, _Order)
    if model is None or not stays_inside(source, "$.file", model.file):
        return None
    lines = _clean_lines(model.lines)
    if len(set(lines)) < len(lines):
        source.report("$.lines", "Two lines are the same.", "A learner could not tell them apart.")
        return None
    everything = {*lines, *(d.line.rstrip() for d in model.distractors)}
    if len(everything) < len(lines) + len(model.distractors):
        source.report(
            "$.distractors", "A distractor is given twice, or is one of the lines.", "Change or remove it."
        )
        return None
    alternatives = []
    for at, other in enumerate(model.alternatives):
        alternatives.append(_clean_lines(other))
        if unknown := sorted({*alternatives[-1]} - everything):
            step = "Another right order is made of the same lines and distractors."
            source.report(f"$.or[{at}]", f'"{unknown[0]}" is not among the lines.', step)
            return None
    return Order(
        id=model.id or default_id,
        ask=model.ask.strip(),
        lines=lines,
        distractors=tuple(Distractor(d.line.rstrip(), d.because.strip()) for d in model.distractors),
        alternatives=tuple(alternatives),
        before=model.before,
        after=model.after,
        file=model.file,
        line=line,
    )


def _clean_lines(lines: list[str]) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in lines)


def read_fill(source: Source, line: int, default_id: str) -> Fill | None:
    """A text with gaps; None after noting what is wrong with it."""
    model = read_fields(source, _Fill)
    if model is None or not stays_inside(source, "$.file", model.file):
        return None
    wanted = list(range(1, len(model.blanks) + 1))
    if sorted(blank_numbers(model.text)) != wanted:
        found = ", ".join(f"___{number}___" for number in blank_numbers(model.text)) or "none"
        source.report(
            "$.text",
            f"The gaps do not fit the {len(wanted)} blanks; the text has {found}.",
            f"Write each of ___1___ to ___{len(wanted)}___ once, in the order of blanks.",
        )
        return None
    blanks = tuple(
        Blank(
            tuple(str(answer) for answer in blank.answers),
            blank.because.strip(),
            tuple(Distractor(str(wrong.say), wrong.because.strip()) for wrong in blank.wrong),
        )
        for blank in model.blanks
    )
    for at, blank in enumerate(blanks):
        for nth, wrong in enumerate(blank.wrong):
            if blank.accepts(wrong.line):
                source.report(
                    f"$.blanks[{at}].wrong[{nth}]",
                    f'"{wrong.line}" is right and wrong at once.',
                    "Remove it from answers or from wrong.",
                )
                return None
    return Fill(model.id or default_id, model.ask.strip(), model.text, blanks, model.file, line)
