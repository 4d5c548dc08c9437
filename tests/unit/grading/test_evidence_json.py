from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.grading.evidence_value import TAG, entry, exchange, final, good, spec
from tutor.core.errors import StorageError
from tutor.core.image import Healthcheck, ImageConfig
from tutor.core.verdict import CheckpointReport, Outcome
from tutor.grading.evidence_json import (
    decode_evidence,
    decode_image_evidence,
    decode_report,
    encode_evidence,
    encode_image_evidence,
    encode_report,
)
from tutor.grading.runner import judge


def report() -> CheckpointReport:
    verdicts = tuple(judge([spec("image_builds"), spec("binary_is_static")], good()))
    return CheckpointReport(
        "two-stages", Outcome.PASSED, verdicts, "docker", "now", 1.5, "e" * 64, True, ("a",)
    )


def test_evidence_comes_back_as_it_was() -> None:
    assert decode_evidence(encode_evidence(good())) == good()


def test_an_image_comes_back_as_it_was() -> None:
    config = ImageConfig(labels=(("a", "b"),), healthcheck=Healthcheck(("CMD", "/app"), 30.0))
    image = final(entry("/bin/sh", content="elf"), config=config)
    assert decode_image_evidence(encode_image_evidence(image)) == image


def test_a_report_comes_back_as_it_was() -> None:
    assert decode_report(encode_report(report())) == report()
    assert decode_report(encode_report(report()).encode()) == report()


@given(st.text())
def test_any_text_survives(text: str) -> None:
    evidence = good(exchanges={TAG: (replace(exchange("/"), body=text),)})
    assert decode_evidence(encode_evidence(evidence)) == evidence


def test_half_a_surrogate_pair_is_replaced_rather_than_lost_with_all_else() -> None:
    evidence = good(exchanges={TAG: (replace(exchange("/"), body="a\udce9b"),)})
    assert decode_evidence(encode_evidence(evidence)).exchanges[TAG][0].body == "a?b"


def test_fields_of_later_versions_are_passed_over() -> None:
    document = json.loads(encode_evidence(good()))
    document["value"]["weather"] = "fine"
    document["more"] = 1
    assert decode_evidence(json.dumps(document)) == good()


def test_another_schema_is_refused_with_what_to_do() -> None:
    document = json.loads(encode_evidence(good()))
    document["schema"] = 99
    with pytest.raises(StorageError, match="schema 99") as caught:
        decode_evidence(json.dumps(document))
    assert caught.value.next_step


def test_another_kind_is_refused() -> None:
    with pytest.raises(StorageError, match="This is report"):
        decode_evidence(encode_report(report()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"kind": "evidence"}',
        '{"kind":"evidence","schema":2,"value":{}}',
        "[" * 100_000,
    ],
)
def test_damage_is_told_in_words(text: str) -> None:
    with pytest.raises(StorageError, match="damaged"):
        decode_evidence(text)


def test_bytes_that_are_no_text_are_damage() -> None:
    with pytest.raises(StorageError):
        decode_evidence(b"\xff\xfe{}")
