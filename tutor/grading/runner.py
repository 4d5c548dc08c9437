"""Judges a checkpoint: every check once, those first that others depend on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from tutor.core.errors import LessonError
from tutor.core.evidence import Evidence
from tutor.core.lesson import CheckSpec
from tutor.core.text import clean_line
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CheckInfo, known_checks
from tutor.grading.subject import image_of, tag_of
from tutor.grading.words import listed

_LOG = logging.getLogger(__name__)


def judge(specs: Sequence[CheckSpec], evidence: Evidence) -> Iterator[Verdict]:
    """The verdicts, in an order in which every check comes after those it needs.

    A check waits when one that it needs has not passed: one named in ``needs``, and, where the lesson
    checks them too, the build (for all that look at the image) and the start (for endpoints, and for
    the program when the start command leads to none). When the evidence could not be gathered, all
    are unknown. Consume it wholly to know all verdicts.

    Raises:
        LessonError: at once, when a check, a need or a parameter does not exist, or needs go round.
    """
    known = known_checks()
    validate(specs)
    needs = _needs(specs, known, evidence)
    return _verdicts(_ordered(specs, needs), needs, evidence, known)


def validate(specs: Sequence[CheckSpec]) -> None:
    """Raise LessonError for the first thing in these specifications that does not exist."""
    known = known_checks()
    ids = [spec.id for spec in specs]
    for spec in specs:
        where = f"line {spec.line}" if spec.line else ""
        if ids.count(spec.id) > 1:
            raise LessonError(f'Two checks have the id "{spec.id}".', where=where)
        info = known.get(spec.check)
        if info is None:
            near = get_close_matches(spec.check, list(known), n=1)
            raise LessonError(
                f'The grader has no check "{spec.check}".',
                where=where,
                next_step=f"Did you mean {near[0]}?" if near else f"It knows: {', '.join(sorted(known))}.",
            )
        if problems := info.problems(spec.params):
            raise LessonError(f'Check "{spec.id}": {problems[0]}', where=where)
        if spec.on.split(".")[0] not in info.subjects:
            raise LessonError(
                f'Check "{spec.id}": {spec.check} cannot be made on "{spec.on}".',
                where=where,
                next_step=f"It is made on {' or '.join(info.subjects)}.",
            )
        for need in spec.needs:
            if need not in ids:
                raise LessonError(f'Check "{spec.id}" needs "{need}", which does not exist.', where=where)


def _needs(
    specs: Sequence[CheckSpec], known: Mapping[str, CheckInfo], evidence: Evidence
) -> dict[str, tuple[str, ...]]:
    needs: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        info = known[spec.check]
        image = image_of(evidence, spec)
        after = info.after
        if info.needs_program and image is not None and not image.entrypoint_path:
            after = (*after, "container_starts")
        implied = [
            other.id
            for other in specs
            if other.check in after and other.id != spec.id and (tag_of(other) in ("", tag_of(spec)))
        ]
        needs[spec.id] = tuple(dict.fromkeys((*spec.needs, *implied)))
    return needs


def _ordered(specs: Sequence[CheckSpec], needs: Mapping[str, tuple[str, ...]]) -> list[CheckSpec]:
    """The lesson's own order, changed only where a check comes before one that it needs."""
    left = list(specs)
    done: set[str] = set()
    ordered: list[CheckSpec] = []
    while left:
        ready = next((spec for spec in left if all(need in done for need in needs[spec.id])), None)
        if ready is None:
            raise LessonError(f"These checks need each other: {listed([spec.id for spec in left])}.")
        left.remove(ready)
        done.add(ready.id)
        ordered.append(ready)
    return ordered


def _verdicts(
    specs: Sequence[CheckSpec],
    needs: Mapping[str, tuple[str, ...]],
    evidence: Evidence,
    known: Mapping[str, CheckInfo],
) -> Iterator[Verdict]:
    outcomes: dict[str, Outcome] = {}
    titles = {spec.id: spec.title or known[spec.check].title for spec in specs}
    for spec in specs:
        title = titles[spec.id]
        open_needs = tuple(need for need in needs[spec.id] if outcomes[need] is not Outcome.PASSED)
        if evidence.fault:
            verdict = _unknown(spec, title, evidence.fault)
        elif open_needs:
            verdict = Verdict(
                check_id=spec.id,
                title=title,
                outcome=Outcome.WAITING,
                actual="It waits for " + listed([f'"{titles[need]}"' for need in open_needs]) + ".",
                why=spec.why,
                next_step="See to that check first.",
                waits_for=open_needs,
            )
        else:
            verdict = _judged(spec, title, evidence, known[spec.check])
        outcomes[spec.id] = verdict.outcome
        yield verdict


def _judged(spec: CheckSpec, title: str, evidence: Evidence, info: CheckInfo) -> Verdict:
    try:
        return info.check(evidence, spec)
    # A fault in one check must not cost the learner the verdicts of the others, nor count as theirs.
    except Exception as error:  # noqa: BLE001 - see above
        _LOG.exception("check %s (%s) failed", spec.id, spec.check)
        return _unknown(
            spec, title, f"The check itself failed: {type(error).__name__}: {clean_line(str(error), 200)}"
        )


def _unknown(spec: CheckSpec, title: str, reason: str) -> Verdict:
    return Verdict(
        check_id=spec.id,
        title=title,
        outcome=Outcome.UNKNOWN,
        actual=f"It could not be judged: {clean_line(reason)}",
        why=spec.why,
        next_step="This is not your fault. Run it again; fromscratch doctor says what is missing.",
    )
