"""Evidence and reports as JSON, and back. Each document bears the number of its schema."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tutor.core.errors import InspectError, StorageError
from tutor.core.evidence import EVIDENCE_SCHEMA, Evidence, ImageEvidence
from tutor.core.verdict import CheckpointReport

REPORT_SCHEMA = 1
"""Of a stored or printed report."""

T = TypeVar("T")


class _Head(msgspec.Struct):
    kind: str
    schema: int


class _Body(msgspec.Struct):
    value: msgspec.Raw


def encode_evidence(evidence: Evidence) -> str:
    """One checkpoint's evidence."""
    return _encode("evidence", EVIDENCE_SCHEMA, evidence)


def decode_evidence(text: str | bytes) -> Evidence:
    """The reverse of encode_evidence.

    Raises:
        StorageError: it is damaged, of another kind, or of a schema this version does not read.
    """
    return _decode(text, "evidence", EVIDENCE_SCHEMA, Evidence)


def encode_image_evidence(image: ImageEvidence) -> str:
    """What was read out of one image."""
    return _encode("image", EVIDENCE_SCHEMA, image)


def decode_image_evidence(text: str | bytes) -> ImageEvidence:
    """The reverse of encode_image_evidence.

    Raises:
        StorageError: it is damaged, of another kind, or of a schema this version does not read.
    """
    return _decode(text, "image", EVIDENCE_SCHEMA, ImageEvidence)


def encode_report(report: CheckpointReport) -> str:
    """One checkpoint's verdicts."""
    return _encode("report", REPORT_SCHEMA, report)


def decode_report(text: str | bytes) -> CheckpointReport:
    """The reverse of encode_report.

    Raises:
        StorageError: it is damaged, of another kind, or of a schema this version does not read.
    """
    return _decode(text, "report", REPORT_SCHEMA, CheckpointReport)


def _encode(kind: str, schema: int, value: object) -> str:
    document = {"kind": kind, "schema": schema, "value": value}
    try:
        return msgspec.json.encode(document).decode()
    except UnicodeEncodeError:
        # Half a surrogate pair can come out of a name or an answer, and JSON has no place for it.
        return msgspec.json.encode(_scrubbed(msgspec.to_builtins(document))).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise InspectError(f"The {kind} cannot be written as JSON: {error}") from error


def _scrubbed(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
    return [_scrubbed(item) for item in value] if isinstance(value, list | tuple) else value


def _decode(text: str | bytes, kind: str, schema: int, type_: type[T]) -> T:
    try:
        head = msgspec.json.decode(text, type=_Head)
        if head.kind != kind:
            raise StorageError(f"This is {head.kind}, where {kind} was expected.")
        if head.schema != schema:
            raise StorageError(
                f"The stored {kind} has schema {head.schema}; this version reads {schema}.",
                next_step="Run the checkpoint again.",
            )
        return msgspec.json.decode(msgspec.json.decode(text, type=_Body).value, type=type_)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StorageError(
            f"The stored {kind} is damaged: {error}", next_step="Run the checkpoint again."
        ) from error
