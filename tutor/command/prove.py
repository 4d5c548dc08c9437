"""``fromscratch grade --prove``: the grader itself is tested, with every answer that the lessons ship."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import BaseImageMissing
from tutor.core.events import BaseNeeded
from tutor.core.verdict import Outcome, Verdict
from tutor.wiring import Wiring

if TYPE_CHECKING:
    from tutor.catalog.answer import FetchedFile
    from tutor.core.lesson import Lesson
    from tutor.core.ports import Engine
    from tutor.session.checkpoint import Checkpoint, CheckpointJob

PROOF_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ProofCase:
    """One answer or mutant, and what the grader has to say of it."""

    lesson: Lesson
    name: str
    kind: str
    """``right``, ``wrong`` or ``mutant``."""
    folder: Path
    dockerfile: str = ""
    """In place of the answer's own; empty leaves it."""
    caught_by: str = ""
    """The check that has to fail; empty for a right answer."""
    fetch: FetchedFile | None = None
    """What a learner would have copied out of the running container."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the grader said of one case."""

    case: ProofCase
    failed: tuple[str, ...]
    passed: tuple[str, ...]
    unjudged: tuple[str, ...]
    fault: str = ""

    @property
    def verdict(self) -> str:
        """``right``, or which way the grader erred: ``false reject``, ``false accept``, ``not judged``."""
        if not self.case.caught_by:
            if self.failed:
                return "false reject"
            return "not judged" if self.unjudged or self.fault else "right"
        if self.case.caught_by in self.failed:
            return "right"
        # A mutant may do more harm than was meant: then its check waits for one that failed before.
        if self.case.kind == "mutant" and self.failed and self.case.caught_by in self.unjudged:
            return "right"
        return "not judged" if self.fault or self.case.caught_by in self.unjudged else "false accept"


def cases_of(lessons: Sequence[Lesson], kind: str) -> Iterator[ProofCase]:
    """Every answer, and the mutants of every right one, for an engine of this kind."""
    from tutor.catalog.answer import load_answers
    from tutor.grading.mutant import mutants_of

    for lesson in lessons:
        answers = load_answers(lesson)
        for right in answers.right:
            if kind in right.engines:
                yield ProofCase(lesson, right.name, "right", right.folder, fetch=right.fetch)
        for wrong in answers.wrong:
            if kind in wrong.engines:
                yield ProofCase(
                    lesson, wrong.name, "wrong", wrong.folder, caught_by=wrong.caught_by, fetch=wrong.fetch
                )
        for right in answers.right:
            source = next(
                (path for path in (right.folder / "Dockerfile", lesson.folder / "start" / "Dockerfile")
                 if path.is_file()),
                None,
            )  # fmt: skip
            if source is None or kind not in right.engines:
                continue
            for mutant in mutants_of(source.read_text("utf-8"), lesson.checks):
                name = f"{right.name}+{mutant.name}"
                yield ProofCase(
                    lesson, name, "mutant", right.folder, mutant.dockerfile, mutant.check_id, right.fetch
                )


async def prove(
    wiring: Wiring,
    lessons: Sequence[str],
    tell: Callable[[Proof, int, int], None],
    *,
    base: str = "local",
    every: int = 1,
) -> tuple[Proof, ...]:
    """Grade every case on one engine. ``tell`` hears of each, with how many are done and how many there are.

    ``base`` says where a missing base image comes from; with ``every`` 10 each tenth case is graded.

    Raises:
        EngineError: the engine is not there, or a base image is missing.
        LessonError: answers cannot be read.
    """
    chosen = [wiring.course.find(name) for name in lessons] or list(wiring.course.lessons)
    engine = await wiring.engine()
    try:
        await engine.sweep()
        cases = list(cases_of(chosen, engine.info.kind))[::every]
        proofs = []
        for done, case in enumerate(cases, 1):
            proof = await _graded(wiring, engine, case, base)
            proofs.append(proof)
            tell(proof, done, len(cases))
        return tuple(proofs)
    finally:
        await engine.close()


async def _graded(wiring: Wiring, engine: Engine, case: ProofCase, base: str) -> Proof:
    from tutor.core.clock import SystemClock
    from tutor.core.lesson import image_reference
    from tutor.core.ports import RunRequest
    from tutor.session.action import new_run_id
    from tutor.session.answer_fetch import fetch_from_image
    from tutor.session.checkpoint import Checkpoint, CheckpointJob
    from tutor.session.live import obtain_base
    from tutor.session.measure import ImageReader
    from tutor.storage.workspace import Workspace, lay_answer

    run_id = new_run_id()
    folder = wiring.scratch_folder / f"proof-{run_id}"
    lesson = case.lesson
    try:
        lay_answer(lesson.context, lesson.folder / "start", case.folder, folder)
        if case.dockerfile:
            (folder / "Dockerfile").write_text(case.dockerfile, "utf-8")
        checkpoint = Checkpoint(engine, ImageReader(engine.images, wiring.store), SystemClock())
        job = CheckpointJob(
            lesson, folder, image_reference(lesson.slug, "proof"), run_id, Workspace(folder, folder).sha256()
        )
        for _ in range(4):
            missing = await _run(checkpoint, job)
            if not missing:
                break
            if base == "local":
                raise BaseImageMissing(
                    f"The base image {missing} is not here.",
                    next_step="Say where it comes from: --base pull or --base stand-in.",
                )
            async with aclosing(obtain_base(engine, missing, base, run_id)) as obtaining:
                async for _event in obtaining:
                    pass
        if case.fetch is not None and await fetch_from_image(
            engine,
            job.reference,
            RunRequest(run_id, job.reference, lesson.port, lesson=lesson.slug),
            case.fetch.path,
            folder / case.fetch.to,
        ):
            # The file it asks for comes out of the very image that was built just now.
            await _run(checkpoint, job)
        verdicts = checkpoint.report.verdicts if checkpoint.report is not None else ()
        fault = checkpoint.evidence.fault if checkpoint.evidence is not None else "no evidence"
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    def ids(*outcomes: Outcome) -> tuple[str, ...]:
        return tuple(verdict.check_id for verdict in verdicts if _is(verdict, outcomes))

    return Proof(case, ids(Outcome.FAILED), ids(Outcome.PASSED), ids(Outcome.UNKNOWN, Outcome.WAITING), fault)


