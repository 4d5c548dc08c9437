from __future__ import annotations

import pytest

from tutor.core.condition import parse_condition
from tutor.core.errors import LessonError


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("always", {}, True),
        ("build failed", {"build": "failed"}, True),
        ("build failed", {"build": "passed"}, False),
        ("build failed", {}, False),
        ("check.static failed", {"check.static": "failed"}, True),
        ("check.static failed", {"check.static": "unknown"}, False),
        ("check.static failed", {"check.other": "failed"}, False),
        ('build.error matches "no such file"', {"build.error": "COPY: No such file"}, True),
        ('build.error matches "no such file"', {"build.error": ""}, False),
        ('build.error matches ".*"', {"build.error": ""}, False),
        ('build.error matches "no such file"', {}, False),
        ("evidence.elf.interpreter is set", {"evidence.elf.interpreter": "/lib/ld.so"}, True),
        ("evidence.elf.interpreter is set", {"evidence.elf.interpreter": ""}, False),
        ("evidence.elf.interpreter is set", {"evidence.elf.interpreter": None}, False),
        ("evidence.elf.interpreter is set", {}, False),
        ("evidence.elf.interpreter is not set", {"evidence.elf.interpreter": ""}, True),
        ("evidence.elf.interpreter is not set", {"evidence.elf.interpreter": "/lib/ld.so"}, False),
        ("evidence.elf.interpreter is not set", {}, False),
        ("evidence.elf.machine = aarch64", {"evidence.elf.machine": "aarch64"}, True),
        ("evidence.elf.machine = aarch64", {"evidence.elf.machine": "x86-64"}, False),
        ('evidence.config.command = "/app -v"', {"evidence.config.command": "/app -v"}, True),
        ("evidence.stages = 2", {"evidence.stages": 2}, True),
        ("evidence.stages = 2", {}, False),
        ('build failed and build.error matches "x"', {"build": "failed", "build.error": "x"}, True),
        ('build failed and build.error matches "x"', {"build": "failed", "build.error": "y"}, False),
        ('build failed and build.error matches "x"', {"build": "passed", "build.error": "x"}, False),
    ],
)
def test_condition_holds_as_it_reads(text: str, facts: dict[str, object], expected: bool) -> None:
    assert parse_condition(text).holds(facts) is expected


def test_and_inside_quotes_belongs_to_the_regular_expression() -> None:
    condition = parse_condition('build.error matches "this and that"')
    assert condition.holds({"build.error": "this and that"})
    assert not condition.holds({"build.error": "this"})


def test_escaped_quote_stands_for_a_quote() -> None:
    assert parse_condition(r'container.error matches "exec: \"sh\""').holds(
        {"container.error": 'exec: "sh": not found'}
    )


def test_backslash_reaches_the_regular_expression() -> None:
    condition = parse_condition(r'probe.error matches "port \d+"')
    assert condition.holds({"probe.error": "nothing on port 8080"})
    assert not condition.holds({"probe.error": "nothing on port d"})


def test_condition_tells_which_checks_it_asks_about() -> None:
    assert parse_condition("check.static failed and check.starts failed and build failed").checks == (
        "static",
        "starts",
    )


def test_only_what_always_holds_is_not_narrow() -> None:
    assert not parse_condition("always").is_narrow
    assert parse_condition("build failed").is_narrow
    assert parse_condition("always and build failed").is_narrow


@pytest.mark.parametrize(
    ("text", "said", "instead"),
    [
        ("", "empty part", "always"),
        ("build failed and", "empty part", "always"),
        ("sometimes", '"sometimes" is not a condition', "always"),
        ('"always"', "is not a condition", "always"),
        ("bild failed", '"bild"', 'Did you mean "build failed"?'),
        ("check. failed", '"check."', "check.ID"),
        ('buld.error matches "x"', '"buld.error"', 'Did you mean "build.error matches"?'),
        ("build.error matches x", "not in double quotes", 'build.error matches "x"'),
        ('build.error matches "x', "not closed", "always"),
        ('build.error matches "("', "not a regular expression", "backslash"),
        ("evidence.elf.interp is set", '"evidence.elf.interp"', "evidence.elf.interpreter is set"),
        ("evidence.elf.interp is not set", '"evidence.elf.interp"', "evidence.elf.interpreter is not set"),
        ("evidence.elf.mach = x", '"evidence.elf.mach"', "evidence.elf.machine ="),
        ("build failed or always", "is not a condition", "always"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_may_stand_there(
    text: str, said: str, instead: str
) -> None:
    with pytest.raises(LessonError) as caught:
        parse_condition(text)
    assert said in caught.value.what
    assert instead in caught.value.next_step
