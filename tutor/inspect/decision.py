"""Which line of a Dockerfile, or which record of a history, decided what a layer holds."""

from __future__ import annotations

import re
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
    """What made each layer, oldest first: the learner's instruction, else the history's record.

    Arguments are those of :func:`layer_instructions`.
    """
    instructions = layer_instructions(created_by, dockerfile, stage_key)
    return tuple(
        decided_by(instruction) if instruction is not None else Decision(plain_record(text))
        for instruction, text in zip(instructions, created_by, strict=True)
    )


def layer_instructions(
    created_by: tuple[str, ...], dockerfile: Dockerfile | None, stage_key: str = ""
) -> tuple[Instruction | None, ...]:
    """The instruction that made each layer, oldest first; None where only the history tells.

    ``stage_key`` names the stage the image is of: the last one when empty. The lines are matched from
    the newest layer down, so that what is left over is the base's, and is of its FROM. An image whose
    newest layer does not fit the Dockerfile was not built from it: its history explains it.
    """
    unexplained: list[Instruction | None] = [None] * len(created_by)
    stage = stage_of(dockerfile, stage_key) if dockerfile is not None else None
    if dockerfile is None or stage is None:
        return tuple(unexplained)
    found = list(unexplained)
    instructions = [each for each in _with_parents(dockerfile, stage) if each.keyword in _LAYER_KEYWORDS]
    index = len(created_by) - 1
    for instruction in reversed(instructions):
        if index < 0:
            break
        if _fits(instruction, created_by[index]):
            found[index] = instruction
            index -= 1
        elif instruction.keyword != "WORKDIR":
            # A WORKDIR that is there already brings no layer; any other instruction always does.
            if index == len(created_by) - 1:
                return tuple(unexplained)
            break
    if index < len(created_by) - 1:
        found[: index + 1] = [root_stage(dockerfile, stage).from_instruction] * (index + 1)
    return tuple(found)


def fitting_stage(created_by: tuple[str, ...], dockerfile: Dockerfile | None) -> str:
    """The key of the stage that an image of these records fits: the last one that does, else the last."""
    for stage in reversed(dockerfile.stages) if dockerfile is not None else ():
        if any(layer_instructions(created_by, dockerfile, stage.key)):
            return stage.key
    return ""


def stage_of(dockerfile: Dockerfile, key: str) -> Stage | None:
    """The stage of a name or number; the last one for an empty key."""
    if not key:
        return dockerfile.stages[-1]
    return next((stage for stage in dockerfile.stages if key.lower() in {stage.name, str(stage.index)}), None)


def stage_chain(dockerfile: Dockerfile, stage: Stage) -> tuple[Stage, ...]:
    """The stage and the earlier ones it goes on from, the first one first."""
    chain = [stage]
    while True:
        base = chain[-1].base.lower()
        earlier = [each for each in dockerfile.stages[: chain[-1].index] if each.name == base]
        if not base or not earlier:
            return tuple(reversed(chain))
        chain.append(earlier[-1])


def root_stage(dockerfile: Dockerfile, stage: Stage) -> Stage:
    """The stage whose FROM names the image that all of a stage stands on."""
    return stage_chain(dockerfile, stage)[0]


def _with_parents(dockerfile: Dockerfile, stage: Stage) -> list[Instruction]:
    return [each for part in stage_chain(dockerfile, stage) for each in part.instructions]


def plain_record(created_by: str) -> str:
    """A history record without what each builder puts around the instruction."""
    text = created_by.removesuffix("# buildkit").strip()
    text = _CLASSIC.sub("", text)
    text = _SHELL.sub("RUN ", text)
    if text.startswith("RUN "):
        text = "RUN " + _SHELL.sub("", text[4:])
    return " ".join(text.split())


def _fits(instruction: Instruction, created_by: str) -> bool:
    """Whether a record can be of this instruction. Variables are expanded in one and not in the other."""
    plain = plain_record(created_by)
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
