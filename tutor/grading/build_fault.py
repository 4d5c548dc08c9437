"""Why a build failed, in words. Error texts differ between builders: patterns are loose on purpose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.core.evidence import StageFacts
from tutor.grading.subject import stage_key
from tutor.grading.words import excerpt, listed, nearest


@dataclass(frozen=True, slots=True)
class Fault:
    """An error told in words. ``why`` and ``next_step`` are empty where nothing special is known."""

    actual: str
    why: str = ""
    next_step: str = ""


_UNKNOWN_STAGE = re.compile(
    r"invalid from flag value (?P<a>[^\s:]+)|pull access denied for (?P<b>[^\s,:]+)"
    r"|docker\.io/library/(?P<c>[\w.-]+)(?::latest)?: (?:failed|not found|pull)"
    r"|no (?:such )?stage (?:named )?[\"'“]?(?P<d>[\w.-]+)",
    re.IGNORECASE,
)
_MISSING_FILE = re.compile(
    r"[\"'“](?P<a>/?[^\"'”\s]+)[\"'”]:? not found|stat (?P<b>[^\s:]+): (?:file does not exist|no such file)"
    r"|excluded by \.dockerignore: stat (?P<c>[^\s:]+)",
)
_GO_COMPILE = re.compile(r"^(?:\S*/)?(?P<place>[\w.-]+\.go:\d+(?::\d+)?): (?P<what>.+)$", re.MULTILINE)
_GO_VERSION = re.compile(r"go\.mod (?:file )?(?:indicates|requires) go (?:>= )?(?P<wanted>[\d.]+)")
_NO_GO_FILES = re.compile(r"no Go files in (?P<folder>\S+)|go: go\.mod file not found")
_NO_COMMAND = re.compile(r"(?:/bin/sh: )?(?:\d+: )?(?P<name>(?!found)[\w.-]+): (?:command )?not found")
_NO_SHELL = re.compile(r"(?:exec:? )?[\"']?/bin/sh[\"']?: (?:stat /bin/sh: )?no such file or directory")


def explain_build_fault(error: str, stages: Sequence[StageFacts]) -> Fault:
    """What the builder's text means. The text itself is always part of what is said."""
    said = f"The build failed: {excerpt(_last_words(error), 320)}"
    if _NO_SHELL.search(error):
        return Fault(
            said,
            "RUN needs a shell in the stage it stands in, and scratch has none.",
            "Do the work in a stage that has a shell, and COPY --from it what came out.",
        )
    if match := _UNKNOWN_STAGE.search(error):
        name = next(group for group in match.groups() if group)
        keys = [stage_key(stage) for stage in stages]
        meant = nearest(name, keys)
        if meant and name.lower() not in keys:
            return Fault(
                said,
                f'No stage is named "{name}", so it was taken for an image in a registry.',
                f'Did you mean "{meant}"? The stages are {listed(keys)}.',
            )
    if match := _GO_VERSION.search(error):
        return Fault(
            said,
            "The module asks for a newer Go than the base image has.",
            "Compare go.mod with the FROM line.",
        )
    if match := _NO_GO_FILES.search(error):
        return Fault(
            said,
            "The Go command found no source where it was run.",
            "Look at WORKDIR and at what COPY brings in before this step.",
        )
    if match := _GO_COMPILE.search(error):
        return Fault(f"The compiler refused {match['place']}: {excerpt(match['what'])}", "", "")
    if match := _MISSING_FILE.search(error):
        name = next(group for group in match.groups() if group)
        return Fault(
            said,
            f"There is no {name} where COPY looks: in the context, or with --from in that stage.",
            "Compare COPY's first path with where the file lies: in a stage, where go build -o put it.",
        )
    if match := _NO_COMMAND.search(error):
        return Fault(said, f"This stage has no program named {match['name']}.", "")
    return Fault(said)


def _last_words(error: str) -> str:
    """The end of an error: builders put the cause last, and repeat the whole step before it."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) if lines else "the builder gave no reason."
