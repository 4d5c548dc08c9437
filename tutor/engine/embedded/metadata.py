"""Instructions that change the configuration only: ENV, CMD, EXPOSE, USER and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.core.dockerfile import Instruction, argument_pairs, expand, name_value_pairs, split_words
from tutor.core.errors import DockerfileError
from tutor.core.image import Healthcheck
from tutor.engine.embedded.image_config import this_architecture
from tutor.engine.embedded.stage_state import StageState

KEYWORDS = frozenset(
    {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL"}
    | {"USER", "VOLUME"}
)
_PORT = re.compile(r"^(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp))?$", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def platform_arguments() -> dict[str, str]:
    """The ARGs that exist without being given a value."""
    architecture = this_architecture()
    values = {}
    for prefix in ("TARGET", "BUILD"):
        values[f"{prefix}PLATFORM"] = f"linux/{architecture}"
        values[f"{prefix}OS"] = "linux"
        values[f"{prefix}ARCH"] = architecture
        values[f"{prefix}VARIANT"] = ""
    return values


def apply_metadata(
    state: StageState, instruction: Instruction, given: Mapping[str, str], build_args: Mapping[str, str]
) -> None:
    """Change the configuration. ``given`` are the global ARGs, ``build_args`` those of the request.

    Raises:
        DockerfileError: a value that cannot be read.
    """
    config, line = state.config, instruction.first_line
    match instruction.keyword:
        case "ARG":
            _argument(state, instruction, given, build_args)
        case "ENV":
            # All words see the values from before this instruction.
            before = state.variables
            for name, value in name_value_pairs(instruction, escape=state.escape):
                config.env[_expand(state, name, line, before)] = _expand(state, value, line, before)
        case "LABEL":
            for name, value in name_value_pairs(instruction, escape=state.escape):
                config.labels[state.expand(name, line)] = state.expand(value, line)
        case "CMD":
            config.command = _command(state, instruction)
            state.command_is_own = True
        case "ENTRYPOINT":
            config.entrypoint = _command(state, instruction)
            if not state.command_is_own:
                # A CMD of the base image was meant for the base's own entry point.
                config.command = None
        case "EXPOSE":
            _expose(state, instruction)
        case "USER":
            config.user = state.expand(instruction.value, line)
        case "VOLUME":
            words = instruction.exec_form or split_words(instruction.value)
            config.volumes += [state.expand(word, line) for word in words]
        case "STOPSIGNAL":
            config.stop_signal = state.expand(instruction.value, line)
        case "SHELL":
            if not instruction.exec_form:
                raise DockerfileError(
                    "SHELL requires the arguments to be in JSON form",
                    line=line,
                    next_step='Write SHELL ["/bin/sh", "-c"]',
                )
            config.shell = list(instruction.exec_form)
        case "HEALTHCHECK":
            config.healthcheck = _healthcheck(instruction)
        case "MAINTAINER":
            config.author = instruction.value


def _expand(state: StageState, text: str, line: int, variables: Mapping[str, str]) -> str:
    return expand(text, variables, line=line, escape=state.escape)


def _argument(
    state: StageState, instruction: Instruction, given: Mapping[str, str], build_args: Mapping[str, str]
) -> None:
    known = platform_arguments()
    for name, default in argument_pairs(instruction):
        if name in build_args:
            state.arguments[name] = build_args[name]
        elif default is not None:
            state.arguments[name] = state.expand(default, instruction.first_line)
        elif name in given:
            state.arguments[name] = given[name]
        elif name in known:
            state.arguments[name] = known[name]


def _command(state: StageState, instruction: Instruction) -> list[str]:
    if instruction.exec_form is not None:
        return list(instruction.exec_form)
    return [*state.config.shell_prefix, instruction.value]


def _expose(state: StageState, instruction: Instruction) -> None:
    for word in split_words(instruction.value):
        port = state.expand(word, instruction.first_line)
        match = _PORT.match(port)
        if match is None or not 0 < int(match[1]) <= int(match[2] or match[1]) < 65536:
            raise DockerfileError(
                f"invalid containerPort: {port}",
                line=instruction.first_line,
                next_step="Write a number, for example: EXPOSE 8080",
            )
        for number in range(int(match[1]), int(match[2] or match[1]) + 1):
            value = f"{number}/{(match[3] or 'tcp').lower()}"
            if value not in state.config.exposed_ports:
                state.config.exposed_ports.append(value)


def _healthcheck(instruction: Instruction) -> Healthcheck:
    kind, _, command = instruction.value.partition(" ")
    line = instruction.first_line
    if kind.upper() == "NONE":
        return Healthcheck(("NONE",))
    if kind.upper() != "CMD" or not command.strip():
        raise DockerfileError(
            f'Unknown type "{kind}" in HEALTHCHECK (try CMD)',
            line=line,
            next_step='Write HEALTHCHECK CMD ["/app", "-healthcheck"]',
        )
    form = instruction.exec_form
    test = ("CMD", *form) if form is not None else ("CMD-SHELL", command.strip())
    retries = instruction.flag("retries")
    if retries is not None and not retries.isdecimal():
        raise DockerfileError(f"invalid --retries: {retries}", line=line)
    return Healthcheck(
        test,
        _seconds(instruction, "interval"),
        _seconds(instruction, "timeout"),
        _seconds(instruction, "start-period"),
        int(retries) if retries else None,
    )


def _seconds(instruction: Instruction, name: str) -> float | None:
    value = instruction.flag(name)
    if value is None:
        return None
    pieces = list(_DURATION.finditer(value))
    if not pieces or "".join(piece[0] for piece in pieces) != value:
        raise DockerfileError(
            f'invalid duration "{value}"', line=instruction.first_line, next_step=f"Write --{name}=5s"
        )
    return sum(float(piece[1]) * _UNITS[piece[2]] for piece in pieces)
