from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.core.dockerfile import (
    Instruction,
    argument_pairs,
    expand,
    name_value_pairs,
    parse_dockerfile,
    split_words,
)
from tutor.core.errors import DockerfileError

TWO_STAGES = """\
# syntax=docker/dockerfile:1
ARG GO=1.21

FROM golang:${GO}-alpine AS Builder
WORKDIR /src
COPY go.mod ./
# a comment
RUN go build \\
    # a comment inside
    -o /app . \\

    && echo done

FROM scratch
COPY --from=builder --chown=65532:65532 /app /app
ENTRYPOINT ["/app", "-v"]
"""


def only(text: str) -> Instruction:
    return parse_dockerfile(f"FROM scratch\n{text}").stages[0].instructions[0]


def failure(text: str) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text)
    return caught.value


def test_stages_carry_names_in_lower_case_bases_as_written_and_indices() -> None:
    stages = parse_dockerfile(TWO_STAGES).stages
    assert [(stage.index, stage.name, stage.base, stage.key) for stage in stages] == [
        (0, "builder", "golang:${GO}-alpine", "builder"),
        (1, "", "scratch", "1"),
    ]


def test_continuation_lines_are_joined_and_comments_and_blank_lines_inside_are_skipped() -> None:
    run = parse_dockerfile(TWO_STAGES).stages[0].instructions[2]
    assert " ".join(run.value.split()) == "go build -o /app . && echo done"
    assert (run.first_line, run.last_line) == (8, 12)


def test_flags_are_taken_off_the_value() -> None:
    copy = parse_dockerfile(TWO_STAGES).stages[1].instructions[0]
    assert copy.flags == (("from", "builder"), ("chown", "65532:65532"))
    assert copy.value == "/app /app"
    assert copy.text == "COPY --from=builder --chown=65532:65532 /app /app"
    assert copy.flag("from") == "builder"
    assert copy.flag("chmod") is None


def test_a_json_list_is_the_exec_form() -> None:
    assert only('CMD ["/app", "-v"]').exec_form == ("/app", "-v")


@pytest.mark.parametrize("value", ["/app -v", "['/app']", '["/app",]', '["/app", 1]', "[/app]"])
def test_anything_else_is_the_shell_form(value: str) -> None:
    assert only(f"CMD {value}").exec_form is None


def test_the_command_of_a_healthcheck_has_its_own_exec_form() -> None:
    check = only('HEALTHCHECK --interval=5s CMD ["/app", "-healthcheck"]')
    assert check.exec_form == ("/app", "-healthcheck")
    assert check.flag("interval") == "5s"
    assert only("HEALTHCHECK NONE").exec_form is None


def test_keywords_and_as_ignore_case() -> None:
    stage = parse_dockerfile("from golang:1.21 as B\nrun ls").stages[0]
    assert stage.name == "b"
    assert stage.instructions[0].keyword == "RUN"


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_the_text() -> None:
    stage = parse_dockerfile("\ufeffFROM scratch\r\nRUN a \\\r\n  b\r\n").stages[0]
    assert stage.instructions[0].value == "a   b"


def test_the_escape_directive_changes_the_continuation_character() -> None:
    file = parse_dockerfile("# escape=`\nFROM scratch\nRUN a `\n b\\\n")
    assert file.escape == "`"
    assert file.stages[0].instructions[0].value == "a  b\\"


def test_a_here_document_belongs_to_its_instruction() -> None:
    stage = parse_dockerfile("FROM scratch\nRUN <<EOF\necho a\n# kept\nEOF\nUSER 1").stages[0]
    run, user = stage.instructions
    assert run.heredocs == (("EOF", "echo a\n# kept\n"),)
    assert (run.first_line, run.last_line, user.first_line) == (2, 5, 6)


def test_a_here_document_that_never_ends_is_an_error_at_its_line() -> None:
    error = failure("FROM scratch\nRUN <<EOF\necho")
    assert error.line == 2
    assert "EOF" in error.next_step


