"""What a failed build means, and what to look at next. Engines word it differently: match loosely."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from tutor.core.dockerfile import Stage
from tutor.engine.docker.build_plan import BuildPlan

_KEYWORDS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
    "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
_UNKNOWN = re.compile(r"unknown instruction: (\S+)", re.IGNORECASE)
_NO_SHELL = re.compile(r'exec: "/bin/sh"|"/bin/sh": stat|/bin/sh: no such file', re.IGNORECASE)
_MISSING_FILE = re.compile(
    r"file not found in build context|no source files were specified|failed to calculate checksum|"
    r"failed to compute cache key|: not found|file does not exist",
    re.IGNORECASE,
)
_MISSING_PATH = re.compile(
    # The BuildKit of Docker 20.10 says it twice: "/app" not found: not found.
    r'"(/[^"]*)":? not found|(/[^"\s:]*): not found|stat (\S+?): (?:file does not exist|no such file)',
    re.IGNORECASE,
)
_INSIDE_ENGINE = re.compile(r"^/?\S*/(?:buildkit-mount\d+|overlay2/[0-9a-z-]+/merged)(?=/)")
"""Where an engine keeps what it looks through: nothing that a Dockerfile names."""
_LINE = re.compile(r"(?:parse error (?:on )?line |Dockerfile:)(\d+)", re.IGNORECASE)
_TARGET = re.compile(r"target stage .*could not be found|failed to reach build target", re.IGNORECASE)
_EXIT = re.compile(
    r"exit code: \d+|returned a non-zero code: \d+|did not complete successfully", re.IGNORECASE
)
_REGISTRY = re.compile(
    r"pull access denied|manifest unknown|manifest for \S+ not found|repository does not exist|"
    r"failed to resolve source metadata|failed to do request: Head|no such host|"
    r'Get "?https?://[^"\s]*/v2/|registry-1\.docker\.io|failed to authorize',
    re.IGNORECASE,
)


def nearest_stage(name: str, stages: Iterable[Stage]) -> str:
    """The stage that was probably meant; empty when none is close."""
    names = [stage.name for stage in stages if stage.name]
    return next(iter(difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7)), "")


def means_base_missing(error: str) -> bool:
    """Whether the text says that an image could not be had from a registry."""
    return _REGISTRY.search(error) is not None


def line_of(error: str, plan: BuildPlan) -> int | None:
    """A line to blame when no step is: the one that the text names, or the first that it quotes."""
    if match := _LINE.search(error):
        return int(match[1])
    if match := _UNKNOWN.search(error):
        return None if plan.dockerfile is None else _line_with(plan, match[1])
    for stage in plan.stages:
        for instruction in stage.instructions:
            source = instruction.flag("from")
            if source and re.search(rf"(?<![\w-]){re.escape(source)}(?![\w-])", error):
                return instruction.first_line
    return None


def next_step(error: str, plan: BuildPlan, line: int | None = None) -> str:
    """What the learner can look at now; empty when the text says it all. ``line`` is the one to blame."""
    failed_text = plan.text_at(line)
    if match := _UNKNOWN.search(error):
        close = difflib.get_close_matches(match[1].upper(), _KEYWORDS, n=1)
        return (
            f"Did you mean {close[0]}?" if close else "An instruction is one of " + ", ".join(_KEYWORDS) + "."
        )
    if _NO_SHELL.search(error) or (_EXIT.search(error) and plan.has_no_shell_at(line)):
        return (
            "This stage has no shell, so the shell form of RUN cannot work. "
            "Run it in the builder stage, and COPY the result."
        )
    if _TARGET.search(error):
        names = ", ".join(stage.key for stage in plan.stages)
        return f"The stages of this file are: {names}." if names else "Name the stage with FROM … AS NAME."
    if _MISSING_FILE.search(error):
        path = _missing_path(error)
        source = re.search(r"--from=(\S+)", failed_text)
        if source:
            lacks = f"holds no /{path}" if path else "does not hold what this line copies"
            return f"Stage {source[1]} {lacks}: compare with the path that its last step writes."
        lacks = f"holds no {path}" if path else "does not hold what this line copies"
        return (
            f"The build context is the folder of the Dockerfile, and it {lacks}: "
            "check the spelling, and .dockerignore."
        )
    if _EXIT.search(error):
        return "The command of this step failed; what it printed says why."
    return ""


def _missing_path(error: str) -> str:
    """The path that was not found, without a leading slash; empty when the text names none."""
    match = _MISSING_PATH.search(error)
    path = next((each for each in match.groups() if each), "") if match else ""
    return _INSIDE_ENGINE.sub("", path).lstrip("/")


def _line_with(plan: BuildPlan, keyword: str) -> int | None:
    for stage in plan.stages:
        for instruction in stage.instructions:
            if instruction.keyword == keyword.upper():
                return instruction.first_line
    return None
