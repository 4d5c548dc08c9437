"""Checks on what a running container answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import Evidence
from tutor.core.http import HttpExchange
from tutor.grading.reach import explain_no_answer
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.subject import tag_of
from tutor.grading.words import excerpt, listed

UNKNOWN_PATH = "/fromscratch/no-such-path"
"""Asked when a check wants to know how the service answers a path it does not have."""

_CLOCK_SLACK_SECONDS = 10.0
_MISSING = object()


class Answer(Params, frozen=True):
    """Parameters of endpoint_answers."""

    path: Annotated[str, Meta(pattern="^/", description="The path to ask, with a leading slash.")]
    status: Annotated[int, Meta(ge=100, le=599, description="The status expected.")] = 200
    json_keys: Annotated[
        tuple[str, ...], Meta(description="Keys the JSON body has to hold; a dot goes deeper: service.name.")
    ] = ()
    time_key: Annotated[
        str,
        Meta(
            description="Key whose value is the time of the answer (RFC 3339): a stored page has an old one."
        ),
    ] = ""
    unknown_path_status: Annotated[
        int | None, Meta(description="The status expected for a path that does not exist.")
    ] = None


@rule(
    title="The service answers",
    why="An image is worth what its service answers.",
    next_step="Ask the path yourself, with curl -i, and read the whole answer and the container's log.",
    subjects=("container", "image"),
    after=("image_builds", "container_starts"),
)
def endpoint_answers(case: Case[Answer]) -> Finding:
    """A path is answered with the status and the JSON the service gives.

    Canned pages are told by their content type, by missing keys, and, with ``time_key``, by a time
    that is not that of the answer's own Date.
    """
    expected = f"GET {case.params.path} answers {case.params.status}"
    if case.params.json_keys:
        expected += f" with JSON that holds {listed(case.params.json_keys, 8)}"
    if case.params.unknown_path_status is not None:
        expected += f", and a path that does not exist {case.params.unknown_path_status}"
    expected += "."
    tag = tag_of(case.spec)
    container = case.evidence.containers.get(tag)
    if container is not None and not container.state.is_running and tag not in case.evidence.exchanges:
        return failed(expected, "Nothing answers: the container does not run.", f"GET {case.params.path}")
    exchange = _exchange(case.evidence, tag, case.params.path)
    if exchange is None:
        if container is not None and not container.state.is_running:
            return failed(expected, "Nothing answers: the container does not run.", f"GET {case.params.path}")
        return unknown(expected, f"{case.params.path} was not asked.")
    if exchange.status is None:
        actual, why, next_step = explain_no_answer(exchange, container)
        return failed(expected, actual, f"GET {case.params.path}", why=why, next_step=next_step)
    fault = _status_fault(exchange, case.params.status) or _body_fault(
        exchange, case.params, case.evidence.taken_at
    )
    if fault:
        return failed(expected, fault, f"GET {case.params.path}")
    if case.params.unknown_path_status is not None:
        other = _exchange(case.evidence, tag, UNKNOWN_PATH)
        if other is None:
            return unknown(expected, "A path that does not exist was not asked.")
        fault = _status_fault(other, case.params.unknown_path_status)
        if fault:
            why = "If every path answers the same, asking proves nothing."
            return failed(expected, fault, f"GET {UNKNOWN_PATH}", why=why)
    milliseconds = exchange.elapsed_seconds * 1000
    return passed(
        expected, f"It answers {exchange.status} in {milliseconds:.0f} ms.", f"GET {case.params.path}"
    )


class UnknownPath(Params, frozen=True):
    """Parameters of unknown_path_is_not_found."""

    path: Annotated[str, Meta(pattern="^/", description="A path that the service does not have.")] = (
        UNKNOWN_PATH
    )


@rule(
    title="A path that does not exist is not found",
    why="If every path answers the same, asking proves nothing.",
    next_step="Answer 404 for every path that the service does not know.",
    subjects=("container", "image"),
    after=("image_builds", "container_starts"),
)
def unknown_path_is_not_found(case: Case[UnknownPath]) -> Finding:
    """A path that the service does not have is answered with 404."""
    path = case.params.path
    expected = f"GET {path} answers 404."
    tag = tag_of(case.spec)
    exchange = _exchange(case.evidence, tag, path)
    if exchange is None:
        return unknown(expected, f"{path} was not asked.")
    if exchange.status is None:
        actual, why, next_step = explain_no_answer(exchange, case.evidence.containers.get(tag))
        return failed(expected, actual, f"GET {path}", why=why, next_step=next_step)
    fault = _status_fault(exchange, 404)
    if fault:
        return failed(expected, fault, f"GET {path}")
    return passed(expected, "It does.", f"GET {path}")


def _exchange(evidence: Evidence, tag: str, path: str) -> HttpExchange | None:
    found = [item for item in evidence.exchanges.get(tag, ()) if item.path == path and item.method == "GET"]
    return found[-1] if found else None


def _status_fault(exchange: HttpExchange, wanted: int) -> str:
    if exchange.status == wanted:
        return ""
    if exchange.status is None:
        return f"No answer came: {excerpt(exchange.error)}"
    body = excerpt(exchange.body, 120)
    reason = f" {exchange.reason}" if exchange.reason else ""
    return f"It answers {exchange.status}{reason}" + (f": {body}" if body else ".")


def _body_fault(exchange: HttpExchange, params: Answer, taken_at: str) -> str:
    """What is wrong with the body; empty when nothing is, or nothing is asked of it."""
    if not params.json_keys and not params.time_key:
        return ""
    headers = {name.lower(): value for name, value in exchange.headers}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    begins = f'The body begins: "{excerpt(exchange.body, 80)}"' if exchange.body else "The body is empty"
    if media_type != "application/json" and not media_type.endswith("+json"):
        return f"The answer says it is {media_type or 'of no type'}, not application/json. {begins}."
    if exchange.body_truncated:
        return "The body is longer than any answer of the service."
    try:
        body = json.loads(exchange.body)
    except (ValueError, RecursionError):
        return f"The body is not JSON. {begins}."
    missing = [key for key in params.json_keys if _at(body, key) in (_MISSING, None)]
    if missing:
        has = (
            f"it has {listed(list(body), 8)}"
            if isinstance(body, dict) and body
            else "it is no object with keys"
        )
        return f"The JSON lacks {listed(missing, 8)}; {has}."
    return _time_fault(_at(body, params.time_key), params.time_key, headers.get("date", ""), taken_at)


def _at(body: object, key: str) -> object:
    for part in key.split("."):
        if not isinstance(body, dict) or part not in body:
            return _MISSING
        body = body[part]
    return body


def _time_fault(value: object, key: str, date: str, taken_at: str) -> str:
    """Whether a time in the body is that of the answer, by the server's own clock where it tells it."""
    if not key:
        return ""
    if value is _MISSING:
        return f"The JSON lacks {key}, the time of the answer."
    told = _moment(str(value))
    if told is None:
        return f"{key} is no time in the form of RFC 3339: {excerpt(str(value), 60)}."
    try:
        reference: datetime | None = parsedate_to_datetime(date)
        slack = _CLOCK_SLACK_SECONDS
    except ValueError:
        # Without a Date only the checkpoint's own begin is known, and the build comes in between.
        reference, slack = _moment(taken_at), 3600.0
    if reference is None:
        return ""
    if reference.tzinfo is None:
        reference = reference.replace(tzinfo=UTC)
    apart = abs((told - reference).total_seconds())
    if apart <= slack:
        return ""
    return f"{key} says {excerpt(str(value), 60)}, {apart:.0f} s away from when it was asked."


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
