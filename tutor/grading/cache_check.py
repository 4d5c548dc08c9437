"""Checks on what a build sends to the engine, and on what a second build does again."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from tutor.core.trial import RebuiltStep
from tutor.grading.recognition import compile_pattern
from tutor.grading.rule import Case, Finding, Params, failed, not_tried, passed, rule
from tutor.grading.words import counted, excerpt, listed, megabytes

COMPILES = re.compile(r"\bgo\s+(?:build|install|test|vet|generate|run)\b")
"""A step that works on the source itself."""
FETCHES = re.compile(r"\bgo\s+(?:mod\s+(?:download|vendor|tidy|verify)|get)\b|\bgo\s+list\s+-m\b")
"""A step that fetches dependencies."""


class Edited(Params, frozen=True):
    """Parameters of rebuild_reuses_dependencies."""

    file: Annotated[str, Meta(description="The file that is edited before the second build.")] = "main.go"


@rule(
    title="A second edit rebuilds only what it must",
    why="An edit of the source changes no dependency. What is done again costs everyone's time.",
    next_step="Copy go.mod and go.sum first, RUN go mod download, and only then copy the source.",
    subjects=("image",),
)
def rebuild_reuses_dependencies(case: Case[Edited]) -> Finding:
    """After one line of a source file changed, the step that fetches dependencies comes from the cache.

    Judged from a second build that is really made, with a copy of the folder.
    """
    expected = f"After an edit of {case.params.file}, no step runs again that does not need the source."
    rebuild = case.evidence.trials.rebuild
    if rebuild is None:
        return not_tried(case, "rebuild", expected)
    if not rebuild.file:
        return failed(
            expected,
            f"There is no {case.params.file} in the folder, nor any other Go file beside it.",
            next_step="Keep the service's source in the folder.",
        )
    where = f"second build, after an edit of {rebuild.file}"
    if not rebuild.succeeded:
        return failed(expected, f"The second build failed: {excerpt(rebuild.error)}", where)
    runs = [step for step in rebuild.steps if step.text.upper().startswith("RUN")]
    fetching = [step for step in runs if FETCHES.search(_plain(step))]
    again = [step for step in _before_compiling(runs) if not step.cached]
    if again:
        return failed(
            expected,
            f"{counted(len(again), 'step')} ran again: {listed([_named(step) for step in again], 3)}.",
            where,
        )
    if not fetching and not any("--mount=type=cache" in step.text for step in runs):
        return failed(
            expected,
            "No step of its own fetches the dependencies, so compiling has to, at every edit.",
            where,
        )
    kept = sum(step.cached for step in rebuild.steps)
    return passed(
        expected,
        f"{kept} of {counted(len(rebuild.steps), 'step')} came from the cache, "
        f"in {rebuild.elapsed_seconds:.1f} s.",
        where,
    )


def _before_compiling(runs: list[RebuiltStep]) -> list[RebuiltStep]:
    """RUN steps that have no need of the source: those that do not compile, before one that does."""
    found = []
    for step in runs:
        if COMPILES.search(_plain(step)):
            if FETCHES.search(_plain(step)) and "--mount=type=cache" not in step.text:
                found.append(step)
            break
        found.append(step)
    return found


def _plain(step: RebuiltStep) -> str:
    """The step's words. A RUN in exec form is shown as a list: ``RUN ["go", "mod", "download"]``."""
    return " ".join(re.split(r"[\[\]\s\",]+", step.text))


def _named(step: RebuiltStep) -> str:
    return f"{excerpt(step.text, 60)}" + (f" (line {step.line})" if step.line else "")


class LeftOut(Params, frozen=True):
    """Parameters of context_leaves_out."""

    paths: Annotated[
        tuple[str, ...],
        Meta(description="Paths that must not be sent; * stays in a folder, ** goes below."),
    ] = (".git/**",)
    max_bytes: Annotated[
        Annotated[int, Meta(gt=0)] | None,
        Meta(description="The context has to be smaller than this many bytes."),
    ] = None


@rule(
    title="The build context leaves out what the build does not need",
    why="Whatever is in the context is sent at every build, and one COPY . . away from the image.",
    next_step="Name these files in .dockerignore, one pattern a line.",
    subjects=("dockerfile", "image"),
    after=(),
)
def context_leaves_out(case: Case[LeftOut]) -> Finding:
    """None of these paths is part of what a build sends to the engine. Follows .dockerignore."""
    expected = f"The build context holds none of {listed(case.params.paths, 8)}."
    if case.params.max_bytes is not None:
        expected = f"{expected[:-1]}, and less than {megabytes(case.params.max_bytes)}."
    context = case.evidence.trials.context
    if context is None:
        return not_tried(case, "context", expected)
    ignored = "" if context.has_ignore_file else " There is no .dockerignore."
    holds = f"{counted(context.file_count, 'file')}, {megabytes(context.size_bytes)}"
    patterns = [compile_pattern(path) for path in case.params.paths]
    sent = [path for path in context.files if any(pattern.match(f"/{path}") for pattern in patterns)]
    if sent:
        return failed(
            expected,
            f"It sends {listed(sent)} ({holds} in all).{ignored}",
            ".dockerignore",
        )
    if case.params.max_bytes is not None and context.size_bytes >= case.params.max_bytes:
        return failed(expected, f"It sends {holds}.{ignored}", ".dockerignore")
    out = context.whole_file_count - context.file_count
    return passed(expected, f"It sends {holds}, and leaves out {counted(out, 'file')}.", ".dockerignore")
