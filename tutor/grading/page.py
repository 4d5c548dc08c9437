"""Results as one HTML page that holds all it needs: no script, no file, no address beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from tutor.core.submission import GradedItem, SubmissionResult
from tutor.core.text import clean_line
from tutor.core.verdict import Outcome
from tutor.grading.course_file import Course, who
from tutor.grading.result_report import points, same_token
from tutor.grading.words import counted, megabytes

_STYLE = """
:root { color-scheme: light dark; --ok: #1a7f37; --bad: #cf222e; --open: #9a6700; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --ok: #4ac26b; --bad: #ff8182; --open: #d4a72c; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; }
tr { border-bottom: 1px solid var(--line); } td.n, th.n { text-align: right; }
.passed { color: var(--ok); } .failed { color: var(--bad); } .unknown, .waiting { color: var(--open); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; } dl { display: grid; grid-template-columns: 6rem 1fr; gap: .1rem .8rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
.bar { display: grid; grid-template-columns: 14rem 1fr; gap: .8rem; align-items: center; margin: .2rem 0; }
.bar span { overflow-wrap: anywhere; }
meter, .track { width: 100%; } .track { background: var(--line); border-radius: .2rem; }
.fill { background: currentColor; opacity: .65; height: .9rem; border-radius: .2rem; min-width: 2px; }
@media (max-width: 40rem) { .bar { grid-template-columns: 1fr; gap: 0; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.UNKNOWN: "?", Outcome.WAITING: "…"}


def html_page(results: Sequence[SubmissionResult], course: Course | None = None) -> str:
    """One page: a table and charts for a class, and every submission with its verdicts."""
    title = course.course if course is not None else (results[0].rubric if results else "No submissions")
    if len(results) == 1:
        title = f"{who(results[0], course)}: {results[0].rubric}"
    parts = [f"<h1>{_text(title)}</h1>"]
    if len(results) > 1:
        parts += [_summary(results, course), _failures(results), _sizes(results, course)]
    parts += [_submission(result, results, course) for result in results]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing of a page made of other people's texts may run or be fetched.
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>"
    )


def _text(text: str) -> str:
    return escape(clean_line(text))


def _summary(results: Sequence[SubmissionResult], course: Course | None) -> str:
    rows = []
    for index, result in enumerate(results, 1):
        size = megabytes(result.final_bytes) if result.final_bytes is not None else ""
        copies = ", ".join(same_token(result, results))
        rows.append(
            f'<tr><td><a href="#s{index}">{_text(who(result, course))}</a></td>'
            f'<td class="{result.outcome}">{_SIGNS[result.outcome]} {result.outcome}</td>'
            f'<td class="n">{points(result.points)} / {points(result.max_points)}</td>'
            f'<td class="n">{size}</td><td class="n">{result.late_days or ""}</td>'
            f"<td>{_text(copies)}</td></tr>"
        )
    counts = Counter(result.outcome for result in results)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return (
        f'<p>{counted(len(results), "submission")}: {told}.</p><table id="class"><thead><tr><th>Who</th>'
        '<th>Outcome</th><th class="n">Points</th><th class="n">Final image</th><th class="n">Days late</th>'
        f"<th>Same token as</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _failures(results: Sequence[SubmissionResult]) -> str:
    """How often each check failed."""
    titles: dict[str, str] = {}
    failed: Counter[str] = Counter()
    for result in results:
        for item in result.items:
            titles.setdefault(item.verdict.check_id, item.verdict.title)
            failed[item.verdict.check_id] += item.verdict.outcome is Outcome.FAILED
    rows = [
        _bar(f"{titles[check]}", count, len(results), f"{count} of {len(results)}", "failed")
        for check, count in failed.most_common()
        if count
    ]
    return f'<h2>Failures by check</h2><div id="failures">{"".join(rows) or "<p>None.</p>"}</div>'


def _sizes(results: Sequence[SubmissionResult], course: Course | None) -> str:
    known = [result for result in results if result.final_bytes is not None]
    if not known:
        return ""
    largest = max(result.final_bytes or 0 for result in known)
    rows = [
        _bar(who(result, course), result.final_bytes or 0, largest, megabytes(result.final_bytes or 0), "")
        for result in sorted(known, key=lambda result: result.final_bytes or 0)
    ]
    return f'<h2>Final images, unpacked</h2><div id="sizes">{"".join(rows)}</div>'


def _bar(label: str, value: float, whole: float, told: str, kind: str) -> str:
    share = 100 * value / whole if whole else 0
    return (
        f'<div class="bar"><span>{_text(label)} <small>{_text(told)}</small></span>'
        f'<div class="track {kind}"><div class="fill" style="width:{share:.1f}%"></div></div></div>'
    )


def _submission(result: SubmissionResult, results: Sequence[SubmissionResult], course: Course | None) -> str:
    index = results.index(result) + 1
    sign = f'<span class="{result.outcome}">{_SIGNS[result.outcome]} {result.outcome}</span>'
    earned = f"{points(result.points)} of {points(result.max_points)} points."
    practice = "" if result.official else ", for practice"
    parts = [
        f'<section id="s{index}"><h2>{_text(who(result, course))} {sign}</h2>',
        f"<p>{earned} Graded on {_text(result.engine)} at {_text(result.taken_at)}{practice}.</p>",
    ]
    parts += [f"<p><strong>{_text(text)}</strong></p>" for text in (result.refused, result.fault) if text]
    if result.final_bytes is not None and result.builder_bytes:
        whole = max(result.builder_bytes, result.final_bytes)
        parts.append(_bar("Builder stage", result.builder_bytes, whole, megabytes(result.builder_bytes), ""))
        parts.append(_bar("Final image", result.final_bytes, whole, megabytes(result.final_bytes), ""))
    parts += [_verdict(item) for item in result.items]
    parts += [
        f"<p>{_text(each.check_id)}: the learner's own machine said {_text(each.claimed)}, "
        f"here it is {_text(each.official)}.</p>"
        for each in result.differences
    ]
    for label, texts in (("Limits it ran into", result.limits_hit), ("Not limited here", result.limits_open)):
        if texts:
            parts.append(f"<p>{label}: {_text(', '.join(texts))}.</p>")
    parts += [f"<p><small>{_text(note)}</small></p>" for note in result.notes]
    return "".join(parts) + "</section>"


def _verdict(item: GradedItem) -> str:
    verdict = item.verdict
    opened = " open" if verdict.outcome is Outcome.FAILED else ""
    worth = f"{points(item.points)}/{points(item.max_points)}" + ("" if item.required else ", good practice")
    rows = "".join(
        f"<dt>{label}</dt><dd>{_text(text)}</dd>"
        for label, text in (
            ("expected", verdict.expected),
            ("seen", verdict.actual),
            ("where", verdict.where),
            ("why", verdict.why),
            ("next", verdict.next_step),
        )
        if text
    )
    return (
        f'<details{opened}><summary class="{verdict.outcome}">{_SIGNS[verdict.outcome]} '
        f"{_text(verdict.title or verdict.check_id)} ({worth})</summary><dl>{rows}</dl></details>"
    )
