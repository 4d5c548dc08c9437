"""Which instruction made a file: followed back through COPY to the stage that compiled it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tutor.core.dockerfile import Dockerfile, Stage, argument_pairs, expand, name_value_pairs, split_words
from tutor.core.errors import DockerfileError
from tutor.core.instruction import Instruction
from tutor.inspect.decision import stage_chain, stage_of
from tutor.inspect.shell import Command, absolute, commands_of, source_of

_LINKER_FLAGS = "-ldflags"


@dataclass(frozen=True, slots=True)
class _Step:
    """An instruction where it stands."""

    instruction: Instruction
    folder: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    """What made a file, or what it was called before something moved it."""

    index: int
    moved_from: str = ""


def find_maker(
    dockerfile: Dockerfile, stage: Stage, path: str, brought_by: Instruction | None = None
) -> Instruction | None:
    """The instruction that a file of a stage's image goes back to.

    Args:
        dockerfile: what the image was built from.
        stage: the one that the image is of.
        path: the file in the image, absolute.
        brought_by: what made the layer that holds the file, where that is known.

    Returns:
        The RUN that compiled or wrote it, the COPY or ADD that took it from the context or from
        another image, or the FROM whose image holds it. None when no instruction fits.
    """
    steps = _steps(dockerfile, stage)
    if brought_by is None:
        return _follow(dockerfile, stage, steps, path)
    position = next((n for n, step in enumerate(steps) if step.instruction is brought_by), None)
    if position is None:
        return brought_by
    if brought_by.keyword in ("COPY", "ADD"):
        return _through_copy(dockerfile, stage, steps[position], path) or brought_by
    return _follow(dockerfile, stage, steps[: position + 1], path) or brought_by


def find_copy(dockerfile: Dockerfile, stage: Stage, path: str) -> Instruction | None:
    """The COPY that took a file out of another stage or image; None when none did."""
    copies = [
        step
        for step in reversed(_steps(dockerfile, stage))
        if step.instruction.keyword == "COPY" and step.instruction.flag("from")
    ]
    fitting = [step for step in copies if _copied_from(step, path) is not None]
    named = [step for step in fitting if _is_named(step, path)]
    return next((step.instruction for step in (*named, *fitting)), None)


def find_linker_flags(dockerfile: Dockerfile, maker: Instruction) -> Instruction:
    """What decided the linker's flags of a compiling RUN: itself, or the ENV that sets GOFLAGS for it."""
    if _LINKER_FLAGS in maker.value:
        return maker
    for stage in dockerfile.stages:
        if not any(each is maker for each in stage.instructions):
            continue
        before: list[Instruction] = []
        for part in stage_chain(dockerfile, stage):
            before += part.instructions
        before = before[: next(n for n, each in enumerate(before) if each is maker)]
        for instruction in reversed(before):
            if instruction.keyword == "ENV" and "GOFLAGS" in instruction.value:
                return instruction if _LINKER_FLAGS in instruction.value else maker
    return maker


def compiles(instruction: Instruction) -> bool:
    """Whether a RUN calls ``go build`` or ``go install``."""
    return instruction.keyword == "RUN" and any(
        command.compiles for command in commands_of(instruction, "/", {})
    )


def _steps(dockerfile: Dockerfile, stage: Stage) -> list[_Step]:
    """All instructions that a stage is made by, its parents' first, each with its folder and variables."""
    chain = stage_chain(dockerfile, stage)
    # The official image begins in its GOPATH.
    folder = "/go" if "golang" in chain[0].base else "/"
    kept: dict[str, str] = {}
    steps = []
    global_variables: Mapping[str, str] = {}
    with contextlib.suppress(DockerfileError):
        global_variables = dockerfile.global_variables()
    for part in chain:
        arguments: dict[str, str] = {}
        for instruction in part.instructions:
            variables = arguments | kept
            steps.append(_Step(instruction, folder, variables))
            with contextlib.suppress(DockerfileError):
                match instruction.keyword:
                    case "ENV":
                        pairs = name_value_pairs(instruction)
                        kept |= {name: expand(value, variables) for name, value in pairs}
                    case "ARG":
                        for name, default in argument_pairs(instruction):
                            arguments[name] = (
                                expand(default, variables)
                                if default is not None
                                else global_variables.get(name, "")
                            )
                    case "WORKDIR":
                        folder = absolute(expand(instruction.value, variables), folder).rstrip("/") or "/"
                    case _:
                        pass
    return steps


def _follow(dockerfile: Dockerfile, stage: Stage, steps: list[_Step], path: str) -> Instruction | None:
    """From the newest step to the oldest: first what surely made the file, then what may have."""
    end = len(steps)
    maker: Instruction | None = None
    while True:
        found = next(_certain(steps[:end], path), None)
        if found is None:
            break
        maker = steps[found.index].instruction
        if not found.moved_from:
            return _through_copy(dockerfile, stage, steps[found.index], path) or maker
        # The same RUN may have compiled what it then moved.
        end, path = found.index + 1, found.moved_from
        if any(command.makes(path) for command in _commands(steps[found.index])):
            return maker
        end -= 1
    if maker is not None:
        return maker
    for step in reversed(steps[:end]):
        if compiles(step.instruction):
            return step.instruction
        if step.instruction.keyword in ("COPY", "ADD") and _copied_from(step, path) is not None:
            return _through_copy(dockerfile, stage, step, path) or step.instruction
    return None


def _certain(steps: list[_Step], path: str) -> Iterator[_Found]:
    for index in reversed(range(len(steps))):
        step = steps[index]
        if step.instruction.keyword == "RUN":
            for command in reversed(list(_commands(step))):
                if command.makes(path):
                    yield _Found(index)
                elif (source := command.moved_from(path)) is not None:
                    yield _Found(index, source)
        elif step.instruction.keyword in ("COPY", "ADD"):
            source = _copied_from(step, path) or ""
            if source.rpartition("/")[2] and _is_named(step, path):
                yield _Found(index)


def _commands(step: _Step) -> list[Command]:
    return list(commands_of(step.instruction, step.folder, step.variables))


def _through_copy(dockerfile: Dockerfile, stage: Stage, step: _Step, path: str) -> Instruction | None:
    """Where a COPY --from took a file from; None when it was not from a stage."""
    name = step.instruction.flag("from") if step.instruction.keyword == "COPY" else None
    source = _copied_from(step, path)
    origin = stage_of(dockerfile, name) if name else None
    if origin is None or source is None or origin.index >= stage.index:
        return None
    return _follow(dockerfile, origin, _steps(dockerfile, origin), source)


def _words(step: _Step) -> tuple[tuple[str, ...], str] | None:
    """Sources and target of a COPY or ADD, absolute: sources in what they are copied from."""
    instruction = step.instruction
    words = instruction.exec_form or split_words(instruction.value)
    if len(words) < 2:
        return None
    expanded = []
    for word in words:
        try:
            expanded.append(expand(word, step.variables))
        except DockerfileError:
            return None
    return tuple(absolute(word, "/") for word in expanded[:-1]), absolute(expanded[-1], step.folder)


def _copied_from(step: _Step, path: str) -> str | None:
    words = _words(step)
    return source_of(*words, path) if words is not None else None


def _is_named(step: _Step, path: str) -> bool:
    """Whether the very file is named, and not only a folder above it."""
    words = _words(step)
    assert words is not None
    sources, target = words
    name = path.rpartition("/")[2]
    return path == target or any(source.rpartition("/")[2] == name for source in sources)