async def _run(checkpoint: Checkpoint, job: CheckpointJob) -> str:
    """Run it; the reference of a base image that has to be there before, if any."""
    missing = ""
    async with aclosing(checkpoint.run(job)) as events:
        async for event in events:
            if isinstance(event, BaseNeeded):
                missing = event.plan.reference
    return missing


def _is(verdict: Verdict, outcomes: tuple[Outcome, ...]) -> bool:
    return verdict.outcome in outcomes


def matrix(proofs: Sequence[Proof]) -> dict[str, dict[str, int]]:
    """For each check of the grader: how often it was right and wrong, both ways.

    Caught and missed count the cases that this very check has to catch; accepted and rejected count
    right answers.
    """
    rows: dict[str, Counter[str]] = {}
    for proof in proofs:
        names = {spec.id: spec.check for spec in proof.case.lesson.checks}
        if proof.case.caught_by:
            name = names.get(proof.case.caught_by, proof.case.caught_by)
            caught = proof.case.caught_by in proof.failed
            rows.setdefault(name, Counter())["caught" if caught else "missed"] += 1
            continue
        for check_id, name in names.items():
            outcome = (
                "accepted" if check_id in proof.passed else "rejected" if check_id in proof.failed else "open"
            )
            rows.setdefault(name, Counter())[outcome] += 1
    keys = ("accepted", "rejected", "caught", "missed", "open")
    return {name: {key: rows[name][key] for key in keys} for name in sorted(rows)}


def document(proofs: Sequence[Proof], engine: str) -> dict[str, object]:
    """The proof for programs."""
    verdicts = Counter(proof.verdict for proof in proofs)
    return {
        "schema": PROOF_SCHEMA,
        "engine": engine,
        "cases": len(proofs),
        "false_accepts": verdicts["false accept"],
        "false_rejects": verdicts["false reject"],
        "not_judged": verdicts["not judged"],
        "kinds": dict(Counter(proof.case.kind for proof in proofs)),
        "matrix": matrix(proofs),
        "wrong": [
            {
                "lesson": proof.case.lesson.slug,
                "case": proof.case.name,
                "kind": proof.case.kind,
                "verdict": proof.verdict,
                "caught_by": proof.case.caught_by,
                "failed": list(proof.failed),
                "unjudged": list(proof.unjudged),
                "fault": proof.fault,
            }
            for proof in proofs
            if proof.verdict != "right"
        ],
    }


def table(proofs: Sequence[Proof], engine: str) -> str:
    """The proof for people: one row for each check."""
    told = document(proofs, engine)
    lines = [f"{'check':<34}{'accepted':>9}{'rejected':>9}{'caught':>8}{'missed':>8}"]
    for name, row in matrix(proofs).items():
        lines.append(
            f"{name:<34}{row['accepted']:>9}{row['rejected']:>9}{row['caught']:>8}{row['missed']:>8}"
        )
    lines += [
        f"{proof.verdict}: {proof.case.lesson.slug} {proof.case.name}: "
        f"{proof.case.caught_by or 'no check'} had to fail; {', '.join(proof.failed) or 'none'} did. "
        f"{proof.fault}".strip()
        for proof in proofs
        if proof.verdict != "right"
    ]
    lines.append(
        f"{told['cases']} cases on {engine}: {told['false_accepts']} false accepts, "
        f"{told['false_rejects']} false rejects, {told['not_judged']} not judged."
    )
    return "\n".join(lines)


async def run_prove(
    *,
    engine: str,
    builder: str,
    lessons: Sequence[str],
    base: str,
    every: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Prove and print; 0 when the grader never erred, 1 when it did, 2 when a case was not judged."""
    import json

    import click

    wiring = Wiring(engine, builder)  # type: ignore[arg-type]  # click.Choice checked them

    def tell(proof: Proof, done: int, total: int) -> None:
        if not quiet:
            case = proof.case
            click.echo(
                f"[{done}/{total}] {case.lesson.slug} {case.kind} {case.name}: {proof.verdict}", err=True
            )

    try:
        proofs = await prove(wiring, lessons, tell, base=base, every=every)
    finally:
        wiring.close()
    told = document(proofs, engine)
    click.echo(json.dumps(told, indent=2) if as_json else table(proofs, engine))
    if told["false_accepts"] or told["false_rejects"]:
        return 1
    return 2 if told["not_judged"] else 0
