from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError
from tutor.inspect.maker import find_copy, find_linker_flags, find_maker

LESSONS = Path(__file__).parents[3] / "lessons"
BUILDER = "FROM golang:1.21 AS builder\nWORKDIR /src\n"


def maker_line(dockerfile: Dockerfile, path: str) -> int:
    maker = find_maker(dockerfile, dockerfile.stages[-1], path)
    return find_linker_flags(dockerfile, maker).first_line if maker is not None else 0


def line_of(text: str, path: str) -> str:
    """The line that decided about the path, as it is written."""
    number = maker_line(parse_dockerfile(text), path)
    return text.splitlines()[number - 1] if number else ""


@pytest.mark.parametrize(
    ("answer", "path", "begins"),
    [
        ("01-one-big-image/right/right-port", "/app", "RUN CGO_ENABLED=0 go build"),
        ("02-two-stages/right/named-stage", "/app", "RUN CGO_ENABLED=0 go build"),
        ("02-two-stages/right/numbered-stage", "/srv/info-service", 'RUN CGO_ENABLED=0 go build -ldflags="'),
        ("02-two-stages/right/three-stages", "/usr/local/bin/service", "RUN go build -trimpath"),
        ("03-static-linking/right/for-all-steps", "/srv/service", "RUN go build -o /out/ ."),
        ("03-static-linking/right/leaves-it-to-go", "/app", 'RUN ["go", "build"'),
        ("03-static-linking/wrong/strips-it", "/app", "RUN CGO_ENABLED=0 go build"),
        ("04-stripping/right/by-argument", "/service", 'RUN CGO_ENABLED=0 go build -ldflags="$FLAGS"'),
        ("04-stripping/right/no-paths", "/app", "ENV CGO_ENABLED=0 GOFLAGS="),
        ("06-what-scratch-lacks/right/one-tree", "/app", "RUN CGO_ENABLED=0 go build"),
        ("07-attack-surface/right/nobody-may-write", "/srv/service", "RUN go build -trimpath"),
        ("09-run-it-well/right/a-program-to-ask", "/bin/probe", "RUN CGO_ENABLED=0 go build"),
        ("11-choose-your-base/right/a-base-of-its-own", "/app", "RUN CGO_ENABLED=0 go build"),
        ("11-choose-your-base/right/named-by-variables", "/app", "RUN CGO_ENABLED=0 go build"),
        ("12-from-an-empty-file/right/a-stage-for-each", "/service", "RUN go build -trimpath"),
        ("12-from-an-empty-file/right/under-par", "/app", "RUN CGO_ENABLED=0 go build -trimpath"),
    ],
)
def test_the_program_of_every_answer_goes_back_to_the_line_that_compiled_it(
    answer: str, path: str, begins: str
) -> None:
    assert line_of((LESSONS / answer / "Dockerfile").read_text(), path).startswith(begins)


class TestTwoPrograms:
    TEXT = (
        BUILDER
        + "RUN go build -o /out/server ./server\n"
        + "RUN go build -ldflags=-s -o /out/probe ./probe\n"
        + "FROM scratch\nCOPY --from=builder /out/server /\nCOPY --from=builder /out/probe /bin/ask\n"
    )

    def test_each_goes_back_to_its_own_line(self) -> None:
        assert line_of(self.TEXT, "/server") == "RUN go build -o /out/server ./server"
        assert line_of(self.TEXT, "/bin/ask") == "RUN go build -ldflags=-s -o /out/probe ./probe"


