"""Checks on the text of files in the workspace: these judge what is written, not what was built."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from tutor.core.dockerfile import Dockerfile, Instruction, Stage, expand, parse_dockerfile, split_words
from tutor.core.errors import DockerfileError
from tutor.grading.cache_check import COMPILES, FETCHES
from tutor.grading.rule import Case, Finding, P, Params, failed, not_tried, passed, rule, unknown
from tutor.grading.words import counted, excerpt, listed, nearest

_ROLES = frozenset({"nonroot", "debug", "slim", "static", "base"})
_MOVING_TAGS = _ROLES | frozenset(
    [
        "latest",
        "stable",
        "testing",
        "edge",
        "alpine",
        "main",
        "master",
        "dev",
        "lts",
        "current",
        "rolling",
        "mainline",
        "nightly",
    ]
)
_LISTS_OF_DEPENDENCIES = ("go.mod", "go.sum", "go.work", "go.work.sum")


def _read(case: Case[P], expected: str) -> Dockerfile | Finding:
    if not case.evidence.dockerfile:
        return unknown(expected, "The evidence does not hold the Dockerfile's text.")
    try:
        return parse_dockerfile(case.evidence.dockerfile)
    except DockerfileError as error:
        return unknown(
            expected, f"The Dockerfile cannot be read here: {error.what}", f"Dockerfile:{error.line}"
        )


@rule(
    title="Dependencies come before the source",
    why="The cache ends at the first step whose files changed. Source changes often, dependencies seldom.",
    next_step="COPY go.mod go.sum* ./ first, then RUN go mod download, then COPY the rest.",
    subjects=("dockerfile", "image"),
    after=(),
)
def dependencies_come_before_source(case: Case[Params]) -> Finding:
    """In the stage that compiles, a step fetches the dependencies before the source is copied.

    Reads the file, not the image. A cache mount for Go's modules counts as well.
    """
    expected = "In the stage that compiles, dependencies are fetched before the source is copied."
    file = _read(case, expected)
    if isinstance(file, Finding):
        return file
    for stage in reversed(file.stages):
        steps = list(_chain(file, stage))
        compiling = [each for each in steps if each.keyword == "RUN" and COMPILES.search(_command(each))]
        if compiling:
            return _judge_order(expected, steps, compiling[0])
    return failed(expected, "No RUN in the file compiles with go build.", "Dockerfile")


def _judge_order(expected: str, steps: list[Instruction], compiling: Instruction) -> Finding:
    source = next((each for each in steps if _brings_source(each)), None)
    before = steps if source is None else steps[: steps.index(source)]
    fetching = next(
        (each for each in before if each.keyword == "RUN" and FETCHES.search(_command(each))), None
    )
    mounts = " ".join(value for name, value in compiling.flags if name == "mount")
    if fetching is not None and fetching is not compiling:
        return passed(
            expected,
            f'Line {fetching.first_line} fetches them: "{excerpt(fetching.text, 60)}".',
            f"Dockerfile:{fetching.first_line}",
        )
    if "type=cache" in mounts and "mod" in mounts:
        return passed(
            expected, "A cache mount keeps the modules between builds.", f"Dockerfile:{compiling.first_line}"
        )
    late = next((each for each in steps if each.keyword == "RUN" and FETCHES.search(_command(each))), None)
    if source is None:
        return failed(expected, "No step of its own fetches them.", f"Dockerfile:{compiling.first_line}")
    if late is not None:
        actual = f"Line {source.first_line} copies source before line {late.first_line} fetches dependencies."
    else:
        actual = (
            f"Line {source.first_line} copies the source, and no step before it fetches dependencies, "
            "so compiling does, at every edit."
        )
    return failed(expected, actual, f"Dockerfile:{source.first_line}")


def _chain(file: Dockerfile, stage: Stage) -> Iterator[Instruction]:
    """The instructions of a stage, after those of the stage it begins with."""
    base = next((each for each in file.stages[: stage.index] if each.name == stage.base.lower()), None)
    if base is not None and stage.base:
        yield from _chain(file, base)
    yield from stage.instructions


def _command(instruction: Instruction) -> str:
    heredocs = " ".join(content for _, content in instruction.heredocs)
    return f"{' '.join(instruction.exec_form or ()) or instruction.value} {heredocs}"


def _brings_source(instruction: Instruction) -> bool:
    if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
        return False
    words = instruction.exec_form or tuple(split_words(instruction.value))
    return any(not _is_dependency_list(word) for word in words[:-1])


def _is_dependency_list(word: str) -> bool:
    name = posixpath.basename(word.rstrip("/"))
    if name in _LISTS_OF_DEPENDENCIES or name == "vendor":
        return True
    wild = any(character in name for character in "*?[")
    names_them = any(fnmatch.fnmatch(each, name) for each in _LISTS_OF_DEPENDENCIES)
    return wild and names_them and not fnmatch.fnmatch("main.go", name) and name.startswith("go")


@rule(
    title="Every base image is pinned",
    why="A name without a tag means whatever it means on the day of the build.",
    next_step="Write the version after a colon, such as golang:1.21-alpine, or a digest after @.",
    subjects=("dockerfile", "image"),
    after=(),
)
def base_is_pinned(case: Case[Params]) -> Finding:
    """Every FROM names a version (a tag other than latest) or a digest. Reads the file, not the image."""
    expected = "Every FROM names its image with a version or a digest."
    file = _read(case, expected)
    if isinstance(file, Finding):
        return file
    try:
        variables = file.global_variables()
    except DockerfileError as error:
        return unknown(expected, error.what, "Dockerfile")
    names = {stage.name for stage in file.stages if stage.name}
    loose: list[tuple[str, int]] = []
    pinned: list[tuple[str, int]] = []
    for stage in file.stages:
        line = stage.from_instruction.first_line
        try:
            base = expand(stage.base, variables, line=line, escape=file.escape)
        except DockerfileError as error:
            return unknown(expected, error.what, f"Dockerfile:{line}")
        if base.lower() == "scratch" or base.lower() in names:
            continue
        (pinned if _is_pinned(base) else loose).append((base, line))
    if loose:
        told = listed([f"{base} (line {line})" for base, line in loose])
        moves = "has no version" if len(loose) == 1 else "have no version"
        return failed(expected, f"{told} {moves}.", f"Dockerfile:{loose[0][1]}")
    told = listed([base for base, _ in pinned]) or "it begins with scratch alone"
    return passed(expected, f"Pinned: {told}.", "Dockerfile")


def _is_pinned(reference: str) -> bool:
    name, at, _digest = reference.partition("@sha256:")
    if at:
        return True
    last, _, tag = name.rpartition("/")[2].partition(":")
    if _has_digit(tag):
        return True
    # A tag can be a release by name (bookworm), or a role (nonroot) of a release that the name tells.
    return bool(tag) and (tag not in _MOVING_TAGS or (tag in _ROLES and _has_digit(last)))


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


class Bases(Params, frozen=True):
    """Parameters of final_base_is."""

    allow: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Names of images, scratch among them; * stands for anything."),
    ] = ("scratch",)


@rule(
    title="The final stage begins with an allowed base",
    why="The final image holds whatever its base holds, needed or not.",
    next_step="Begin the last stage with FROM scratch, and copy the program into it.",
    subjects=("dockerfile", "image"),
    after=(),
)
def final_base_is(case: Case[Bases]) -> Finding:
    """The last stage stands on one of these images, directly or over earlier stages. Reads the file."""
    expected = f"The final stage begins with {listed(case.params.allow, last='or')}."
    file = _read(case, expected)
    if isinstance(file, Finding):
        return file
    stage = file.stages[-1]
    while True:
        line = stage.from_instruction.first_line
        try:
            base = expand(stage.base, file.global_variables(), line=line, escape=file.escape)
        except DockerfileError as error:
            return unknown(expected, error.what, f"Dockerfile:{line}")
        below = [each for each in file.stages[: stage.index] if each.name and each.name == base.lower()]
        if not below:
            break
        stage = below[-1]
    if any(fnmatch.fnmatch(base, pattern) for pattern in case.params.allow):
        return passed(expected, f"It begins with {base}.", f"Dockerfile:{line}")
    return failed(expected, f"It begins with {base}.", f"Dockerfile:{line}")


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one service needs, and which picks meet it."""

    right: dict[str, str]
    """Pick → why it fits."""
    wrong: dict[str, str] = {}
    """Pick → what it lacks."""


