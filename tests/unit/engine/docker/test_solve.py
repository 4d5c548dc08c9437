import base64
import json

from tutor.core.dockerfile import parse_dockerfile
from tutor.core.events import BuildEvent, LogLines, StepFinished, StepStarted, WorkProgressed
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.solve import SolveTranscript
from tutor.engine.docker.step_book import StepBook

FILE = """\
FROM golang:1.21-alpine AS builder
WORKDIR /src
ENV A=1
COPY main.go .
RUN go build -o /app
FROM scratch
COPY --from=builder /app /app
CMD ["/app"]
"""


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:09.6f}789Z"


class Bench:
    def __init__(self, file: str = FILE) -> None:
        self.now = 0.0
        self.plan = BuildPlan(parse_dockerfile(file))
        self.book = StepBook("run", lambda: self.now)
        self.transcript = SolveTranscript("run", self.plan, self.book)

    def vertex(self, digest: str, name: str, **more: object) -> list[BuildEvent]:
        return self.tell(vertexes=[{"digest": digest, "name": name, **more}])

    def tell(self, **document: object) -> list[BuildEvent]:
        return self.transcript.feed(json.dumps(document, indent=2).encode() + b"\n")


def test_a_step_is_told_with_stage_number_and_line() -> None:
    told = Bench().vertex("a", "[builder 4/4] RUN go build -o /app", started=at(1))
    assert told == [
        StepStarted("run", "builder/4", "RUN go build -o /app", "builder", 4, 4, 5),
    ]


def test_numbers_may_be_padded() -> None:
    (told,) = Bench("FROM x\n" + "RUN a\n" * 11).vertex("a", "[ 2/12] RUN a", started=at(1))
    assert isinstance(told, StepStarted)
    assert (told.stage, told.number, told.total, told.line) == ("", 2, 12, 2)


def test_a_stage_from_scratch_does_not_count_its_from() -> None:
    (told,) = Bench().vertex("a", "[stage-1 1/1] COPY --from=builder /app /app", started=at(1))
    assert isinstance(told, StepStarted)
    assert told.line == 7


def test_a_stage_on_another_stage_goes_on_counting() -> None:
    file = "FROM x AS a\nRUN one\nFROM a AS b\nRUN two\n"
    (told,) = Bench(file).vertex("a", "[b 3/3] RUN two", started=at(1))
    assert isinstance(told, StepStarted)
    assert told.line == 4


def test_a_step_that_is_only_announced_is_not_told() -> None:
    assert Bench().vertex("a", "[builder 2/4] WORKDIR /src") == []


def test_a_steps_time_is_the_sum_of_its_intervals() -> None:
    bench = Bench()
    bench.vertex("a", "[builder 4/4] RUN x", started=at(1))
    (first,) = bench.vertex("a", "[builder 4/4] RUN x", started=at(1), completed=at(2))
    (second,) = bench.vertex("a", "[builder 4/4] RUN x", started=at(3), completed=at(5.5))
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert round(first.elapsed_seconds, 3) == 1.0
    assert round(second.elapsed_seconds, 3) == 3.5


def test_a_step_of_an_earlier_pass_is_not_told_again() -> None:
    bench = Bench()
    bench.vertex("a", "[builder 4/4] RUN x", started=at(1), completed=at(2))
    again = SolveTranscript("run", bench.plan, bench.book)
    document = {
        "vertexes": [
            {
                "digest": "b",
                "name": "[builder 4/4] RUN x",
                "started": at(3),
                "completed": at(3),
                "cached": True,
            }
        ]
    }
    assert again.feed(json.dumps(document).encode() + b"\n") == []


def test_output_comes_in_batches_that_never_wait_long() -> None:
    bench = Bench()
    bench.vertex("a", "[builder 4/4] RUN x", started=at(1))
    data = base64.b64encode(b"one\ntwo\nthr").decode()
    assert bench.tell(logs=[{"vertex": "a", "stream": 1, "data": data}]) == []
    assert bench.book.due_in is not None
    bench.now += 1
    assert bench.book.flush() == [LogLines("run", "builder/4", ("one", "two"))]
    rest, finished = bench.vertex("a", "[builder 4/4] RUN x", started=at(1), completed=at(2))
    assert rest == LogLines("run", "builder/4", ("thr",))
    assert isinstance(finished, StepFinished)


def test_output_of_an_unknown_step_is_dropped() -> None:
    assert Bench().tell(logs=[{"vertex": "nobody", "data": "!!!"}]) == []


def test_the_error_is_the_last_word_without_its_wrappings() -> None:
    bench = Bench()
    bench.vertex("a", "[builder 4/4] RUN x", started=at(1), completed=at(2), error="exit code: 2")
    bench.transcript.feed(
        b"ERROR: failed to solve: rpc error: code = Unknown desc = executor failed: exit code: 2\n"
    )
    assert bench.transcript.error == "executor failed: exit code: 2"
    assert bench.book.failed_id == "builder/4"
    assert bench.book.failed_line == 5


def test_without_a_last_word_the_steps_own_error_stands() -> None:
    bench = Bench()
    bench.vertex("b", "[builder 2/4] WORKDIR /src", started=at(1), completed=at(2), error="context canceled")
    bench.vertex("a", "[builder 4/4] RUN x", started=at(1), completed=at(2), error="exit code: 2")
    assert bench.transcript.error == "exit code: 2"


def test_the_line_that_the_engine_names_is_found() -> None:
    bench = Bench()
    bench.transcript.feed(b"Dockerfile:5\n--------------------\nERROR: failed to solve: no\n")
    assert bench.transcript.error_line == 5


def test_sending_the_context_is_work_in_progress() -> None:
    told = Bench().tell(statuses=[{"id": "transferring context: 3MB", "vertex": "c", "current": 3_000_000}])
    assert told == [WorkProgressed("run", "sending the build context", 3_000_000, None)]


def test_documents_with_nothing_in_them_are_passed_over() -> None:
    assert Bench().tell(vertexes=None, logs=None, statuses=None, warnings=[{}]) == []
