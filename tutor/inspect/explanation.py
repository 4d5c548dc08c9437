"""Which instruction decided about which bytes, from one image to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy, PartKind
from tutor.core.dockerfile import Dockerfile, Stage
from tutor.core.instruction import Instruction
from tutor.inspect.decision import (
    Decision,
    decided_by,
    layer_decisions,
    layer_instructions,
    root_stage,
    stage_chain,
)
from tutor.inspect.maker import compiles, find_copy, find_linker_flags, find_maker
from tutor.inspect.part import program_parts

PROGRAM_KINDS = (PartKind.SYMBOLS, PartKind.DEBUG, PartKind.LINE_TABLE, PartKind.DATA, PartKind.CODE)
_STAND_ON_BASE = frozenset({PartKind.BASE, PartKind.TOOLCHAIN})
_MADE_BY_COMPILING = frozenset({PartKind.CACHE, PartKind.MODULES, PartKind.HIDDEN})


@dataclass(frozen=True, slots=True)
class Portion:
    """Bytes of one kind about which one instruction decided."""

    before_bytes: int
    after_bytes: int
    decision: Decision | None

    @property
    def delta_bytes(self) -> int:
        """How many more they became."""
        return self.after_bytes - self.before_bytes


def kind_totals(image: ImageAnatomy) -> dict[PartKind, int]:
    """Bytes of each kind over all layers."""
    totals: dict[PartKind, int] = {}
    for part in image.parts:
        totals[part.kind] = totals.get(part.kind, 0) + part.size_bytes
    return totals


class HistoryExplanation:
    """Nothing but the two histories is known."""

    def __init__(self, before: ImageAnatomy, after: ImageAnatomy) -> None:
        self._before = before
        self._after = after

    def portions(self, kind: PartKind, was: int, now: int) -> tuple[Portion, ...]:
        """All bytes of a kind, by the record of the layer that holds most of them."""
        image = self._after if now > was else self._before
        layer = _largest_layer(image, kind)
        if layer is None:
            return (Portion(was, now, None),)
        decision = layer_decisions(tuple(each.created_by for each in image.layers), None)[layer]
        return (Portion(was, now, decision if decision.text else None),)


class DockerfileExplanation:
    """The second image was built from a Dockerfile: its lines explain it."""

    def __init__(
        self, before: ImageAnatomy, after: ImageAnatomy, dockerfile: Dockerfile, stage: Stage
    ) -> None:
        self._before = before
        self._after = after
        self._dockerfile = dockerfile
        self._stage = stage
        records = tuple(layer.created_by for layer in after.layers)
        self._layers = layer_instructions(records, dockerfile, stage.key)
        self._layer_of = {file.path: file.layer for file in after.files}
        self._makers = {binary.path: self._maker(binary) for binary in after.binaries}

    @property
    def is_own(self) -> bool:
        """Whether the image fits the Dockerfile at all."""
        return any(each is not None for each in self._layers)

    def portions(self, kind: PartKind, was: int, now: int) -> tuple[Portion, ...]:
        """The bytes of a kind, split by what decided about them. They add up to ``was`` and ``now``."""
        if kind in PROGRAM_KINDS:
            return self._of_programs(kind, was, now)
        if kind in _STAND_ON_BASE:
            return self._stood_on(kind, was)
        if now < was:
            return (Portion(was, now, self._left_behind(kind)),)
        return self._brought(kind, was, now)

    # What was brought.

    def _brought(self, kind: PartKind, was: int, now: int) -> tuple[Portion, ...]:
        first, *others = sorted(self._by_layer(kind).items(), key=lambda item: -item[1]) or [(None, now)]
        if was > first[1]:
            return (Portion(was, now, first[0]),)
        return (
            Portion(was, first[1], first[0]),
            *(Portion(0, size, decision) for decision, size in others),
        )

    def _stood_on(self, kind: PartKind, was: int) -> tuple[Portion, ...]:
        """A FROM puts one base in the place of another; what a COPY adds to it is the COPY's."""
        begins = decided_by(root_stage(self._dockerfile, self._stage).from_instruction)
        totals: dict[Decision | None, int] = self._by_layer(kind)
        stays = Portion(was, totals.pop(begins, 0), begins)
        return (stays, *(Portion(0, size, decision) for decision, size in totals.items()))

    def _by_layer(self, kind: PartKind) -> dict[Decision | None, int]:
        totals: dict[Decision | None, int] = {}
        for layer, size in self._holders(kind):
            instruction = self._layers[layer] if layer < len(self._layers) else None
            decision = decided_by(instruction) if instruction is not None else None
            totals[decision] = totals.get(decision, 0) + size
        return totals

    def _holders(self, kind: PartKind) -> Iterator[tuple[int, int]]:
        """Layer and bytes. Of a hidden copy the layer that hides it: that one made it a second copy."""
        if kind is PartKind.HIDDEN:
            yield from ((waste.hidden_by, waste.size_bytes) for waste in self._after.wasted)
        else:
            yield from ((part.layer, part.size_bytes) for part in self._after.parts if part.kind is kind)

    # What was left behind.

    def _left_behind(self, kind: PartKind) -> Decision | None:
        """What was made in an earlier stage stays there, since a COPY chose what to take out of it."""
        begins = root_stage(self._dockerfile, self._stage).from_instruction
        if (copy := self._copy_of_program()) is not None:
            return decided_by(copy)
        compiling = [each for each in self._chain() if compiles(each)]
        if kind in _MADE_BY_COMPILING and compiling:
            return decided_by(compiling[-1])
        holder = _largest_layer(self._after, kind)
        instruction = self._layers[holder] if holder is not None and compiling else None
        return decided_by(instruction or begins)

    def _chain(self) -> list[Instruction]:
        return [each for part in stage_chain(self._dockerfile, self._stage) for each in part.instructions]

    def _copy_of_program(self) -> Instruction | None:
        """The COPY --from that took the program out of another stage; without a program, the first one."""
        for binary in self._after.binaries:
            brought = self._brought_by(binary)
            if brought is None or brought.keyword != "COPY" or not brought.flag("from"):
                brought = find_copy(self._dockerfile, self._stage, binary.path)
            if brought is not None:
                return brought
        copies = [each for each in self._chain() if each.keyword == "COPY" and each.flag("from")]
        return copies[0] if copies else None

    # Programs.

    def _of_programs(self, kind: PartKind, was: int, now: int) -> tuple[Portion, ...]:
        totals: dict[Decision | None, tuple[int, int]] = {}

        def add(decision: Decision | None, old: int, new: int) -> None:
            before, after = totals.get(decision, (0, 0))
            totals[decision] = (before + old, after + new)

        same = [0, 0]
        for old, new in _pairs(self._before.binaries, self._after.binaries):
            before = program_parts(old).get(kind, 0) if old is not None else 0
            after = program_parts(new).get(kind, 0) if new is not None else 0
            was, now = was - before, now - after
            if before == after:
                same = [same[0] + before, same[1] + after]
            elif new is None:
                add(self._left_behind(PartKind.OTHER), before, 0)
            else:
                add(self._decided(new, kind), before, after)
        if was != now:
            # Programs that were not looked into: taken to be like the one that was compiled last.
            compiling = [
                each for stage in self._dockerfile.stages for each in stage.instructions if compiles(each)
            ]
            add(decided_by(compiling[-1]) if compiling else None, was, now)
        else:
            same = [same[0] + was, same[1] + now]
        portions = [Portion(*sizes, decision) for decision, sizes in totals.items()]
        if same != [0, 0]:
            portions.append(Portion(same[0], same[1], None))
        return tuple(portions)

    def _decided(self, binary: BinaryAnatomy, kind: PartKind) -> Decision | None:
        maker = self._makers[binary.path]
        if maker is None:
            return None
        strips = kind in (PartKind.SYMBOLS, PartKind.DEBUG)
        return decided_by(find_linker_flags(self._dockerfile, maker) if strips else maker)

    def _maker(self, binary: BinaryAnatomy) -> Instruction | None:
        return find_maker(self._dockerfile, self._stage, binary.path, self._brought_by(binary))

    def _brought_by(self, binary: BinaryAnatomy) -> Instruction | None:
        layer = self._layer_of.get(binary.path)
        return self._layers[layer] if layer is not None and layer < len(self._layers) else None


def _pairs(
    before: tuple[BinaryAnatomy, ...], after: tuple[BinaryAnatomy, ...]
) -> Iterator[tuple[BinaryAnatomy | None, BinaryAnatomy | None]]:
    """Each program beside what it was before: the same bytes, else the same name, else in their order."""
    old, new = list(before), list(after)
    for fits in (_is_same, _has_same_name, lambda *_: True):
        for right in tuple(new):
            left = next((each for each in old if fits(each, right)), None)
            if left is not None:
                old.remove(left)
                new.remove(right)
                yield left, right
    yield from ((left, None) for left in old)
    yield from ((None, right) for right in new)


def _is_same(left: BinaryAnatomy, right: BinaryAnatomy) -> bool:
    return left.sections == right.sections and left.packages == right.packages


def _has_same_name(left: BinaryAnatomy, right: BinaryAnatomy) -> bool:
    return left.path.rpartition("/")[2] == right.path.rpartition("/")[2]


def _largest_layer(image: ImageAnatomy, kind: PartKind) -> int | None:
    holders = [part for part in image.parts if part.kind is kind]
    return max(holders, key=lambda part: part.size_bytes).layer if holders else None
