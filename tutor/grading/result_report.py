"""What came of submissions, as text for any terminal and as documents for programs."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence

import msgspec

from tutor.core.errors import StorageError
from tutor.core.submission import RESULT_SCHEMA, SubmissionResult
from tutor.core.text import clean_line
from tutor.core.verdict import Outcome
from tutor.grading.course_file import Course, who
from tutor.grading.report import verdict_lines, wrapped
from tutor.grading.words import counted, megabytes

_COLUMNS = [
    "submission",
    "lesson",
    "outcome",
    "points",
    "max_points",
    "weight",
    "weighted_percent",
    "late_days",
    "penalty",
    "final_bytes",
    "reduction_percent",
    "claimed",
    "same_token_as",
    "taken_at",
]
_WORDS = {
    Outcome.PASSED: "Passed",
    Outcome.FAILED: "Not passed",
    Outcome.UNKNOWN: "Not judged",
    Outcome.WAITING: "Not judged",
}


def points(value: float) -> str:
    """``7``, ``7.5``, ``33.33``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text_result(result: SubmissionResult, course: Course | None = None) -> str:
    """One submission in plain words."""
    head = (
        f"{who(result, course)}: {_WORDS[result.outcome]}, "
        f"{points(result.points)} of {points(result.max_points)} points. {result.rubric}."
    )
    lines = wrapped(head, "", "")
    for label, text in (("Refused", result.refused), ("Not judged", result.fault)):
        if text:
            lines += wrapped(text, f"{label}: ", "  ")
    for item in result.items:
        worth = f"{points(item.points)}/{points(item.max_points)}" + (
            "" if item.required else ", good practice"
        )
        lines += ["", *verdict_lines(item.verdict, f" ({worth})")]
    lines.append("")
    if result.final_bytes is not None:
        size = f"Final image {megabytes(result.final_bytes)}"
        if result.builder_bytes and result.reduction_percent is not None:
            size += f", builder {megabytes(result.builder_bytes)}: {result.reduction_percent:.1f} % smaller"
        lines += wrapped(f"{size}.", "", "")
    if result.late_days:
        taken = f"-{points(result.penalty)} points"
        lines += wrapped(f"Late by {counted(result.late_days, 'day')}: {taken}.", "", "")
    for difference in result.differences:
        lines += wrapped(
            f"{difference.check_id}: the learner's own machine said {difference.claimed}, "
            f"here it is {difference.official}.",
            "Differs: ",
            "  ",
        )
    if result.limits_hit:
        lines += wrapped(", ".join(result.limits_hit) + ".", "Limits it ran into: ", "  ")
    if result.limits_open:
        lines += wrapped(", ".join(result.limits_open) + ".", "Not limited here: ", "  ")
    for note in result.notes:
        lines += wrapped(note, "Note: ", "  ")
    grade = "" if result.official else " A grade for practice."
    lines += wrapped(f"Graded on {result.engine} at {result.taken_at}.{grade}", "", "")
    return "\n".join(lines)


def encode_result(result: SubmissionResult) -> bytes:
    """One result as JSON: the form that a class is gathered from. docs/grading.md tells every key."""
    document = msgspec.to_builtins(result)
    document["reduction_percent"] = result.reduction_percent
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def decode_result(text: bytes) -> SubmissionResult:
    """The reverse of encode_result.

    Raises:
        StorageError: it is damaged or of another schema.
    """
    try:
        result = msgspec.json.decode(text, type=SubmissionResult)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StorageError(
            f"A result is damaged: {error}", next_step="Grade that submission again."
        ) from error
    if result.schema != RESULT_SCHEMA:
        raise StorageError(f"A result has schema {result.schema}; this version reads {RESULT_SCHEMA}.")
    return result


