from __future__ import annotations

from tests.unit.inspect.anatomy_value import binary, image
from tests.unit.inspect.test_decision import RECORDS, TWO_STAGES
from tutor.core.anatomy import ImageAnatomy, PartKind
from tutor.core.dockerfile import parse_dockerfile
from tutor.inspect.waterfall import Waterfall, make_waterfall

BUILDER = image(
    [
        (PartKind.BASE, 0, 2_000),
        (PartKind.TOOLCHAIN, 0, 198_000),
        (PartKind.SOURCE, 2, 20),
        (PartKind.CACHE, 3, 65_000),
        (PartKind.CODE, 3, 2_600),
        (PartKind.SYMBOLS, 3, 400),
        (PartKind.DEBUG, 3, 2_100),
    ],
    RECORDS["buildkit"],
    name="builder",
)
FINAL = image([(PartKind.CODE, 0, 2_600)], name="multi")


def decided(waterfall: Waterfall) -> dict[str, str]:
    return {step.kind.value: step.decision.shown if step.decision else "" for step in waterfall.steps}


def test_the_steps_add_up_to_the_difference() -> None:
    waterfall = make_waterfall(BUILDER, FINAL, TWO_STAGES, par_bytes=3_000)
    assert waterfall.before_bytes + sum(step.delta_bytes for step in waterfall.steps) == waterfall.after_bytes
    assert abs(sum(step.share_percent for step in waterfall.steps) - 100 * (1 - 2_600 / 270_120)) < 1e-9
    assert waterfall.par_bytes == 3_000


def test_each_step_names_the_line_that_decided_it() -> None:
    assert decided(make_waterfall(BUILDER, FINAL, TWO_STAGES)) == {
        "base system": "line 7: FROM scratch",
        "toolchain": "line 7: FROM scratch",
        "build cache": "line 8: COPY --from=builder /app /app",
        "source": "line 8: COPY --from=builder /app /app",
        "symbol table": "line 4: RUN CGO_ENABLED=0 go build     -o /app .",
        "debug records": "line 4: RUN CGO_ENABLED=0 go build     -o /app .",
        "code of the program": "",
    }


def test_what_the_final_image_adds_is_decided_by_the_line_that_brought_it() -> None:
    final = image([(PartKind.CODE, 0, 2_600), (PartKind.OTHER, 0, 200)], name="multi")
    assert decided(make_waterfall(BUILDER, final, TWO_STAGES))["other files"] == (
        "line 8: COPY --from=builder /app /app"
    )


MANY = parse_dockerfile(
    """FROM golang:1.21 AS builder
RUN go build -o /first .
RUN go build -ldflags=-s -o /app .
RUN go build -o /probe ./probe
FROM alpine:3.20
COPY --from=builder /certificates.pem /etc/ssl/
COPY zones.zip /zones.zip
COPY notes /notes
COPY --from=builder /app /probe /bin/
RUN chmod 755 /bin/app
"""
)
MANY_RECORDS = (
    "ADD file:1 in /",
    "COPY /certificates.pem /etc/ssl/ # buildkit",
    "COPY zones.zip /zones.zip # buildkit",
    "COPY notes /notes # buildkit",
    "COPY /app /probe /bin/ # buildkit",
    "RUN /bin/sh -c chmod 755 /bin/app # buildkit",
)


