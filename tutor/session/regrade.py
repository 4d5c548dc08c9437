"""One submission, built again from clean, run, probed and graded by a rubric."""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.errors import SubmissionRefused, TutorError
from tutor.core.events import BaseNeeded
from tutor.core.lesson import Lesson, Step
from tutor.core.ports import stage_reference
from tutor.core.submission import Difference, GradedItem, IntakeLimits, SubmissionResult, Taken
from tutor.core.verdict import Outcome, Verdict
from tutor.session.bounded import BoundedEngine, Bounds
from tutor.session.checkpoint import Checkpoint, CheckpointJob
from tutor.session.layout import Layout, find_layout, prepare
from tutor.session.measure import ImageReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tutor.core.evidence import Evidence
    from tutor.core.ports import Clock, Engine
    from tutor.core.store import ProgressStore
    from tutor.grading.rubric import Rubric


@dataclass(frozen=True, slots=True)
class GradingTerms:
    """How a submission is graded, beside the rubric."""

    base: str = "local"
    """``local``, ``pull`` or ``stand-in``: where a missing base image comes from."""
    trusted: bool = False
    """Whether builds that cannot be limited are made all the same."""
    contained: bool = False
    """Whether the whole engine is limited, so that no build needs limits of its own."""
    processors: str = ""
    control_group: str = ""
    use_cache: bool = False


