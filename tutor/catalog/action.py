"""``do`` blocks turned into the values of :mod:`tutor.core.action`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from tutor.catalog.field import Source, Text, choose, read_fields, stays_inside
from tutor.catalog.problem import one_of
from tutor.core.lesson import (
    Build,
    BuildTwice,
    Change,
    Do,
    Edit,
    Exec,
    Expectation,
    Fetch,
    Lay,
    Probe,
    Run,
    RunHealthcheck,
    Show,
    ShowKind,
    Stop,
)

_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Texts = Annotated[list[Text], msgspec.Meta(min_length=1)]
_Value = str | int | float | bool


class _Expecting(msgspec.Struct, kw_only=True):
    tag: Text
    expect: str = "success"
    say: str = ""


class _Build(_Expecting, kw_only=True):
    args: dict[str, _Value] = {}
    file: Text = "Dockerfile"
    cache: bool = True


class _Run(_Expecting, kw_only=True):
    port: _Port | None = None
    read_only: bool = False
    user: str | int = ""
    env: dict[str, _Value] = {}


class _Probe(_Expecting, kw_only=True):
    paths: _Texts


class _Exec(_Expecting, kw_only=True):
    argv: Annotated[list[_Value], msgspec.Meta(min_length=1)]


class _Fetch(_Expecting, kw_only=True):
    path: Text
    to: Text


class _Show(msgspec.Struct):
    tag: Text
    what: Text
    stage: str | int = ""
    say: str = ""


class _Stop(_Expecting, kw_only=True):
    during: Text


class _Twice(msgspec.Struct):
    tag: Text
    say: str = ""


class _Lay(msgspec.Struct, rename={"source": "from"}):
    source: Text
    say: str = ""


class _Change(msgspec.Struct):
    file: Text
    say: str = ""


class _Edit(msgspec.Struct):
    say: Text
    file: Text = "Dockerfile"


def read_do(source: Source, line: int) -> tuple[Do, ...]:
    """The actions of one block, in order; less those that are wrong, which are noted."""
    found: list[Do] = []
    if not source.yaml.data:
        source.report("$", "The do block is empty.", f"Known: {', '.join(_READERS)}.")
    for key in source.yaml.data:
        if key not in _READERS:
            source.report(f"$.{key}", f'There is nothing to do called "{key}".', one_of(_READERS, str(key)))
            continue
        action = _READERS[key][1](source, line)
        if action is not None:
            found.append(action)
    return tuple(found)


_Model = TypeVar("_Model", bound=_Expecting)


def _expecting(source: Source, name: str, model: type[_Model]) -> tuple[_Model, Expectation] | None:
    fields = read_fields(source, model, f"$.{name}")
    if fields is None:
        return None
    expect = choose(source, f"$.{name}.expect", fields.expect, Expectation)
    return (fields, expect) if expect else None


def _is_path(source: Source, where: str, given: str) -> bool:
    if given.startswith("/") and not any(character.isspace() for character in given):
        return True
    source.report(where, f'"{given}" is not a path.', "A path begins with /, such as /health.")
    return False


def _build(source: Source, line: int) -> Build | None:
    if (read := _expecting(source, "build", _Build)) is None:
        return None
    model, expect = read
    if not stays_inside(source, "$.build.file", model.file):
        return None
    args = tuple((name, _plain(value)) for name, value in model.args.items())
    return Build(model.tag, expect, line, args, model.file, model.cache, model.say.strip())


def _run(source: Source, line: int) -> Run | None:
    if (read := _expecting(source, "run", _Run)) is None:
        return None
    model, expect = read
    env = tuple((name, _plain(value)) for name, value in model.env.items())
    return Run(model.tag, model.port, expect, line, model.read_only, str(model.user), env, model.say.strip())


def _probe(source: Source, line: int) -> Probe | None:
    if (read := _expecting(source, "probe", _Probe)) is None:
        return None
    model, expect = read
    if not all(_is_path(source, f"$.probe.paths[{at}]", path) for at, path in enumerate(model.paths)):
        return None
    return Probe(model.tag, tuple(model.paths), expect, line, model.say.strip())


def _exec(source: Source, line: int) -> Exec | None:
    if (read := _expecting(source, "exec", _Exec)) is None:
        return None
    model, expect = read
    return Exec(model.tag, tuple(_plain(word) for word in model.argv), expect, line, model.say.strip())


def _fetch(source: Source, line: int) -> Fetch | None:
    if (read := _expecting(source, "fetch", _Fetch)) is None:
        return None
    model, expect = read
    if not _is_path(source, "$.fetch.path", model.path) or not stays_inside(source, "$.fetch.to", model.to):
        return None
    return Fetch(model.tag, model.path, model.to, expect, line, model.say.strip())


def _show(source: Source, line: int) -> Show | None:
    model = read_fields(source, _Show, "$.show")
    what = model and choose(source, "$.show.what", model.what, ShowKind)
    return Show(model.tag, what, str(model.stage), line, model.say.strip()) if model and what else None


def _stop(source: Source, line: int) -> Stop | None:
    if (read := _expecting(source, "stop", _Stop)) is None:
        return None
    model, expect = read
    if not _is_path(source, "$.stop.during", model.during):
        return None
    return Stop(model.tag, model.during, expect, line, model.say.strip())


def _healthcheck(source: Source, line: int) -> RunHealthcheck | None:
    if (read := _expecting(source, "healthcheck", _Expecting)) is None:
        return None
    model, expect = read
    return RunHealthcheck(model.tag, expect, line, model.say.strip())


def _twice(source: Source, line: int) -> BuildTwice | None:
    model = read_fields(source, _Twice, "$.twice")
    return BuildTwice(model.tag, line, model.say.strip()) if model else None


def _lay(source: Source, line: int) -> Lay | None:
    model = read_fields(source, _Lay, "$.lay")
    if model is None or not stays_inside(source, "$.lay.from", model.source):
        return None
    return Lay(model.source, model.say.strip(), line)


def _change(source: Source, line: int) -> Change | None:
    model = read_fields(source, _Change, "$.change")
    if model is None or not stays_inside(source, "$.change.file", model.file):
        return None
    return Change(model.file, model.say.strip(), line)


def _edit(source: Source, line: int) -> Edit | None:
    model = read_fields(source, _Edit, "$.edit")
    if model is None or not stays_inside(source, "$.edit.file", model.file):
        return None
    return Edit(model.say.strip(), model.file, line)


def _plain(value: _Value) -> str:
    """A YAML value as it is written: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


_READERS: dict[str, tuple[type[msgspec.Struct], Callable[[Source, int], Do | None]]] = {
    "build": (_Build, _build),
    "run": (_Run, _run),
    "probe": (_Probe, _probe),
    "exec": (_Exec, _exec),
    "fetch": (_Fetch, _fetch),
    "show": (_Show, _show),
    "stop": (_Stop, _stop),
    "healthcheck": (_Expecting, _healthcheck),
    "twice": (_Twice, _twice),
    "lay": (_Lay, _lay),
    "change": (_Change, _change),
    "edit": (_Edit, _edit),
}
ACTION_MODELS = {name: model for name, (model, _) in _READERS.items()}
"""What may stand in a ``do`` block, and the keys each takes."""
