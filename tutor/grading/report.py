"""A checkpoint's report as text for any terminal, and as a document for programs."""

from __future__ import annotations

import textwrap

import msgspec

from tutor.core.evidence import Evidence
from tutor.core.text import clean_line
from tutor.core.verdict import CheckpointReport, Outcome, Verdict
from tutor.grading.evidence_json import REPORT_SCHEMA
from tutor.grading.words import counted, megabytes

WIDTH = 80
_LABEL_COLUMNS = 11
_SIGNS = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.UNKNOWN: "?", Outcome.WAITING: "waits"}
_SUMMARY = {
    Outcome.PASSED: "Passed.",
    Outcome.FAILED: "Not passed yet.",
    Outcome.UNKNOWN: "Not judged: something failed that is not yours.",
    Outcome.WAITING: "Not judged.",
}
_EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1}


def exit_code(outcome: Outcome) -> int:
    """0 for passed, 1 for failed, 2 for what is not the learner's fault."""
    return _EXIT_CODES.get(outcome, 2)


def text_report(report: CheckpointReport) -> str:
    """The report in plain words, at most 80 columns wide, without colours or signs beyond letters."""
    lines = wrapped(f"{report.lesson}: {_SUMMARY[report.outcome]} {_counts(report.verdicts)}", "", "")
    for verdict in report.verdicts:
        lines += ["", *verdict_lines(verdict)]
    lines.append("")
    seconds = f"{report.elapsed_seconds:.1f} s"
    lines += wrapped(f"Graded on {report.engine} at {report.taken_at}, in {seconds}.", "", "")
    for note in report.notes:
        lines += wrapped(note, "Note: ", "      ")
    return "\n".join(lines)


def _counts(verdicts: tuple[Verdict, ...]) -> str:
    words = {
        Outcome.PASSED: "passed",
        Outcome.FAILED: "failed",
        Outcome.UNKNOWN: "could not be judged",
        Outcome.WAITING: "waiting",
    }
    counts = {outcome: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in words}
    told = ", ".join(f"{count} {words[outcome]}" for outcome, count in counts.items() if count)
    return f"{counted(len(verdicts), 'check')}: {told}." if told else "There are no checks."


def verdict_lines(verdict: Verdict, after: str = "") -> list[str]:
    """One verdict in plain words; ``after`` is set behind its title."""
    sign = f"[{_SIGNS[verdict.outcome]}]".ljust(9)
    lines = wrapped(f"{verdict.title or verdict.check_id}{after}", sign, " " * 9)
    brief = verdict.outcome in (Outcome.PASSED, Outcome.WAITING)
    rows = (
        ("expected", "" if brief else verdict.expected),
        ("seen", verdict.actual),
        ("where", "" if brief else verdict.where),
        ("why", "" if brief else verdict.why),
        ("next", "" if brief else verdict.next_step),
    )
    for label, text in rows:
        if text:
            lines += wrapped(text, f"  {label.ljust(_LABEL_COLUMNS - 2)}", " " * _LABEL_COLUMNS)
    return lines


def wrapped(text: str, first: str, rest: str) -> list[str]:
    """A text in lines of at most :data:`WIDTH` columns, free of what a terminal would obey."""
    return textwrap.wrap(
        clean_line(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    ) or [first.rstrip()]


def json_report(report: CheckpointReport, evidence: Evidence | None = None) -> dict[str, object]:
    """The report for programs: plain values only."""
    document: dict[str, object] = {
        "schema": REPORT_SCHEMA,
        "lesson": report.lesson,
        "outcome": report.outcome.value,
        "exit_code": exit_code(report.outcome),
        "engine": report.engine,
        "stand_in": report.stand_in,
        "taken_at": report.taken_at,
        "elapsed_seconds": round(report.elapsed_seconds, 3),
        "workspace_sha256": report.workspace_sha256,
        "checks": [
            msgspec.to_builtins(verdict) | {"waits_for": list(verdict.waits_for)}
            for verdict in report.verdicts
        ],
        "sizes": _sizes(evidence),
        "notes": list(report.notes),
    }
    if evidence is not None:
        document["dockerfile_sha256"] = evidence.dockerfile_sha256
        document["fault"] = evidence.fault
    return document


def _sizes(evidence: Evidence | None) -> list[dict[str, object]]:
    images = evidence.images if evidence is not None else {}
    return [
        {
            "name": name,
            "image_id": image.image_id,
            "unpacked_bytes": image.unpacked_bytes,
            "shown": megabytes(image.unpacked_bytes),
            "files": image.file_count,
        }
        for name, image in images.items()
    ]
