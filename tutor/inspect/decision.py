"""Which line of a Dockerfile, or which record of a history, decided what a layer holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tutor.core.dockerfile import Dockerfile, Stage
from tutor.core.instruction import Instruction

_LAYER_KEYWORDS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_SHELL = re.compile(r"^(?:\|\d+ .*?)?/bin/sh -c ")
_CLASSIC = re.compile(r"^/bin/sh -c #\(nop\) +")
_HASHED = re.compile(r"^(?:file|dir|multi):[0-9a-f]+ in ")


@dataclass(frozen=True, slots=True)
class Decision:
    """What decided about some bytes."""

    text: str
    """The instruction as it would be typed, or the history's own record."""
    line: int | None = None
    """Its first line in the learner's Dockerfile; None when only the history tells."""

    @property
    def shown(self) -> str:
        """For people: ``line 5: RUN go build``."""
        return f"line {self.line}: {self.text}" if self.line is not None else self.text


def decided_by(instruction: Instruction) -> Decision:
    """An instruction as a decision."""
    return Decision(instruction.text, instruction.first_line)


def layer_decisions(
    created_by: tuple[str, ...], dockerfile: Dockerfile | None, stage_key: str = ""
) -> tuple[Decision, ...]:
    """What made each layer, oldest first.

    ``stage_key`` names the stage the image is of: the last one when empty. The lines are matched from
    the newest layer down, so that what is left over is the base's. An image whose newest layer does
    not fit the Dockerfile was not built from it: its history explains it.
    """
    explained = [Decision(_plain(text)) for text in created_by]
    stage = stage_of(dockerfile, stage_key) if dockerfile is not None else None
    if dockerfile is None or stage is None:
        return tuple(explained)
    instructions = [each for each in _with_parents(dockerfile, stage) if each.keyword in _LAYER_KEYWORDS]
    index = len(created_by) - 1
    for instruction in reversed(instructions):
        if index < 0:
            break
        if _fits(instruction, created_by[index]):
            explained[index] = decided_by(instruction)
            index -= 1
        elif instruction.keyword != "WORKDIR":
            # A WORKDIR that is there already brings no layer; any other instruction always does.
            if index == len(created_by) - 1:
                return tuple(explained)
            break
    if index < len(created_by) - 1:
        base = decided_by(_root(dockerfile, stage).from_instruction)
        explained[: index + 1] = [base] * (index + 1)
    return tuple(explained)


def stage_of(dockerfile: Dockerfile, key: str) -> Stage | None:
    """The stage of a name or number; the last one for an empty key."""
    if not key:
        return dockerfile.stages[-1]
    return next((stage for stage in dockerfile.stages if key.lower() in {stage.name, str(stage.index)}), None)


def _parents(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """The stage, and the earlier ones it goes on from."""
    while True:
        yield stage
        base = stage.base.lower()
        earlier = [each for each in dockerfile.stages[: stage.index] if each.name == base]
        if not earlier:
            return
        stage = earlier[-1]


def _with_parents(dockerfile: Dockerfile, stage: Stage) -> list[Instruction]:
    chain = reversed(list(_parents(dockerfile, stage)))
    return [instruction for each in chain for instruction in each.instructions]


def _root(dockerfile: Dockerfile, stage: Stage) -> Stage:
    return list(_parents(dockerfile, stage))[-1]


def _plain(created_by: str) -> str:
    """A history record without what each builder puts around the instruction."""
    text = created_by.removesuffix("# buildkit").strip()
    text = _CLASSIC.sub("", text)
    text = _SHELL.sub("RUN ", text)
    if text.startswith("RUN "):
        text = "RUN " + _SHELL.sub("", text[4:])
    return " ".join(text.split())


def _fits(instruction: Instruction, created_by: str) -> bool:
    """Whether a record can be of this instruction. Variables are expanded in one and not in the other."""
    plain = _plain(created_by)
    written = " ".join(instruction.value.split())
    if instruction.keyword == "RUN":
        if instruction.heredocs:
            return plain.startswith("RUN ")
        if instruction.exec_form is not None:
            written = " ".join(instruction.exec_form)
        # The classic builder tells of the list form without the word RUN.
        return _squeezed(plain).endswith(_squeezed(written))
    keyword, _, rest = plain.partition(" ")
    if keyword.upper() != instruction.keyword or instruction.keyword == "WORKDIR":
        return keyword.upper() == instruction.keyword
    words = instruction.exec_form or tuple(written.split())
    target = words[-1].rstrip("/") if words else ""
    told = _HASHED.sub("", rest).split()
    return "$" in target or not told or told[-1].rstrip("/").endswith(target.removeprefix("./").lstrip("."))


def _squeezed(text: str) -> str:
    return "".join(text.split())