def test_of_many_lines_each_decides_about_what_it_brought() -> None:
    app = binary({".text": 300, ".symtab": 40}, path="/src/app")
    one_stage = image(
        [
            (PartKind.BASE, 0, 50),
            (PartKind.TOOLCHAIN, 0, 900),
            (PartKind.CACHE, 0, 200),
            (PartKind.CODE, 0, 300),
            (PartKind.DATA, 0, 40),
        ],
        ("base",),
        program=app,
    )
    programs = (
        binary({".text": 280}, path="/bin/app"),
        binary({".text": 120, ".data": 9}, path="/bin/probe"),
    )
    final = image(
        [
            (PartKind.BASE, 0, 70),
            (PartKind.BASE, 1, 20),
            (PartKind.OTHER, 2, 40),
            (PartKind.OTHER, 3, 4),
            (PartKind.HIDDEN, 4, 280),
            (PartKind.CODE, 4, 120),
            (PartKind.DATA, 4, 9),
            (PartKind.CODE, 5, 280),
        ],
        MANY_RECORDS,
        programs=programs,
        files={"/bin/app": (280, 5), "/bin/probe": (129, 4)},
        hidden=((280, 4, 5),),
    )
    waterfall = make_waterfall(one_stage, final, MANY)
    assert [
        (step.kind.value, step.delta_bytes, step.decision.line if step.decision else None)
        for step in waterfall.steps
    ] == [
        ("base system", 20, 5),
        ("base system", 20, 6),
        ("toolchain", -900, 5),
        ("build cache", -200, 9),
        ("hidden copies", 280, 10),
        ("other files", 40, 7),
        ("other files", 4, 8),
        ("data of the program", -40, 3),
        ("data of the program", 9, 4),
        ("code of the program", 120, 4),
        ("code of the program", -20, 3),
    ]
    assert waterfall.before_bytes + sum(step.delta_bytes for step in waterfall.steps) == waterfall.after_bytes


def test_a_program_that_is_not_taken_along_is_left_behind_by_the_copy_that_took_the_other() -> None:
    kept = binary({".text": 100}, path="/app")
    both = (binary({".text": 140, ".symtab": 60}, path="/first"), binary({".text": 100}, path="/app"))
    builder = image([(PartKind.CODE, 0, 240), (PartKind.DATA, 0, 60)], ("base",), programs=both)
    final = image([(PartKind.CODE, 0, 100)], ("COPY /app /app",), program=kept, files={"/app": (100, 0)})
    text = (
        "FROM golang\nRUN go build -o /first\nRUN go build -o /app\nFROM scratch\nCOPY --from=0 /app /app\n"
    )
    steps = make_waterfall(builder, final, parse_dockerfile(text)).steps
    told = [(step.delta_bytes, step.decision.line if step.decision else None) for step in steps]
    assert told == [(-60, 5), (-140, 5), (0, None)]


def test_a_stage_without_a_copy_is_decided_by_what_it_runs() -> None:
    text = "FROM golang:1.21\nCOPY . /src\nRUN cd /src && go build -o /app . && rm -rf /root/.cache\n"
    records = ("base", "COPY . /src # buildkit", "RUN cd /src && go build -o /app . && rm -rf /root/.cache")
    before = image(
        [(PartKind.TOOLCHAIN, 0, 900), (PartKind.SOURCE, 1, 30), (PartKind.CACHE, 2, 200)], records, name="a"
    )
    after = image([(PartKind.TOOLCHAIN, 0, 900), (PartKind.SOURCE, 1, 20)], records, name="b")
    assert decided(make_waterfall(before, after, parse_dockerfile(text))) == {
        "toolchain": "",
        "build cache": "line 3: RUN cd /src && go build -o /app . && rm -rf /root/.cache",
        "source": "line 2: COPY . /src",
    }


def test_a_stage_that_was_kept_is_explained_by_its_own_lines() -> None:
    waterfall = make_waterfall(FINAL, BUILDER, TWO_STAGES, stage_key="builder")
    assert waterfall.is_own
    told = decided(waterfall)
    assert told["toolchain"] == "line 1: FROM golang:1.21-alpine AS builder"
    assert told["source"] == "line 3: COPY go.mod *.go ./"
    assert told["build cache"].startswith("line 4: RUN")


def test_an_image_not_of_this_dockerfile_is_explained_by_the_histories() -> None:
    other = image([(PartKind.CODE, 0, 2_600), (PartKind.BASE, 0, 9_000)], ("ADD rootfs in /",), name="alpine")
    waterfall = make_waterfall(BUILDER, other, TWO_STAGES)
    assert not waterfall.is_own
    told = decided(waterfall)
    assert told["base system"] == "ADD rootfs in /"
    assert told["build cache"] == "RUN CGO_ENABLED=0 go build -o /app ."


def test_an_empty_image_has_no_shares() -> None:
    empty: ImageAnatomy = image([], (), name="empty")
    assert make_waterfall(empty, empty).steps == ()