@dataclass(slots=True)
class Regrading:
    """Grades submissions on one engine."""

    engine: Engine
    store: ProgressStore
    clock: Clock
    rubric: Rubric
    terms: GradingTerms
    buildkit: Callable[[], Awaitable[Engine]]
    """Connects to the same engine for builds that the classic builder cannot make."""
    obtain: Callable[[str, str], Awaitable[None]]
    """Pulls a base image or makes its stand-in, so that it outlives this submission."""
    free_bytes: Callable[[], int] | None = None
    evidence: Evidence | None = field(default=None, init=False)
    """Of the last submission."""

    @property
    def intake_limits(self) -> IntakeLimits:
        """What a submission may bring."""
        limits = self.rubric.limits
        return IntakeLimits(files=limits.submission_files, total_bytes=limits.submission_mb * 1_000_000)

    async def grade(self, taken: Taken, folder: Path, run_id: str) -> SubmissionResult:
        """Grade what was taken into ``folder``. Never raises for what the submission does."""
        self.evidence = None
        began = self.clock.monotonic()
        result = self._blank(taken)
        try:
            layout = find_layout(folder, self.rubric.dockerfile)
            layout = prepare(layout, classic=self.engine.info.builder == "classic")
            result = replace(
                result,
                dockerfile=str(layout.dockerfile.relative_to(folder)),
                notes=(*result.notes, *layout.notes),
            )
            if layout.needs_buildkit and not self._may_run_unbounded():
                raise _Unjudged(
                    f"It uses {layout.needs_buildkit}, which only BuildKit knows, and BuildKit takes no "
                    "limits of memory and processors from its caller. Grade it with --throwaway, or with "
                    "--trusted when you have read it."
                )
            engine = self.engine
            if layout.needs_buildkit and engine.info.builder == "classic":
                engine = await self.buildkit()
            result = replace(result, limits_open=self._open_limits(engine), engine=engine.info.name)
            result = await self._built(engine, result, layout, taken, run_id)
        except SubmissionRefused as refused:
            told = " ".join(filter(None, [str(refused.what), refused.next_step]))
            result = replace(result, outcome=Outcome.FAILED, refused=told)
        except (_Unjudged, TutorError) as fault:
            result = replace(result, outcome=Outcome.UNKNOWN, fault=str(fault))
        return replace(result, elapsed_seconds=round(self.clock.monotonic() - began, 3))

    def refuse(self, taken: Taken, refused: SubmissionRefused) -> SubmissionResult:
        """The result of a submission that was not even taken."""
        told = " ".join(filter(None, [refused.what, refused.next_step]))
        return replace(self._blank(taken), outcome=Outcome.FAILED, refused=told)

    def _may_run_unbounded(self) -> bool:
        return self.terms.trusted or self.terms.contained

    def _open_limits(self, engine: Engine) -> tuple[str, ...]:
        found = []
        if engine.info.builder != "classic" and not self.terms.contained:
            found += ["memory of a build", "processors of a build"]
        if not self.terms.control_group and not self.terms.contained:
            found.append("processes of a build (its memory is limited)")
        if self.free_bytes is None:
            found.append("the engine's disk")
        if engine.info.kind != "docker":
            found.append("a network of its own for builds")
        return tuple(found)

    def _blank(self, taken: Taken) -> SubmissionResult:
        manifest = taken.manifest
        return SubmissionResult(
            name=taken.name,
            kind=taken.kind,
            sha256=taken.sha256,
            outcome=Outcome.UNKNOWN,
            rubric=self.rubric.title,
            rubric_sha256=self.rubric.sha256,
            engine=self.engine.info.name,
            official=self.engine.info.official,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            elapsed_seconds=0.0,
            points=0.0,
            max_points=self.rubric.max_points,
            learner=dict(manifest.learner) if manifest else {},
            lesson=manifest.lesson if manifest else self.rubric.lesson,
            course=manifest.course if manifest else "",
            token=manifest.token if manifest else "",
            submitted_at=manifest.created_at if manifest else "",
            claimed=manifest.claimed.outcome if manifest and manifest.claimed else "",
            notes=taken.notes,
        )

    async def _built(
        self, inner: Engine, result: SubmissionResult, layout: Layout, taken: Taken, run_id: str
    ) -> SubmissionResult:
        from tutor.grading.rubric import score

        limits = self.rubric.limits
        bounds = Bounds(
            build_seconds=limits.build_seconds,
            build_memory_bytes=limits.build_memory_mb * 1_000_000,
            build_log_bytes=int(limits.build_log_mb * 1_000_000),
            disk_bytes=limits.disk_mb * 1_000_000,
            run_memory_bytes=limits.run_memory_mb * 1_000_000,
            run_processes=limits.run_processes,
            read_only=self.rubric.read_only,
            network=self.rubric.network,
            processors=self.terms.processors,
            control_group=self.terms.control_group,
        )
        engine = BoundedEngine(inner, bounds, free_bytes=self.free_bytes, monotonic=self.clock.monotonic)
        checkpoint = Checkpoint(engine, ImageReader(engine.images, self.store), self.clock)
        job = self._job(inner, layout, taken, run_id)
        try:
            await self._run(checkpoint, job)
        finally:
            await self._forget_images(inner, job)
        report, evidence = checkpoint.report, checkpoint.evidence
        if report is None or evidence is None:
            raise _Unjudged("The grading ended without a report.")
        self.evidence = evidence
        outcome, items = score(self.rubric, report.verdicts)
        if evidence.stand_in and not self.rubric.stand_in and outcome is Outcome.PASSED:
            outcome = Outcome.UNKNOWN
            result = replace(
                result,
                fault="The base image is a stand-in made here, and the rubric does not say that one counts "
                "(stand_in: true).",
            )
        if evidence.fault:
            result = replace(result, fault=evidence.fault)
        stages = [image.unpacked_bytes for name, image in evidence.images.items() if "/" in name]
        final = evidence.images.get("final")
        return replace(
            result,
            outcome=outcome,
            items=items,
            points=round(sum(item.points for item in items), 4),
            final_bytes=final.unpacked_bytes if final else None,
            builder_bytes=max(stages, default=None),
            stand_in=evidence.stand_in,
            limits_hit=tuple(engine.spent.hit),
            differences=_differences(taken, items),
        )

    def _job(self, engine: Engine, layout: Layout, taken: Taken, run_id: str) -> CheckpointJob:
        mark = hashlib.sha256(f"{taken.name} {run_id}".encode()).hexdigest()[:16]
        rubric = self.rubric
        lesson = Lesson(
            number=0,
            slug="graded",
            title=rubric.title,
            goal="",
            minutes=0,
            needs=(),
            tag="final",
            port=rubric.port or 8080,
            par_bytes=rubric.par_bytes,
            tags=("final",),
            steps=(Step("rubric", rubric.title, "", rubric.specs),),
            folder=layout.context,
            context=layout.context,
        )
        return CheckpointJob(
            lesson=lesson,
            context=layout.context,
            reference=f"fromscratch/graded:{mark}",
            run_id=run_id,
            workspace_sha256=taken.sha256,
            use_cache=self.terms.use_cache,
            token=taken.manifest.token if taken.manifest else "",
            dockerfile=layout.dockerfile,
            build_args=_platform(engine),
            finds_port=rubric.port is None,
        )

    async def _run(self, checkpoint: Checkpoint, job: CheckpointJob) -> None:
        for _ in range(8):
            needed: BaseNeeded | None = None
            async with aclosing(checkpoint.run(job)) as events:
                async for event in events:
                    if isinstance(event, BaseNeeded):
                        needed = event
            if needed is None:
                return
            plan = needed.plan
            if self.terms.base not in plan.ways:
                raise _Unjudged(
                    f"The base image {plan.reference} is not on this engine. Load it (docker pull "
                    f"{plan.reference}), or say --base pull or --base stand-in."
                )
            await self.obtain(plan.reference, self.terms.base)
        raise _Unjudged("One base image after the other is missing.")

    async def _forget_images(self, engine: Engine, job: CheckpointJob) -> None:
        """Nothing of a submission stays on the engine for the next one to copy from."""
        from tutor.session.live import read_dockerfile, read_stages

        text = read_dockerfile(job.context, str(job.dockerfile or "Dockerfile"))
        kept = read_stages(text).kept if text else ()
        for reference in (job.reference, *(stage_reference(job.reference, stage) for stage in kept)):
            await engine.images.remove(reference)


def _platform(engine: Engine) -> dict[str, str]:
    """What BuildKit sets by itself and the classic builder leaves empty."""
    if engine.info.builder != "classic":
        return {}
    architecture = engine.info.architecture
    values = {"OS": "linux", "ARCH": architecture, "PLATFORM": f"linux/{architecture}"}
    return {f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in values.items()}


class _Unjudged(Exception):
    """It cannot be judged here, and that is not the learner's fault."""


def _differences(taken: Taken, items: tuple[GradedItem, ...]) -> tuple[Difference, ...]:
    claimed = taken.manifest.claimed if taken.manifest else None
    if claimed is None:
        return ()
    said = dict.fromkeys(claimed.passed, "passed") | dict.fromkeys(claimed.failed, "failed")
    found = []
    for item in items:
        verdict: Verdict = item.verdict
        mine = said.get(verdict.check_id, "")
        if mine and mine != verdict.outcome.value:
            found.append(Difference(verdict.check_id, mine, verdict.outcome.value))
    return tuple(found)
