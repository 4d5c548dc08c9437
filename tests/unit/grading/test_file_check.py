from __future__ import annotations

import pytest

from tests.unit.grading.evidence_value import good, spec
from tutor.core.trial import Trials, WorkspaceFile
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS

BUILDER = "FROM golang:1.21-alpine AS builder\nWORKDIR /src\n"
LAST = "FROM scratch\nCOPY --from=builder /app /app\n"


def order(*lines: str, before: str = "", after: str = LAST) -> Verdict:
    text = before + BUILDER + "\n".join(lines) + "\n" + after
    name = "dependencies_come_before_source"
    return CHECKS[name](good(dockerfile=text), spec(name, "dockerfile"))


@pytest.mark.parametrize(
    "lines",
    [
        ("COPY go.mod ./", "RUN go mod download", "COPY . .", "RUN go build -o /app ."),
        ("COPY go.mod go.sum* ./", "RUN go mod download", "COPY *.go ./", "RUN go build -o /app ."),
        ("COPY go.* ./", "RUN go mod download -x && go mod verify", "COPY . .", "RUN go build -o /app ."),
        ('COPY ["go.mod", "./"]', 'RUN ["go", "mod", "download"]', "ADD . .", "RUN go build -o /app ."),
        ("COPY . .", "RUN --mount=type=cache,target=/go/pkg/mod go build -o /app ."),
    ],
)
def test_dependencies_first_passes(lines: tuple[str, ...]) -> None:
    assert order(*lines).outcome is Outcome.PASSED


def test_a_stage_that_stands_on_one_with_the_dependencies_passes() -> None:
    text = (
        "FROM golang:1.21 AS deps\nCOPY go.mod ./\nRUN go mod download\n"
        "FROM deps AS builder\nCOPY . .\nRUN go build -o /app .\n" + LAST
    )
    name = "dependencies_come_before_source"
    assert CHECKS[name](good(dockerfile=text), spec(name)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("COPY . .", "RUN go build -o /app ."), "Line 3 copies the source"),
        (
            ("COPY . .", "RUN go mod download", "RUN go build -o /app ."),
            "Line 3 copies source before line 4",
        ),
        (("COPY go.mod ./", "COPY *.go ./", "RUN go build -o /app ."), "Line 4 copies the source"),
        (("COPY go.mod main.go ./", "RUN go mod download", "RUN go build ."), "Line 3 copies source before"),
        (("RUN git clone https://example.com/x .", "RUN go build ."), "No step of its own"),
        (("COPY app /app",), "No RUN in the file compiles"),
    ],
)
def test_source_first_fails_and_names_the_line(lines: tuple[str, ...], says: str) -> None:
    verdict = order(*lines)
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual
    assert verdict.next_step


def test_a_file_that_cannot_be_read_is_not_the_learners_fault() -> None:
    assert order("BOGUS x").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("froms", "outcome", "says"),
    [
        ("FROM golang:1.21-alpine AS b\nFROM scratch\n", Outcome.PASSED, "golang:1.21-alpine"),
        (f"FROM golang@sha256:{'a' * 64}\n", Outcome.PASSED, "golang@"),
        ("ARG GO=1.21\nFROM golang:${GO}-alpine\n", Outcome.PASSED, "golang:1.21-alpine"),
        ("FROM golang:1.21 AS b\nFROM b AS c\n", Outcome.PASSED, "golang:1.21"),
        ("FROM gcr.io/distroless/static-debian12:nonroot\n", Outcome.PASSED, "nonroot"),
        ("FROM golang\n", Outcome.FAILED, "golang (line 1) has no version"),
        ("FROM golang:1.21 AS b\nFROM alpine:latest\n", Outcome.FAILED, "alpine:latest (line 2)"),
        ("FROM golang:alpine\nFROM alpine\n", Outcome.FAILED, "have no version"),
        ("FROM localhost:5000/golang\n", Outcome.FAILED, "localhost:5000/golang"),
        ("FROM gcr.io/distroless/static:nonroot\n", Outcome.FAILED, "static:nonroot"),
    ],
)
def test_a_base_is_pinned_by_version_or_digest(froms: str, outcome: Outcome, says: str) -> None:
    verdict = CHECKS["base_is_pinned"](good(dockerfile=froms), spec("base_is_pinned", "dockerfile"))
    assert verdict.outcome is outcome
    assert says in verdict.actual


NEEDS = {
    "billing": {"right": {"distroless": "It has certificates."}, "wrong": {"scratch": "It has none."}},
    "pinger": {"right": {"scratch": "It needs nothing."}},
}


def choose(text: str | None, *, asked: bool = True) -> Verdict:
    file = None if text is None else WorkspaceFile("0" * 64, len(text), text)
    trials = Trials(files={"choice.yaml": file} if asked else {})
    return CHECKS["choices_meet_needs"](good(trials=trials), spec("choices_meet_needs", needs=NEEDS))


def test_choices_that_fit_pass() -> None:
    assert choose("billing: distroless\npinger: Scratch\n").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no file choice.yaml"),
        ("billing: scratch\npinger: scratch\n", "billing: scratch. It has none."),
        ("billing: distroless\n", 'nothing of "pinger"'),
        ("biling: distroless\npinger: scratch\n", 'It has "biling"'),
        ("billing: ubuntu\npinger: scratch\n", '"ubuntu" is none of distroless and scratch'),
        ("billing: ''\npinger: scratch\n", "no pick yet"),
        ("- billing\n", "cannot be read"),
        ("billing: [", "cannot be read"),
    ],
)
def test_choices_that_do_not_fit_fail_with_their_reason(text: str | None, says: str) -> None:
    verdict = choose(text)
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


def test_choices_that_were_not_read_are_unknown() -> None:
    assert choose("x", asked=False).outcome is Outcome.UNKNOWN
