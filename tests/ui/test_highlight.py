from __future__ import annotations

from tutor.ui.highlight import coloured, json_or_plain, line_spans


def test_a_dockerfile_is_coloured_line_by_line() -> None:
    text = "# a comment\nFROM scratch\nRUN CGO_ENABLED=0 \\\n    go build\n"
    lines = line_spans(text, "docker")
    assert len(lines) == 5
    assert lines[0] == [(0, 11, "quiet")]
    assert lines[1][0] == (0, 4, "primary")
    assert lines[4] == []


def test_spans_never_leave_their_line() -> None:
    text = 'RUN echo "a\\\n  b" \\\n  && true\n\nCOPY <<EOF /x\nfoo\nEOF\n'
    for line, spans in zip(text.split("\n"), line_spans(text, "docker"), strict=True):
        assert all(0 <= start < end <= len(line) for start, end, _ in spans)


def test_colouring_changes_no_character() -> None:
    text = '{"a": [1, "two"]}\n'
    assert coloured(text, "json").plain == text


def test_json_is_set_out() -> None:
    assert json_or_plain('{"a":{"b":1}}').plain == '{\n  "a": {\n    "b": 1\n  }\n}'


def test_what_is_no_json_stays_as_it_came() -> None:
    assert json_or_plain("404 page [red]not[/red] found\n").plain == "404 page [red]not[/red] found\n"
    assert json_or_plain("17").plain == "17"
    assert json_or_plain("[" * 100_000).plain == "[" * 100_000


def test_names_in_a_body_are_not_escaped_away() -> None:
    assert "Zürich" in json_or_plain('{"city": "Zürich"}').plain