@pytest.mark.parametrize(
    ("lines", "path", "decided"),
    [
        # A program that is compiled and not shipped decides nothing.
        (["RUN go build -ldflags=-s -o /a", "RUN go build -o /b"], "/a", "RUN go build -ldflags=-s -o /a"),
        (["RUN go build -o /a", "RUN strip /a"], "/a", "RUN strip /a"),
        (["RUN go build -o /a", "RUN upx --best -o /b /a"], "/b", "RUN upx --best -o /b /a"),
        (["RUN go build -o /a", "RUN chmod 755 /a && ls -l /a"], "/a", "RUN go build -o /a"),
        (["RUN go build -o x/a", "RUN mkdir /out && mv x/a /out/"], "/out/a", "RUN go build -o x/a"),
        (["RUN go build -o /t && cp /t /a", "RUN echo /a"], "/a", "RUN go build -o /t && cp /t /a"),
        (["RUN cd cmd && go build ."], "/src/cmd/cmd", "RUN cd cmd && go build ."),
        (["RUN go install ./tool"], "/go/bin/tool", "RUN go install ./tool"),
        (["ARG OUT=/out", "RUN go build -o $OUT/a"], "/out/a", "RUN go build -o $OUT/a"),
        (["RUN <<E", "go build -o /a", "E"], "/a", "RUN <<E"),
        (["ENV GOFLAGS=-ldflags=-s", "RUN go build -o /a"], "/a", "ENV GOFLAGS=-ldflags=-s"),
        (["ENV GOFLAGS=-trimpath", "RUN go build -o /a"], "/a", "RUN go build -o /a"),
        (["COPY prebuilt /a", "RUN go build -o /b"], "/a", "COPY prebuilt /a"),
        (["RUN 'unclosed go build -o /a"], "/a", "RUN 'unclosed go build -o /a"),
    ],
)
def test_what_decided_is_found_among_the_lines_of_a_stage(lines: list[str], path: str, decided: str) -> None:
    assert line_of(BUILDER + "\n".join(lines) + "\n", path) == decided
    copied = f"FROM scratch\nCOPY --from=builder {path} /final\n"
    assert line_of(BUILDER + "\n".join(lines) + "\n" + copied, "/final") == decided


def test_a_copy_from_another_image_decides_itself() -> None:
    text = "FROM scratch\nCOPY --from=nginx:1 /usr/sbin/nginx /nginx\n"
    assert line_of(text, "/nginx") == "COPY --from=nginx:1 /usr/sbin/nginx /nginx"


def test_a_copy_from_a_later_stage_or_from_itself_is_no_way_round() -> None:
    text = "FROM scratch AS one\nCOPY --from=one /a /a\nFROM scratch\nCOPY --from=one /a /a\n"
    assert line_of(text, "/a").startswith("COPY --from=one")


def test_where_no_line_tells_of_a_file_the_copy_that_took_it_decides() -> None:
    assert line_of(BUILDER + "RUN make\n", "/src/a") == ""
    taken = BUILDER + "RUN make\nFROM scratch\nCOPY --from=builder /src/a /a\n"
    assert line_of(taken, "/a") == "COPY --from=builder /src/a /a"


WORDS = (
    "RUN",
    "COPY",
    "ADD",
    "FROM",
    "AS",
    "ENV",
    "ARG",
    "WORKDIR",
    "go",
    "build",
    "-o",
    "cp",
    "mv",
    "&&",
    ";",
)
ODD = (
    "$X",
    "${Y:-z}",
    "'",
    '"',
    "\\",
    "\n",
    "--from=0",
    "--from=a",
    "/a",
    "a/",
    ".",
    "..",
    "*",
    "<<E",
    "[",
    "cd",
    ">",
)


@given(
    st.lists(st.sampled_from((*WORDS, *ODD)), max_size=40),
    st.sampled_from(("/a", "/", "", "a", "/x/../a", "/a/b")),
)
@settings(max_examples=1_000)
def test_no_dockerfile_that_can_be_read_breaks_the_search(words: list[str], path: str) -> None:
    text = "FROM x AS a\nRUN go build -o /a\nFROM a\n" + " ".join(words).replace("\n ", "\n")
    try:
        dockerfile = parse_dockerfile(text)
    except DockerfileError:
        return
    for stage in dockerfile.stages:
        for brought in (None, *stage.instructions):
            maker = find_maker(dockerfile, stage, path, brought)
            if maker is not None:
                find_linker_flags(dockerfile, maker)
        find_copy(dockerfile, stage, path)
