"""Checks on the build and on the file it is made from."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.grading.build_fault import explain_build_fault
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule
from tutor.grading.words import counted, listed


@rule(
    title="The Dockerfile builds",
    why="Without an image there is nothing to look at.",
    next_step="Open the build pane: the failed step shows the error and the lines before it.",
    subjects=("image", "dockerfile"),
    after=(),
)
def image_builds(case: Case[Params]) -> Finding:
    """The build ends well. All other checks wait for this one."""
    build = case.evidence.build
    expected = "The build ends with an image."
    if build.succeeded:
        return passed(expected, f"It was built in {build.elapsed_seconds:.1f} s.")
    fault = explain_build_fault(build.error, case.evidence.stages)
    return failed(
        expected,
        fault.actual,
        f"Dockerfile:{build.line}" if build.line else "Dockerfile",
        why=fault.why,
        next_step=fault.next_step,
    )


class StageCount(Params, frozen=True):
    """Parameters of dockerfile_has_stages."""

    min: Annotated[int, Meta(ge=1, description="The least number of FROM instructions.")] = 2


@rule(
    title="The Dockerfile has stages",
    why="Compiling and running need different things; a stage for each keeps them apart.",
    next_step="Begin a new stage with FROM, and fetch what was built with COPY --from=STAGE.",
    subjects=("dockerfile", "image"),
    after=(),
)
def dockerfile_has_stages(case: Case[StageCount]) -> Finding:
    """The Dockerfile has at least so many stages. Reads the file, not the image."""
    expected = f"The file has {case.params.min} stages or more: as many lines begin with FROM."
    stages = case.evidence.stages
    if not stages:
        return failed(expected, "No FROM was found in the file.", "Dockerfile")
    names = [
        f"{stage.name or f'number {stage.index}'} (line {stage.line}, on {stage.base})" for stage in stages
    ]
    actual = f"It has {counted(len(stages), 'stage')}: {listed(names)}."
    where = f"Dockerfile:{stages[-1].line}"
    return (
        passed(expected, actual, where) if len(stages) >= case.params.min else failed(expected, actual, where)
    )
