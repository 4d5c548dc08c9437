"""From a large image to a small one, step by step, each step with the line that decided it."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.core.anatomy import ImageAnatomy, PartKind
from tutor.core.dockerfile import Dockerfile, Stage
from tutor.inspect.decision import Decision, decided_by, layer_decisions

_STAYS_BEHIND = frozenset(
    {PartKind.CACHE, PartKind.MODULES, PartKind.SOURCE, PartKind.HIDDEN, PartKind.OTHER}
)
_OF_PROGRAM = frozenset({PartKind.SYMBOLS, PartKind.DEBUG, PartKind.LINE_TABLE, PartKind.DATA, PartKind.CODE})
_COMPILERS = ("go build", "go install")


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """What became of one kind of bytes."""

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
    par_bytes: int | None = None,
) -> Waterfall:
    """How the bytes of ``before`` became those of ``after``.

    Lines are those of ``dockerfile`` when ``after`` was built from it; any other image is explained
    by its history.
    """
    old, new = _totals(before), _totals(after)
    decisions = layer_decisions(tuple(layer.created_by for layer in after.layers), dockerfile)
    is_own = any(decision.line is not None for decision in decisions)
    explain = _Explanation(before, after, dockerfile if is_own else None, decisions)
    steps = []
    for kind in PartKind:
        was, now = old.get(kind, 0), new.get(kind, 0)
        if was or now:
            share = 100 * abs(now - was) / before.unpacked_bytes if before.unpacked_bytes else 0.0
            decision = explain.decision(kind, now - was) if now != was else None
            steps.append(WaterfallStep(kind, was, now, share, decision))
    return Waterfall(
        before.name,
        after.name,
        before.unpacked_bytes,
        after.unpacked_bytes,
        tuple(steps),
        par_bytes,
        is_own,
    )


def _totals(image: ImageAnatomy) -> dict[PartKind, int]:
    totals: dict[PartKind, int] = {}
    for part in image.parts:
        totals[part.kind] = totals.get(part.kind, 0) + part.size_bytes
    return totals


def _largest_layer(image: ImageAnatomy, kind: PartKind) -> int | None:
    holders = [part for part in image.parts if part.kind is kind]
    return max(holders, key=lambda part: part.size_bytes).layer if holders else None


class _Explanation:
    """Finds the instruction that decided about a kind of bytes."""

    def __init__(
        self,
        before: ImageAnatomy,
        after: ImageAnatomy,
        dockerfile: Dockerfile | None,
        decisions: tuple[Decision, ...],
    ) -> None:
        self._before = before
        self._after = after
        self._dockerfile = dockerfile
        self._decisions = decisions

    def decision(self, kind: PartKind, delta_bytes: int) -> Decision | None:
        if self._dockerfile is None:
            return self._by_history(kind, delta_bytes)
        final = self._dockerfile.stages[-1]
        if kind in _OF_PROGRAM:
            return self._compiled_by() or self._brought_by(kind)
        if delta_bytes > 0:
            return self._brought_by(kind)
        if kind in _STAYS_BEHIND:
            return _copy_from(final) or decided_by(final.from_instruction)
        return decided_by(final.from_instruction)

    def _brought_by(self, kind: PartKind) -> Decision | None:
        layer = _largest_layer(self._after, kind)
        return self._decisions[layer] if layer is not None else None

    def _compiled_by(self) -> Decision | None:
        assert self._dockerfile is not None
        compiling = [
            instruction
            for stage in self._dockerfile.stages
            for instruction in stage.instructions
            if instruction.keyword == "RUN"
            and any(word in " ".join(instruction.exec_form or (instruction.value,)) for word in _COMPILERS)
        ]
        return decided_by(compiling[-1]) if compiling else None

    def _by_history(self, kind: PartKind, delta_bytes: int) -> Decision | None:
        image = self._after if delta_bytes > 0 else self._before
        layer = _largest_layer(image, kind)
        if layer is None:
            return None
        decision = layer_decisions(tuple(each.created_by for each in image.layers), None)[layer]
        return decision if decision.text else None


def _copy_from(stage: Stage) -> Decision | None:
    copies = [each for each in stage.instructions if each.keyword == "COPY" and each.flag("from")]
    return decided_by(copies[0]) if copies else None
