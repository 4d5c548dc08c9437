"""The Dockerfile of one build, used to find lines and bases. Never needed for building itself.

Docker takes files that our parser refuses; then nothing is known and the engine's own words stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tutor.core.dockerfile import Dockerfile, Instruction, Stage, parse_dockerfile
from tutor.core.errors import DockerfileError, LearnerError
from tutor.core.ports import BuildRequest

_COUNTED_BY_BUILDKIT = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """An instruction where it stands in its stage."""

    instruction: Instruction
    stage: str
    number: int
    total: int


class BuildPlan:
    """What is known of the file before the engine reads it."""

    def __init__(self, dockerfile: Dockerfile | None) -> None:
        self.dockerfile = dockerfile

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Its stages; none when it could not be read."""
        return self.dockerfile.stages if self.dockerfile else ()

    @property
    def bases(self) -> tuple[str, ...]:
        """The images it needs that are not made by itself."""
        if self.dockerfile is None:
            return ()
        try:
            return self.dockerfile.base_images
        except DockerfileError:
            return ()

    def stage_label(self, stage: Stage) -> str:
        """How BuildKit names a stage in its steps."""
        if stage.name:
            return stage.name
        return f"stage-{stage.index}" if len(self.stages) > 1 else ""

    def find_stage(self, key: str) -> Stage | None:
        """A stage by name or by index as text."""
        return next(
            (stage for stage in self.stages if key.lower() == stage.name or key == str(stage.index)), None
        )

    def classic_step(self, number: int, text: str) -> PlannedStep | None:
        """The instruction that the classic builder calls ``Step NUMBER``: it counts all of them.

        None for steps that are not in the file (labels given on the command line) and ARGs before FROM.
        """
        if self.dockerfile is None:
            return None
        position = number - 1 - len(self.dockerfile.global_arguments)
        for stage in self.stages:
            own = (stage.from_instruction, *stage.instructions)
            if 0 <= position < len(own):
                step = PlannedStep(own[position], self.stage_label(stage), position + 1, len(own))
                return step if _keyword(text) == step.instruction.keyword else None
            position -= len(own)
        return None

    def is_hidden_classic_step(self, number: int) -> bool:
        """Whether ``Step NUMBER`` stands before the first stage."""
        return self.dockerfile is not None and number <= len(self.dockerfile.global_arguments)

    def buildkit_line(self, label: str, number: int, text: str) -> int | None:
        """The line of the step that BuildKit calls ``[LABEL NUMBER/…] TEXT``."""
        stage = next((stage for stage in self.stages if self.stage_label(stage) == label), None)
        if stage is None:
            return None
        counted = self._counted(stage)
        keyword = _keyword(text)
        if 0 < number <= len(counted) and counted[number - 1].keyword == keyword:
            return counted[number - 1].first_line
        wanted = _BLANKS.sub(" ", text)
        alike = [each for each in counted if _BLANKS.sub(" ", each.text) == wanted]
        return alike[0].first_line if len(alike) == 1 else None

    def named_copy(self, text: str, stage: Stage) -> str:
        """The file's text with a name given to a stage that has none: builders stop at names only.

        The name is the one BuildKit shows for it anyway, and no line moves.
        """
        lines = text.split("\n")
        lines[stage.from_instruction.last_line - 1] += f" AS {self.stage_label(stage)}"
        return "\n".join(lines)

    def line_naming(self, image: str) -> int | None:
        """The first line whose FROM or ``COPY --from`` names this image."""
        for stage in self.stages:
            if stage.base == image:
                return stage.from_instruction.first_line
            for instruction in stage.instructions:
                if instruction.flag("from") == image:
                    return instruction.first_line
        return None

    def has_no_shell_at(self, line: int | None) -> bool:
        """Whether a shell-form RUN stands on this line, in a stage that begins from nothing."""
        for stage in self.stages:
            for instruction in stage.instructions:
                if instruction.first_line == line and instruction.keyword == "RUN":
                    return instruction.exec_form is None and self._is_from_scratch(stage)
        return False

    def _is_from_scratch(self, stage: Stage) -> bool:
        base = self.find_stage(stage.base)
        if base is not None and base.index < stage.index:
            return self._is_from_scratch(base)
        return stage.base.lower() == "scratch"

    def text_at(self, line: int | None) -> str:
        """The instruction that begins on this line; empty when none does."""
        for stage in self.stages:
            for instruction in (stage.from_instruction, *stage.instructions):
                if instruction.first_line == line:
                    return instruction.text
        return ""

    def _counted(self, stage: Stage) -> list[Instruction]:
        base = self.find_stage(stage.base) if stage.base else None
        if base is not None and base.index < stage.index:
            before = self._counted(base)
        else:
            # FROM scratch has nothing to do and is not counted.
            before = [] if stage.base.lower() == "scratch" else [stage.from_instruction]
        return before + [each for each in stage.instructions if each.keyword in _COUNTED_BY_BUILDKIT]


def dockerfile_path(request: BuildRequest) -> Path:
    """The file that will be built."""
    return request.dockerfile or request.context / "Dockerfile"


def read_plan(request: BuildRequest) -> BuildPlan:
    """Read the file. Blocking.

    Raises:
        LearnerError: there is no such file, or it cannot be read.
    """
    path = dockerfile_path(request)
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        raise LearnerError(
            f"there is no {path.name} in {path.parent}", where=str(path), next_step="Write one and save it."
        ) from None
    except OSError as fault:
        raise LearnerError(f"{path.name} cannot be read: {fault.strerror}", where=str(path)) from fault
    try:
        return BuildPlan(parse_dockerfile(text))
    except DockerfileError:
        return BuildPlan(None)


def _keyword(text: str) -> str:
    return text.split(maxsplit=1)[0].upper() if text.strip() else ""