def test_base_images_leave_out_scratch_and_stages_and_expand_arguments() -> None:
    file = parse_dockerfile(
        "ARG TAG=1.21\nFROM golang:$TAG AS a\nFROM a AS b\nCOPY --from=nginx:1 /x /\n"
        "FROM scratch\nCOPY --from=b / /\nCOPY --from=0 / /\nFROM golang:1.21"
    )
    assert file.base_images == ("golang:1.21", "nginx:1")


def test_build_arguments_replace_defaults() -> None:
    file = parse_dockerfile("ARG A=1\nARG B=${A}2\nARG C\nFROM scratch")
    assert file.global_variables() == {"A": "1", "B": "12"}
    assert file.global_variables({"A": "9", "C": "c", "D": "d"}) == {"A": "9", "B": "92", "C": "c"}


def test_an_instruction_with_a_typing_mistake_is_named_with_the_nearest_right_one() -> None:
    error = failure("FROM scratch\nCOPPY a b")
    assert error.line == 2
    assert error.what == "unknown instruction: COPPY (did you mean COPY?)"
    assert error.where == "Dockerfile:2"


def test_a_flag_with_a_typing_mistake_is_named_with_the_nearest_right_one() -> None:
    error = failure("FROM scratch\nCOPY --form=a b c")
    assert error.what == "unknown flag: form (did you mean from?)"
    assert "--from" in error.next_step


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 0, "empty"),
        ("# nothing\n", 0, "empty"),
        ("ARG A=1\n", 1, "no build stage"),
        ("RUN ls\nFROM scratch", 1, "before the first FROM"),
        ("FROM a AS", 1, "one or three arguments"),
        ("FROM a IS b", 1, "one or three arguments"),
        ("FROM a AS 1b", 1, "invalid name for build stage"),
        ("FROM", 1, "at least one argument"),
        ("FROM scratch\nCOPY a", 2, "at least two arguments"),
        ('FROM scratch\nCOPY ["a"]', 2, "at least two arguments"),
        ("FROM scratch\nENV A", 2, "two arguments"),
        ("FROM scratch\nENV A=1 B", 2, "can't find ="),
        ("# escape=x\nFROM scratch", 1, "ESCAPE"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, part: str) -> None:
    error = failure(text)
    assert error.line == line
    assert part in error.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("$MISSING.", "."),
        ("${MISSING:-x$A}", "x1"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${A:+yes}", "yes"),
        ("${MISSING:+yes}", ""),
        ("'$A'", "$A"),
        ('"a $A"', "a 1"),
        ("\\$A", "$A"),
        ('"\\n"', "\\n"),
        ("a\\ b", "a b"),
        ("100$", "100$"),
        ("$1", "$1"),
    ],
)
def test_words_expand_as_in_docker(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "EMPTY": ""}) == expected


@pytest.mark.parametrize("text", ["${A", '"a', "'a", "${A%x}", "${}", "${B:?wanted}"])
def test_words_that_cannot_be_expanded_are_errors_with_the_line(text: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        expand(text, {"A": "1"}, line=7)
    assert caught.value.line == 7


def test_words_split_at_blanks_outside_quotes() -> None:
    assert split_words("a 'b c'  \"d e\"f g\\ h ") == ("a", "'b c'", '"d e"f', "g\\ h")


def test_names_and_values_are_read_in_both_forms() -> None:
    assert name_value_pairs(only('ENV A=1 B="two words"')) == (("A", "1"), ("B", '"two words"'))
    assert name_value_pairs(only("ENV A one two")) == (("A", "one two"),)
    assert argument_pairs(only("ARG A=1 B")) == (("A", "1"), ("B", None))


@given(st.text(alphabet="FROM ARGUNCOPY\\\n\"'$#{}[]<=-asb1\t`", max_size=120))
def test_any_text_is_either_read_or_refused_with_a_line_inside_the_file(text: str) -> None:
    try:
        file = parse_dockerfile(text)
        bases = file.base_images
    except DockerfileError as error:
        assert 0 <= error.line <= text.count("\n") + 1
    else:
        assert file.stages
        assert all(base for base in bases)
        for stage in file.stages:
            for instruction in stage.instructions:
                assert 1 <= instruction.first_line <= instruction.last_line <= text.count("\n") + 1
