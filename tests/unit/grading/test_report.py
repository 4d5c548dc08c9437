from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.grading.evidence_value import failed_build, good, spec
from tutor.core.evidence import Evidence
from tutor.core.verdict import CheckpointReport, Outcome, Verdict, overall
from tutor.grading.report import exit_code, json_report, text_report
from tutor.grading.runner import judge

SPECS = (
    spec("image_builds"),
    spec("binary_is_static"),
    spec("image_is_smaller_than", max_bytes=1000),
)


def report(evidence: Evidence, notes: tuple[str, ...] = ()) -> CheckpointReport:
    verdicts = tuple(judge(SPECS, evidence))
    return CheckpointReport(
        lesson="two-stages",
        outcome=overall(verdicts),
        verdicts=verdicts,
        engine="docker 20.10, classic",
        taken_at="2026-11-24T10:00:00+00:00",
        elapsed_seconds=12.3456,
        workspace_sha256="e" * 64,
        notes=notes,
    )


def test_the_text_tells_every_check_and_what_to_do_about_the_failed_one() -> None:
    text = text_report(report(good(), ("The base image is a stand-in.",)))
    assert text.startswith("two-stages: Not passed yet. 3 checks: 2 passed, 1 failed.")
    assert "[ok]     The program is static" in text
    assert "[FAILED] The image is small enough" in text
    assert "  expected The image is smaller than 1.0 kB (unpacked)." in text
    assert "  seen     It is 6.90 MB (6900000 bytes)." in text
    assert "  next     Look at the bytes pane" in text
    assert "Note: The base image is a stand-in." in text
    assert "in 12.3 s" in " ".join(text.split())


def test_the_text_tells_what_waits_and_for_what() -> None:
    text = text_report(report(failed_build("no luck")))
    assert "1 failed, 2 waiting" in text
    assert "[waits]  The program is static" in text
    assert 'It waits for "The Dockerfile builds".' in text


@pytest.mark.parametrize(
    ("outcome", "says"),
    [(Outcome.PASSED, "Passed."), (Outcome.UNKNOWN, "not yours"), (Outcome.FAILED, "Not passed yet.")],
)
def test_the_first_line_tells_the_outcome(outcome: Outcome, says: str) -> None:
    assert says in text_report(replace(report(good()), outcome=outcome)).splitlines()[0]


def test_the_text_fits_eighty_columns_and_holds_nothing_a_terminal_obeys() -> None:
    long = "word " * 60 + "\x1b[31mred\x1b[0m " + "x" * 300
    verdict = Verdict("a", long, Outcome.FAILED, long, long, long, long, long)
    text = text_report(replace(report(good()), verdicts=(verdict,), notes=(long,)))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text


def test_a_report_without_checks_says_so() -> None:
    assert "There are no checks." in text_report(replace(report(good()), verdicts=()))


def test_the_document_is_plain_and_complete() -> None:
    document = json_report(report(good(), ("note",)), good())
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == 1
    assert document["lesson"] == "two-stages"
    assert (document["outcome"], document["exit_code"]) == ("failed", 1)
    assert document["engine"] == "docker 20.10, classic"
    assert document["notes"] == ["note"]
    assert document["elapsed_seconds"] == 12.346
    checks = document["checks"]
    assert isinstance(checks, list)
    assert [check["outcome"] for check in checks] == ["passed", "passed", "failed"]
    assert document["sizes"] == [
        {
            "name": "multi",
            "image_id": "sha256:final",
            "unpacked_bytes": 6_900_000,
            "shown": "6.90 MB",
            "files": 1,
        },
        {
            "name": "multi/builder",
            "image_id": "sha256:builder",
            "unpacked_bytes": 269_000_000,
            "shown": "269 MB",
            "files": 9_908,
        },
    ]


def test_a_document_without_evidence_has_no_sizes() -> None:
    document = json_report(report(good()))
    assert document["sizes"] == []
    assert "fault" not in document


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.PASSED, 0), (Outcome.FAILED, 1), (Outcome.UNKNOWN, 2), (Outcome.WAITING, 2)],
)
def test_exit_codes(outcome: Outcome, code: int) -> None:
    assert exit_code(outcome) == code
