"""What a build must hold to: limits and properties, judged on what was measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy
from tutor.core.errors import UsageError
from tutor.inspect.difference import Anatomy, size_of

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")
_AMOUNT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$")


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must hold, judged."""

    name: str
    held: bool
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What a caller asks for. None asks for nothing."""

    max_bytes: int | None = None
    max_wasted: str | None = None
    """A size, or a share of the unpacked size such as ``1%``."""
    require: tuple[str, ...] = ()


def read_size(text: str) -> int:
    """``8MB``, ``7.5 MiB``, ``5000000`` as bytes.

    Raises:
        UsageError: it is no size.
    """
    match = _AMOUNT.match(text)
    if match is None or match[2].lower() not in _UNITS:
        raise UsageError(f"{text!r} is no size.", next_step="Write it as 8MB, 7.5MiB or 5000000.")
    return int(float(match[1]) * _UNITS[match[2].lower()])


def read_requirements(text: str) -> tuple[str, ...]:
    """Names parted by commas.

    Raises:
        UsageError: there is no requirement of such a name.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        # What a pipeline's unset variable comes to; it must not pass for a limit that held.
        raise UsageError("--require names nothing.", next_step=f"Known: {', '.join(REQUIREMENTS)}.")
    for name in names:
        if name not in REQUIREMENTS:
            raise UsageError(
                f"There is no requirement named {name!r}.", next_step=f"Known: {', '.join(REQUIREMENTS)}."
            )
    return names


def judge_gates(anatomy: Anatomy, request: GateRequest) -> tuple[Gate, ...]:
    """Judge everything that was asked for.

    Raises:
        UsageError: a limit cannot be read, or asks an image's question about a bare program.
    """
    gates: list[Gate] = []
    if request.max_bytes is not None:
        size = size_of(anatomy)
        gates.append(
            Gate("max-size", size <= request.max_bytes, f"at most {request.max_bytes} bytes", f"{size} bytes")
        )
    if request.max_wasted is not None:
        gates.append(_wasted(_image(anatomy, "--max-wasted"), request.max_wasted))
    return (*gates, *(REQUIREMENTS[name](anatomy) for name in request.require))


def _image(anatomy: Anatomy, option: str) -> ImageAnatomy:
    if isinstance(anatomy, ImageAnatomy):
        return anatomy
    raise UsageError(f"{option} is about images, and this is a program.", where=anatomy.path)


def _wasted(image: ImageAnatomy, limit: str) -> Gate:
    wasted = image.wasted_bytes
    match = _PERCENT.match(limit)
    if match is None:
        if not limit.strip() or "%" in limit:
            raise UsageError(f"{limit!r} is no share.", next_step="Write it as 1% or 200kB.")
        most = read_size(limit)
        return Gate("max-wasted", wasted <= most, f"at most {most} bytes", f"{wasted} bytes")
    percent = float(match[1])
    share = 100 * wasted / image.unpacked_bytes if image.unpacked_bytes else 0.0
    return Gate("max-wasted", share <= percent, f"at most {percent:g} %", f"{share:.2f} %")


def _program(anatomy: Anatomy) -> BinaryAnatomy | None:
    """What the image starts; a program that merely lies in it does not count."""
    return anatomy.start_program if isinstance(anatomy, ImageAnatomy) else anatomy


_NO_PROGRAM = "the image starts no program that could be read"


def _is_static(anatomy: Anatomy) -> Gate:
    program = _program(anatomy)
    expected = "no loader and no needed libraries"
    if program is None:
        return Gate("static", False, expected, _NO_PROGRAM)
    elf = program.elf
    asks = ", ".join((*filter(None, (elf.interpreter,)), *elf.needed))
    return Gate("static", elf.is_static, expected, f"asks for {asks}" if asks else expected)


def _is_stripped(anatomy: Anatomy) -> Gate:
    program = _program(anatomy)
    expected = "no symbol table and no debug sections"
    if program is None:
        return Gate("stripped", False, expected, _NO_PROGRAM)
    has = [
        name
        for name, there in (
            ("a symbol table", program.elf.has_symbol_table),
            ("debug sections", program.elf.has_debug_sections),
        )
        if there
    ]
    return Gate("stripped", not has, expected, f"has {' and '.join(has)}" if has else expected)


def _is_non_root(anatomy: Anatomy) -> Gate:
    image = _image(anatomy, "non-root")
    user = image.config.user
    actual = f"runs as {user or 'root, by default'}"
    if image.user_id is None:
        actual = f"USER {user}, whom the image's /etc/passwd does not name"
    elif user and user.partition(":")[0] != str(image.user_id):
        actual += f", which is the user id {image.user_id}"
    return Gate("non-root", bool(image.user_id), "a user other than root", actual)


REQUIREMENTS: dict[str, Callable[[Anatomy], Gate]] = {
    "static": _is_static,
    "stripped": _is_stripped,
    "non-root": _is_non_root,
}
"""What ``--require`` knows."""
