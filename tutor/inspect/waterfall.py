"""From a large image to a small one, step by step, each step with the line that decided it."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.core.anatomy import ImageAnatomy, PartKind
from tutor.core.dockerfile import Dockerfile
from tutor.inspect.decision import Decision, stage_of
from tutor.inspect.explanation import DockerfileExplanation, HistoryExplanation, kind_totals


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """What became of bytes of one kind that one instruction decided about."""

    kind: PartKind
    before_bytes: int
    after_bytes: int
    share_percent: float
    """Of the large image: how much of it this step took away or added."""
    decision: Decision | None
    """None when nothing tells, or when nothing changed."""

    @property
    def delta_bytes(self) -> int:
        """Negative for what was left behind."""
        return self.after_bytes - self.before_bytes


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The whole way. The steps' changes add up to the difference of the two sizes."""

    before_name: str
    after_name: str
    before_bytes: int
    after_bytes: int
    steps: tuple[WaterfallStep, ...]
    par_bytes: int | None = None
    """What the lesson holds to be a good size."""
    is_own: bool = False
    """Whether the small image was built from the Dockerfile at hand: then lines are told."""


def make_waterfall(
    before: ImageAnatomy,
    after: ImageAnatomy,
    dockerfile: Dockerfile | None = None,
    *,
    stage_key: str = "",
    par_bytes: int | None = None,
) -> Waterfall:
    """How the bytes of ``before`` became those of ``after``.

    Lines are those of ``dockerfile`` when ``after`` was built from it, as the stage of this key (the
    last one when empty); any other image is explained by its history.
    """
    old, new = kind_totals(before), kind_totals(after)
    explanation: HistoryExplanation | DockerfileExplanation = HistoryExplanation(before, after)
    stage = stage_of(dockerfile, stage_key) if dockerfile is not None else None
    is_own = False
    if dockerfile is not None and stage is not None:
        by_lines = DockerfileExplanation(before, after, dockerfile, stage)
        if is_own := by_lines.is_own:
            explanation = by_lines
    steps = []
    for kind in PartKind:
        was, now = old.get(kind, 0), new.get(kind, 0)
        portions = explanation.portions(kind, was, now) if was or now else ()
        for portion in sorted(portions, key=lambda portion: -abs(portion.delta_bytes)):
            share = 100 * abs(portion.delta_bytes) / before.unpacked_bytes if before.unpacked_bytes else 0.0
            decision = portion.decision if portion.delta_bytes else None
            steps.append(WaterfallStep(kind, portion.before_bytes, portion.after_bytes, share, decision))
    return Waterfall(
        before.name,
        after.name,
        before.unpacked_bytes,
        after.unpacked_bytes,
        tuple(steps),
        par_bytes,
        is_own,
    )
