from __future__ import annotations

import pytest

from tutor.core.dockerfile import parse_dockerfile
from tutor.inspect.decision import fitting_stage, layer_decisions

TWO_STAGES = parse_dockerfile(
    """FROM golang:1.21-alpine AS builder
WORKDIR /src
COPY go.mod *.go ./
RUN CGO_ENABLED=0 go build \\
    -o /app .

FROM scratch
COPY --from=builder /app /app
CMD ["/app"]
"""
)
RECORDS = {
    "buildkit": (
        "ADD file:1 in /",
        "WORKDIR /src",
        "COPY go.mod *.go ./ # buildkit",
        "RUN /bin/sh -c CGO_ENABLED=0 go build     -o /app . # buildkit",
    ),
    "classic": (
        "/bin/sh -c #(nop) ADD file:1 in / ",
        "/bin/sh -c #(nop) WORKDIR /src",
        "/bin/sh -c #(nop) COPY multi:0a1b in ./ ",
        "/bin/sh -c CGO_ENABLED=0 go build     -o /app .",
    ),
    "embedded": (
        "stand-in: Go 1.21.13",
        "WORKDIR /src",
        "COPY go.mod *.go ./",
        "RUN /bin/sh -c CGO_ENABLED=0 go build     -o /app .",
    ),
}


def lines(records: tuple[str, ...], text: str = "", stage: str = "") -> list[int | None]:
    dockerfile = parse_dockerfile(text) if text else TWO_STAGES
    return [decision.line for decision in layer_decisions(records, dockerfile, stage)]


@pytest.mark.parametrize("builder", RECORDS)
def test_each_layer_of_a_builder_stage_finds_its_line(builder: str) -> None:
    assert lines(RECORDS[builder], stage="builder") == [1, 2, 3, 4]


def test_a_working_directory_that_brings_no_layer_is_passed_over() -> None:
    assert lines((RECORDS["classic"][0], *RECORDS["classic"][2:]), stage="builder") == [1, 3, 4]


def test_the_final_image_is_explained_by_the_last_stage() -> None:
    assert lines(("COPY /app /app # buildkit",)) == [8]


def test_an_image_of_another_dockerfile_is_explained_by_its_history() -> None:
    decisions = layer_decisions(("ADD file:1 in /", "RUN /bin/sh -c apk add curl"), TWO_STAGES)
    assert [(each.line, each.text) for each in decisions] == [
        (None, "ADD file:1 in /"),
        (None, "RUN apk add curl"),
    ]


def test_a_stage_that_goes_on_from_another_has_the_lines_of_both() -> None:
    text = "FROM golang:1 AS source\nCOPY . /src\nFROM source\nRUN go build -o /app .\n"
    records = ("ADD file:1 in /", "COPY . /src # buildkit", "RUN /bin/sh -c go build -o /app . # buildkit")
    assert lines(records, text) == [1, 2, 4]


def test_the_list_form_of_run_is_found_for_every_builder() -> None:
    text = 'FROM golang:1\nRUN ["go", "build", "-o", "/app", "."]\n'
    for record in ("go build -o /app .", "RUN go build -o /app . # buildkit"):
        assert lines(("base", record), text) == [1, 2]


def test_a_variable_in_a_target_matches_whatever_it_became() -> None:
    assert lines(("COPY /app /usr/bin/tool # buildkit",), "FROM scratch\nCOPY app ${TARGET}\n") == [2]


def test_without_a_dockerfile_records_lose_what_builders_put_around_them() -> None:
    texts = [decision.text for decision in layer_decisions(RECORDS["classic"], None)]
    assert texts[1:] == ["WORKDIR /src", "COPY multi:0a1b in ./", "RUN CGO_ENABLED=0 go build -o /app ."]


def test_the_stage_that_an_image_fits_is_found() -> None:
    assert fitting_stage(RECORDS["classic"], TWO_STAGES) == "builder"
    assert fitting_stage(("COPY /app /app # buildkit",), TWO_STAGES) == "1"
    assert fitting_stage(("RUN apk add curl",), TWO_STAGES) == ""
    assert fitting_stage(RECORDS["classic"], None) == ""
