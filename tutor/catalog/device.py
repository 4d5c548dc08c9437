"""Device blocks of a lesson turned into the values of :mod:`tutor.core.lesson`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated

import msgspec

from tutor.catalog.field import Source, Text, choose, open_source, read_fields
from tutor.catalog.markdown import DeviceBlock
from tutor.catalog.measure import nearest_measure, parse_measure
from tutor.catalog.problem import ProblemList, one_of
from tutor.core.condition import parse_condition
from tutor.core.errors import LessonError
from tutor.core.lesson import (
    Build,
    CheckSpec,
    Device,
    Do,
    Edit,
    Expectation,
    Hint,
    Lay,
    Note,
    Predict,
    Probe,
    Run,
    Unit,
)

NOTE_KINDS = ("note", "warning", "finer-truth")
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Texts = Annotated[list[Text], msgspec.Meta(min_length=1)]


class _Predict(msgspec.Struct):
    ask: Text
    measure: Text
    id: str = ""
    unit: str = ""
    choices: list[str | int] = []
    why: str = ""


class _Build(msgspec.Struct):
    tag: Text
    expect: str = "success"


class _Run(msgspec.Struct):
    tag: Text
    port: _Port | None = None
    expect: str = "success"


class _Probe(msgspec.Struct):
    tag: Text
    paths: _Texts
    expect: str = "success"


class _Lay(msgspec.Struct, rename={"source": "from"}):
    source: Text
    say: str = ""


class _Edit(msgspec.Struct):
    say: Text
    file: Text = "Dockerfile"


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


def read_devices(block: DeviceBlock, default_id: str, problems: ProblemList) -> tuple[Device, ...]:
    """The devices of one block, in order; none after noting what is wrong with it."""
    source = open_source(block.text, block.line + 1, problems, f"{block.name} block")
    if source is None:
        return ()
    if block.name == "do":
        return _read_do(source, block.line)
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


def _read_do(source: Source, line: int) -> tuple[Do, ...]:
    found: list[Do] = []
    if not source.yaml.data:
        source.report("$", "The do block is empty.", f"Known: {', '.join(_DO_READERS)}.")
    for key in source.yaml.data:
        if key not in _DO_READERS:
            source.report(
                f"$.{key}", f'There is nothing to do called "{key}".', one_of(_DO_READERS, str(key))
            )
            continue
        action = _DO_READERS[key](source, line)
        if action is not None:
            found.append(action)
    return tuple(found)


def _read_build(source: Source, line: int) -> Build | None:
    model = read_fields(source, _Build, "$.build")
    expect = model and choose(source, "$.build.expect", model.expect, Expectation)
    return Build(model.tag, expect, line) if model and expect else None


def _read_run(source: Source, line: int) -> Run | None:
    model = read_fields(source, _Run, "$.run")
    expect = model and choose(source, "$.run.expect", model.expect, Expectation)
    return Run(model.tag, model.port, expect, line) if model and expect else None


def _read_probe(source: Source, line: int) -> Probe | None:
    model = read_fields(source, _Probe, "$.probe")
    expect = model and choose(source, "$.probe.expect", model.expect, Expectation)
    if not model or not expect:
        return None
    for index, path in enumerate(model.paths):
        if not path.startswith("/") or any(character.isspace() for character in path):
            source.report(
                f"$.probe.paths[{index}]",
                f'"{path}" is not a path.',
                "A path begins with /, such as /health.",
            )
            return None
    return Probe(model.tag, tuple(model.paths), expect, line)


def _read_lay(source: Source, line: int) -> Lay | None:
    model = read_fields(source, _Lay, "$.lay")
    if model is None or not _stays_inside(source, "$.lay.from", model.source):
        return None
    return Lay(model.source, model.say.strip(), line)


def _read_edit(source: Source, line: int) -> Edit | None:
    model = read_fields(source, _Edit, "$.edit")
    if model is None or not _stays_inside(source, "$.edit.file", model.file):
        return None
    return Edit(model.say.strip(), model.file, line)


def _stays_inside(source: Source, path: str, given: str) -> bool:
    parts = PurePosixPath(given).parts
    if given.startswith("/") or "\\" in given or ".." in parts or not parts:
        source.report(
            path,
            f'"{given}" leaves its folder.',
            "Write a path below it, with forward slashes and without .. in it.",
        )
        return False
    return True


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
    return Note(model.say.strip(), model.kind, line)


_READERS: dict[str, Callable[[Source, int, str], Device | None]] = {
    "predict": _read_predict,
    "check": _read_check,
    "hint": _read_hint,
    "note": _read_note,
}
_DO_READERS: dict[str, Callable[[Source, int], Do | None]] = {
    "build": _read_build,
    "run": _read_run,
    "probe": _read_probe,
    "lay": _read_lay,
    "edit": _read_edit,
}
