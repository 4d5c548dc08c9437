import json
from collections.abc import Mapping

from tutor.core.dockerfile import parse_dockerfile
from tutor.core.events import BuildEvent, LogLines, StepFinished, StepStarted, WorkProgressed
from tutor.engine.docker.build_plan import BuildPlan
from tutor.engine.docker.classic_transcript import ClassicTranscript
from tutor.engine.docker.step_book import StepBook

FILE = """\
ARG GO=1.21
FROM golang:${GO}-alpine AS builder
COPY main.go .
RUN go build
FROM scratch
COPY --from=builder /app /app
"""
SHA = "sha256:" + "a" * 64


class Bench:
    def __init__(self, file: str | None = FILE) -> None:
        self.now = 0.0
        self.book = StepBook("run", lambda: self.now)
        plan = BuildPlan(parse_dockerfile(file) if file else None)
        self.transcript = ClassicTranscript("run", plan, self.book, lambda: self.now)

    def say(self, *texts: str) -> list[BuildEvent]:
        return self.tell(*({"stream": text} for text in texts))

    def tell(self, *messages: Mapping[str, object]) -> list[BuildEvent]:
        return self.transcript.feed("".join(json.dumps(each) + "\r\n" for each in messages).encode())

    def go_to(self, number: int) -> list[BuildEvent]:
        lines = FILE.splitlines()
        return [
            event
            for each in range(1, number + 1)
            for event in self.say(f"Step {each}/6 : {lines[each - 1]}", "\n")
        ]


def test_steps_are_told_with_their_place_in_the_file() -> None:
    told = [event for event in Bench().go_to(6) if isinstance(event, StepStarted)]
    assert [(event.stage, event.number, event.total, event.line) for event in told] == [
        ("builder", 1, 3, 2),
        ("builder", 2, 3, 3),
        ("builder", 3, 3, 4),
        ("stage-1", 1, 2, 5),
        ("stage-1", 2, 2, 6),
    ]


def test_a_steps_time_and_its_cache_are_told_when_the_next_begins() -> None:
    bench = Bench()
    bench.go_to(3)
    bench.now += 2
    bench.say(" ---> Using cache\n", " ---> 0123456789ab\n")
    finished = bench.say("Step 4/6 : RUN go build")[0]
    assert finished == StepFinished("run", "builder/2", 2.0, cached=True)
    assert bench.transcript.created == []


def test_images_that_were_made_and_containers_they_were_made_in_are_noted() -> None:
    bench = Bench()
    bench.go_to(2)
    bench.say(" ---> aaaaaaaaaaaa\n")
    bench.say("Step 3/6 : COPY main.go .", "\n", " ---> bbbbbbbbbbbb\n")
    bench.say("Step 4/6 : RUN go build", "\n", " ---> Running in cccccccccccc\n", "hello\n")
    bench.say("Removing intermediate container cccccccccccc\n", " ---> dddddddddddd\n")
    bench.tell({"aux": {"ID": SHA}})
    assert bench.transcript.created == ["bbbbbbbbbbbb", "dddddddddddd"]
    assert bench.transcript.containers == ["cccccccccccc"]
    assert bench.transcript.stage_images == [SHA]


def test_output_goes_to_the_step_that_runs_and_empty_lines_stay() -> None:
    bench = Bench()
    bench.go_to(4)
    bench.say(" ---> Running in cccccccccccc\n", "one\n", "\n", "two\n")
    bench.now += 1
    assert bench.book.flush() == [LogLines("run", "builder/3", ("one", "", "two"))]


def test_a_step_number_out_of_turn_is_output() -> None:
    bench = Bench()
    bench.go_to(4)
    assert bench.say("Step 9/9 : RUN evil\n") == []
    bench.now += 1
    assert bench.book.flush() == [LogLines("run", "builder/3", ("Step 9/9 : RUN evil",))]


def test_labels_of_the_request_are_not_told() -> None:
    bench = Bench()
    bench.go_to(6)
    told = bench.say("Step 7/8 : LABEL fromscratch.home=x", "\n", "Step 8/8 : LABEL fromscratch.owner=1")
    assert [type(event) for event in told] == [StepFinished]


def test_an_error_ends_the_step_with_the_engines_text() -> None:
    bench = Bench()
    bench.go_to(4)
    told = bench.tell({"errorDetail": {"code": 2}, "error": "The command returned a non-zero code: 2"})
    assert told == [
        StepFinished("run", "builder/3", 0.0, cached=False, error="The command returned a non-zero code: 2")
    ]
    assert bench.transcript.error == "The command returned a non-zero code: 2"
    assert bench.book.failed_line == 4


def test_a_file_that_we_cannot_read_is_told_in_the_engines_own_numbers() -> None:
    (told,) = Bench(None).say("Step 1/2 : FROM x")
    assert told == StepStarted("run", "-/1", "FROM x", "", 1, 2, None)


def test_podmans_steps_are_understood() -> None:
    bench = Bench()
    (told,) = bench.say("[1/2] STEP 1/3: FROM golang AS builder\n")
    assert isinstance(told, StepStarted)
    assert (told.stage, told.number, told.total) == ("1", 1, 3)
    finished, begun = bench.say("[2/2] STEP 1/2: FROM scratch\n")
    assert isinstance(finished, StepFinished)
    assert isinstance(begun, StepStarted)


def test_a_pull_inside_a_build_is_work_in_progress() -> None:
    detail = {"current": 5, "total": 10}
    told = Bench().tell({"status": "Downloading", "id": "l", "progressDetail": detail})
    assert told == [WorkProgressed("run", "pulling a base image", 5, 10)]


def test_lines_that_are_no_messages_are_passed_over() -> None:
    assert Bench().transcript.feed(b'\n[]\n"x"\n{"odd": 1}\nnot json\n{"stream": ') == []