class Choices(Params, frozen=True):
    """Parameters of choices_meet_needs."""

    needs: Annotated[
        dict[str, Need],
        Meta(description="Name of a service → right: {pick: why}, wrong: {pick: why not}."),
    ]
    file: Annotated[str, Meta(description="The file with one line for each service.")] = "choice.yaml"


@rule(
    title="Each choice meets its needs",
    why="There is no best base image, only one that has what a service needs and little else.",
    next_step="Read again what that service needs, and what each base brings.",
    subjects=("dockerfile", "image"),
    after=(),
)
def choices_meet_needs(case: Case[Choices]) -> Finding:
    """A file of the workspace says, for each service, which base image it gets, and each pick is right."""
    file = case.params.file
    expected = f"{file} has a fitting pick for {listed(list(case.params.needs), 8)}."
    found = case.evidence.trials.files.get(file)
    if found is None:
        if file in case.evidence.trials.files:
            return failed(expected, f"There is no file {file}.", next_step=f"Write {file} in the folder.")
        return not_tried(case, "files", expected)
    try:
        picks = msgspec.yaml.decode(found.text, type=dict[str, str])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return failed(
            expected,
            f"It cannot be read: {excerpt(str(error), 160)}",
            file,
            next_step="Write one line for each: NAME: PICK",
        )
    for name, need in case.params.needs.items():
        if name not in picks:
            near = nearest(name, list(picks))
            meant = f' It has "{near}".' if near else ""
            return failed(expected, f'It says nothing of "{name}".{meant}', file)
        pick = picks[name].strip().lower()
        if pick in need.right:
            continue
        if pick in need.wrong:
            return failed(expected, f"{name}: {pick}. {need.wrong[pick]}", f"{file}: {name}")
        known = sorted({*need.right, *need.wrong})
        return failed(
            expected,
            f'{name}: "{excerpt(pick, 40)}" is none of {listed(known)}.' if pick else f"{name}: no pick yet.",
            f"{file}: {name}",
        )
    return passed(expected, f"All {counted(len(case.params.needs), 'pick')} fit.", file)
