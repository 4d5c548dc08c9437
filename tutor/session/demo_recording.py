"""Recordings of demos: the events themselves, as lines of JSON. Read as what anybody may have made."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import msgspec

from tutor import __version__
from tutor.core.errors import StorageError
from tutor.core.events import SessionEvent
from tutor.core.image import SizeRow
from tutor.core.text import clean_text, map_texts
from tutor.core.verdict import Prediction
from tutor.session.demo_moment import EVENT_LIMIT, Moment
from tutor.session.demo_step import DemoStep

SCHEMA = 1
KIND = "fromscratch demo"
FILE_LIMIT_BYTES = 64 * 1024 * 1024
LINE_LIMIT_BYTES = 16 * 1024 * 1024
PROSE_LIMIT, FILE_TEXT_LIMIT = (16_000, 300), (128_000, 4_000)
"""Characters and lines of what is drawn as a whole, far more than a lesson's step or a Dockerfile has."""

_EVENTS: dict[str, type] = {
    each.__name__: each for member in get_args(SessionEvent) for each in (get_args(member) or (member,))
}


class _Head(msgspec.Struct):
    kind: str
    schema: int
    version: str
    lesson: str
    steps_sha256: str
    engine: str
    made_at: str


class _Moment(msgspec.Struct):
    number: int
    file: str
    before: str
    after: str
    prose: str
    events: list[tuple[str, dict[str, Any]]]
    at_seconds: list[float]
    seconds: float
    sizes: list[SizeRow]
    address: str
    predictions: list[Prediction]
    went_well: bool | None
    notes: list[str] = []


@dataclass(frozen=True, slots=True)
class Recording:
    """A demo as it went once. Never graded."""

    lesson: str
    engine: str
    made_at: str
    """ISO 8601, UTC."""
    steps_sha256: str
    """Of the steps it shows: those of a changed lesson differ."""
    moments: tuple[Moment, ...]
    """From the first step on, without a gap."""


def steps_sha256(steps: Iterable[DemoStep]) -> str:
    """What a recording's steps are held against."""
    said = json.dumps([[step.kind.value, step.heading, step.say, step.command] for step in steps])
    return hashlib.sha256(said.encode()).hexdigest()


def encode_recording(recording: Recording, mask: Callable[[str], str] = str) -> bytes:
    """As lines: a head, then one line a step. ``mask`` hides in every text what is private."""
    head = _Head(
        KIND,
        SCHEMA,
        __version__,
        recording.lesson,
        recording.steps_sha256,
        mask(recording.engine),
        recording.made_at,
    )
    lines = [msgspec.json.encode(head)]
    for moment in recording.moments:
        row = {name: _masked(getattr(moment, name), mask) for name in _Moment.__struct_fields__}
        row["events"] = [(type(event).__name__, _masked(event, mask)) for event in moment.events]
        lines.append(msgspec.json.encode(row))
    return b"".join(line + b"\n" for line in lines)


def decode_recording(data: bytes, where: str = "", lesson: str = "LESSON") -> Recording:
    """Read a recording. One that was cut short gives the steps that are whole.

    Every text is cleaned of control sequences and of endless lines.

    Raises:
        StorageError: it is no recording, of a schema this version does not read, or holds what none would.
    """
    lines = data.split(b"\n")
    if len(data) > FILE_LIMIT_BYTES or any(len(line) > LINE_LIMIT_BYTES for line in lines):
        raise _refused("It is far larger than a recording.", where, lesson)
    try:
        head = msgspec.convert(_cleaned(lines[0]), _Head)
    except (ValueError, RecursionError) as error:
        raise _refused("It is no recording of a demo.", where, lesson) from error
    if head.kind != KIND or head.schema != SCHEMA:
        raise _refused(
            f"It is a recording of another kind: schema {head.schema} made by version {head.version}.",
            where,
            lesson,
        )
    moments: list[Moment] = []
    # What follows the last line break was being written when the end came.
    for line in lines[1:-1]:
        try:
            moment = _moment(msgspec.convert(_cleaned(line), _Moment))
        except (ValueError, RecursionError) as error:
            raise _refused(f"Its step {len(moments) + 1} cannot be read.", where, lesson) from error
        if moment.number != len(moments) + 1:
            raise _refused(f"Its step {len(moments) + 1} is missing.", where, lesson)
        moments.append(moment)
    if not moments:
        raise _refused("It holds no step.", where, lesson)
    return Recording(head.lesson, head.engine, head.made_at, head.steps_sha256, tuple(moments))


def read_recording(path: Path, lesson: str = "LESSON") -> Recording:
    """Read a recording's file. ``lesson`` is the one it is wanted for, where one is named.

    Raises:
        StorageError: it cannot be read, or as :func:`decode_recording`.
    """
    try:
        # A pipe or a device has no size, and may have no end.
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is no plain file")
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise StorageError(
            f"The recording cannot be read: {error.strerror}.",
            where=str(path),
            next_step=f"Make one with: fromscratch demo {lesson} --rehearse",
        ) from error
    return decode_recording(data, str(path), lesson)


def write_recording(path: Path, recording: Recording, mask: Callable[[str], str] = str) -> None:
    """Write it, all at once.

    Raises:
        StorageError: the file cannot be written.
    """
    from tutor.storage.atomic import write_atomically
    from tutor.storage.failure import told

    with told("write the recording", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, encode_recording(recording, mask))


def whole_moments(moments: Sequence[Moment | None]) -> tuple[Moment, ...]:
    """From the first step to the first that was not reached."""
    found: list[Moment] = []
    for moment in moments:
        if moment is None:
            break
        found.append(moment)
    return tuple(found)


def _moment(row: _Moment) -> Moment:
    if len(row.events) != len(row.at_seconds) or len(row.events) > EVENT_LIMIT:
        raise ValueError("events without their times")
    for text, (characters, lines) in (
        (row.prose, PROSE_LIMIT),
        (row.before, FILE_TEXT_LIMIT),
        (row.after, FILE_TEXT_LIMIT),
    ):
        if len(text) > characters or text.count("\n") > lines:
            raise ValueError("a text that would take minutes to draw")
    events = tuple(_event(name, each) for name, each in row.events)
    values: dict[str, Any] = {name: getattr(row, name) for name in _Moment.__struct_fields__}
    values |= {"events": events, "at_seconds": tuple(row.at_seconds)}
    values |= {"sizes": tuple(row.sizes), "predictions": tuple(row.predictions), "notes": tuple(row.notes)}
    return Moment(**values)


def _event(name: str, values: dict[str, Any]) -> SessionEvent:
    known = _EVENTS.get(name)
    if known is None:
        raise ValueError("an event that there is none of")
    event: SessionEvent = msgspec.convert(values, known)
    return event


def _cleaned(line: bytes) -> Any:
    return map_texts(msgspec.json.decode(line), clean_text)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """A value as JSON takes it, its texts masked. A role or an outcome is no text."""
    match value:
        case Enum():
            return value.value
        case str():
            return mask(value)
        case dict():
            return {key: _masked(each, mask) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each, mask) for each in value]
        case _ if is_dataclass(value):
            return {field.name: _masked(getattr(value, field.name), mask) for field in fields(value)}
        case _:
            return msgspec.to_builtins(value)


def _refused(what: str, where: str, lesson: str) -> StorageError:
    return StorageError(
        what, where=where, next_step=f"Make a new one with: fromscratch demo {lesson} --rehearse"
    )