def junit(results: Sequence[SubmissionResult]) -> bytes:
    """JUnit XML: a suite for each submission, a case for each check."""
    root = ElementTree.Element("testsuites", name="fromscratch")
    for result in results:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=_xml(result.name),
            tests=str(max(1, len(result.items))),
            time=f"{result.elapsed_seconds:.3f}",
            timestamp=result.taken_at,
        )
        counts = {"failures": 0, "errors": 0, "skipped": 0}
        if not result.items:
            case = ElementTree.SubElement(suite, "testcase", name="taken", classname=_xml(result.name))
            kind = "failure" if result.refused else "error"
            counts["failures" if result.refused else "errors"] += 1
            ElementTree.SubElement(case, kind, message=_xml(result.refused or result.fault))
        for item in result.items:
            verdict = item.verdict
            case = ElementTree.SubElement(
                suite, "testcase", name=_xml(verdict.title or verdict.check_id), classname=_xml(result.name)
            )
            told = _xml(f"expected: {verdict.expected}\nseen: {verdict.actual}\nnext: {verdict.next_step}")
            if verdict.outcome is Outcome.FAILED:
                counts["failures"] += 1
                ElementTree.SubElement(case, "failure", message=_xml(verdict.actual)).text = told
            elif verdict.outcome is Outcome.UNKNOWN:
                counts["errors"] += 1
                ElementTree.SubElement(case, "error", message=_xml(verdict.actual)).text = told
            elif verdict.outcome is Outcome.WAITING:
                counts["skipped"] += 1
                ElementTree.SubElement(case, "skipped", message=_xml(verdict.actual))
        for name, count in counts.items():
            suite.set(name, str(count))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _xml(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF))


def gradescope(result: SubmissionResult) -> bytes:
    """Gradescope's results.json, as its autograder specification has it."""
    tests = [
        {
            "name": item.verdict.title or item.verdict.check_id,
            "score": item.points,
            "max_score": item.max_points,
            "status": "passed" if item.verdict.outcome is Outcome.PASSED else "failed",
            "output": "\n".join(verdict_lines(item.verdict)),
            "visibility": "visible",
        }
        for item in result.items
    ]
    head = result.refused or result.fault
    document = {
        "score": result.points,
        "execution_time": round(result.elapsed_seconds),
        "output": f"{_WORDS[result.outcome]}. {head}".strip(),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {"sha256": result.sha256, "engine": result.engine, "outcome": result.outcome.value},
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def gradebook(results: Sequence[SubmissionResult], course: Course | None = None) -> str:
    """A CSV table: one row for each submission, one column for each check."""
    fields = course.learner if course is not None else ("name", "id")
    checks = list(dict.fromkeys(item.verdict.check_id for result in results for item in result.items))
    weights = course.lessons if course is not None else {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*fields, *_COLUMNS, *checks])
    for result in results:
        by_id = {item.verdict.check_id: item for item in result.items}
        terms = weights.get(result.lesson)
        share = result.points / result.max_points if result.max_points else 0.0
        reduction = result.reduction_percent
        row: list[object] = [
            *(result.learner.get(field, "") for field in fields),
            result.name,
            result.lesson,
            result.outcome.value,
            points(result.points),
            points(result.max_points),
            points(terms.weight) if terms else "",
            points(100 * share * terms.weight / _total(weights)) if terms else points(100 * share),
            result.late_days,
            points(result.penalty),
            result.final_bytes if result.final_bytes is not None else "",
            f"{reduction:.2f}" if reduction is not None else "",
            result.claimed,
            " ".join(same_token(result, results)),
            result.taken_at,
        ]
        row += [points(by_id[check].points) if check in by_id else "" for check in checks]
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _total(weights: Mapping[str, object]) -> float:
    return sum(getattr(terms, "weight", 0.0) for terms in weights.values()) or 1.0


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        value = clean_line(value)
        return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t") and not _is_number(value) else value
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def same_token(result: SubmissionResult, results: Sequence[SubmissionResult]) -> tuple[str, ...]:
    """Names of other submissions that bear this one's token: copies, or one learner twice."""
    if not result.token:
        return ()
    return tuple(other.name for other in results if other is not result and other.token == result.token)
