from __future__ import annotations

from typing import Any

import pytest

from tests.unit.grading.evidence_value import spec
from tutor.core.dockerfile import parse_dockerfile
from tutor.grading.check import known_checks
from tutor.grading.mutant import MUTATIONS, Mutant, mutants_of

RIGHT = """\
FROM golang:1.21-alpine AS builder
WORKDIR /src
COPY go.mod ./
RUN go mod download
COPY *.go ./
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.token=abc" -o /app .

FROM scratch
COPY --from=builder /app /app
USER 65532:65532
EXPOSE 8080
HEALTHCHECK CMD ["/app", "-healthcheck"]
ENTRYPOINT ["/app"]
"""
PARAMS: dict[str, dict[str, Any]] = {
    "endpoint_answers": {"path": "/"},
    "secret_is_nowhere": {"marker": "s3cret-text"},
    "choices_meet_needs": {"needs": {}},
    "file_equals_image_file": {"file": "x"},
}
SPECS = [
    spec(name, f"{info.subjects[0]}.multi", **PARAMS.get(name, {})) for name, info in known_checks().items()
]


def test_every_mutation_names_checks_of_the_grader() -> None:
    for mutation in MUTATIONS:
        assert set(mutation.caught_by) <= set(known_checks())


def test_a_full_answer_gives_a_mutant_for_every_mutation_that_fits_it() -> None:
    names = {mutant.name for mutant in mutants_of(RIGHT, SPECS)}
    assert {mutation.name for mutation in MUTATIONS} - names == {"stops-at-once"}


def test_draining_is_dropped_where_it_is() -> None:
    text = RIGHT.replace('ENTRYPOINT ["/app"]', 'ENTRYPOINT ["/app", "-drain", "10s"]')
    mutants = {mutant.name: mutant.dockerfile for mutant in mutants_of(text, SPECS)}
    assert mutants["stops-at-once"] == RIGHT


@pytest.mark.parametrize("mutant", list(mutants_of(RIGHT, SPECS)), ids=lambda mutant: mutant.name)
def test_a_mutant_is_still_a_dockerfile(mutant: Mutant) -> None:
    text = mutant.dockerfile
    assert text != RIGHT
    assert parse_dockerfile(text).stages


def test_a_lesson_without_the_check_gets_no_such_mutant() -> None:
    assert [mutant.name for mutant in mutants_of(RIGHT, [spec("binary_is_static")])] == ["pie"]


def test_no_two_mutants_are_alike() -> None:
    texts = [mutant.dockerfile for mutant in mutants_of(RIGHT, SPECS)]
    assert len(texts) == len(set(texts))


def test_every_compilation_is_for_another_machine_not_just_the_first_one() -> None:
    text = RIGHT.replace("COPY *.go", "RUN go build net/http\nCOPY *.go")
    mutants = {mutant.name: mutant.dockerfile for mutant in mutants_of(text, SPECS)}
    assert mutants["another-machine"].count("GOARCH=arm64 go build") == 2
