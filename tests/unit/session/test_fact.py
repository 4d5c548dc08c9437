from __future__ import annotations

import pytest

from tutor.core.events import ImageMeasured
from tutor.core.http import HttpExchange
from tutor.core.image import SizeRole, SizeRow
from tutor.core.lesson import Unit
from tutor.session.answer import as_answer, checked_answer
from tutor.session.fact import Facts


def measured(name: str, role: SizeRole, size_bytes: int) -> ImageMeasured:
    return ImageMeasured("run", SizeRow(name, name, f"id-{name}", role, size_bytes))


def test_the_reduction_is_against_the_largest_builder_stage() -> None:
    facts = Facts()
    facts.learn_size(measured("builder", SizeRole.BUILDER, 200_000_000), "multi", 0)
    facts.learn_size(measured("tools", SizeRole.BUILDER, 50_000_000), "multi", 0)
    assert "reduction.multi.percent" not in facts
    facts.learn_size(measured("multi", SizeRole.FINAL, 5_000_000), "multi", 3)
    assert facts["reduction.multi.percent"] == pytest.approx(97.5)
    assert facts["stage.multi.builder.unpacked_bytes"] == 200_000_000
    assert facts["image.multi.file_count"] == 3


def test_a_base_image_is_no_builder() -> None:
    facts = Facts()
    facts.learn_size(measured("golang", SizeRole.BASE, 200_000_000), "multi", 0)
    facts.learn_size(measured("multi", SizeRole.FINAL, 5_000_000), "multi", 3)
    assert facts["base.unpacked_bytes"] == 200_000_000
    assert "reduction.multi.percent" not in facts


def test_fresh_facts_are_taken_once() -> None:
    facts = Facts()
    facts.learn("a", 1)
    assert facts.take_fresh() == {"a"}
    assert facts.take_fresh() == frozenset()
    facts.learn("a", 1)
    assert facts.take_fresh() == {"a"}


def test_an_endpoint_that_failed_tells_its_error_in_its_answer() -> None:
    facts = Facts()
    facts.learn_exchange(HttpExchange("GET", "/temp", "u", "c", status=500, body="open /tmp/x: no such file"))
    assert facts["probe.error"] == "open /tmp/x: no such file"


def test_a_path_that_is_not_there_is_no_error_of_the_service() -> None:
    facts = Facts()
    facts.learn_exchange(HttpExchange("GET", "/nope", "u", "c", status=404, body="no such endpoint"))
    assert facts["probe.error"] == ""


def test_an_endpoint_that_gave_no_answer_has_status_0_and_an_error() -> None:
    facts = Facts()
    facts.learn_exchange(HttpExchange("GET", "/health", "u", "c", error="connection refused"))
    assert facts["endpoint./health.status"] == 0
    assert facts["probe.error"] == "connection refused"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4_706_304, Unit.MEGABYTES, "4.7"),
        (268_826_050, Unit.MEGABYTES, "269"),
        (97.25, Unit.PERCENT, "97.2"),
        (7.349, Unit.SECONDS, "7.3"),
        (True, Unit.YES_NO, "yes"),
        (False, Unit.YES_NO, "no"),
        (404, Unit.NUMBER, "404"),
    ],
)
def test_a_fact_is_put_in_the_unit_of_the_question(value: object, unit: Unit, text: str) -> None:
    assert as_answer(value, unit) == text


@pytest.mark.parametrize(
    ("typed", "unit", "answer"),
    [
        ("5", Unit.MEGABYTES, "5"),
        (" 5,5 MB ", Unit.MEGABYTES, "5.5"),
        ("97%", Unit.PERCENT, "97"),
        ("12s", Unit.SECONDS, "12"),
        ("Y", Unit.YES_NO, "yes"),
        ("no", Unit.YES_NO, "no"),
        ("2", Unit.CHOICE, "b"),
        ("b", Unit.CHOICE, "b"),
    ],
)
def test_what_is_typed_is_made_uniform(typed: str, unit: Unit, answer: str) -> None:
    assert checked_answer(typed, unit, ("a", "b")) == (answer, "")


@pytest.mark.parametrize(
    ("typed", "unit", "says"),
    [
        ("five", Unit.MEGABYTES, "number of MB"),
        ("90 %", Unit.MEGABYTES, "of MB, not of %"),
        ("5MB", Unit.PERCENT, "of %, not of MB"),
        ("3 s", Unit.NUMBER, "without a unit"),
        ("-1", Unit.NUMBER, "not negative"),
        ("nan", Unit.NUMBER, "not negative"),
        ("maybe", Unit.YES_NO, "yes or no"),
        ("3", Unit.CHOICE, "1 to 2"),
        ("", Unit.MEGABYTES, "number"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(typed: str, unit: Unit, says: str) -> None:
    answer, problem = checked_answer(typed, unit, ("a", "b"))
    assert answer == ""
    assert says in problem
