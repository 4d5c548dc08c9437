"""A demo without a screen: does each step end as the lesson says, and how long does it take?"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.core.events import BaseNeeded, BaseObtained, BuildFailed, Said, StepFinished, StepStarted

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.session.demo import DemoSession
    from tutor.session.demo_step import DemoStep

_FETCHES = re.compile(
    r"(?:^|&&|[;|({]|\b(?:do|then|else|sudo|exec))\s*(?:\w+=\S*\s+)*"
    r"(?:apk\s+(?:-\S+\s+)*(?:add|update|upgrade)|apt(?:-get)?\s+(?:-\S+\s+)*(?:install|update)|go\s+get"
    r"|git\s+clone|curl|wget|pip3?\s+install)\b"
)
"""Where a command begins, one that asks for something over the network."""

_MODULES = re.compile(r"\bgo\s+mod\s+download\b")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One step that was walked through."""

    step: DemoStep
    seconds: float
    went_well: bool | None
    """Whether it ended as the lesson means it to; None where nothing ran."""
    why: str = ""
    """What went wrong, in the engine's own words."""
    network: tuple[str, ...] = ()
    """What needed the network here, or would without a cache."""


async def rehearse(demo: DemoSession) -> AsyncGenerator[Rehearsed, None]:
    """Walk through all steps. A base image that is missing is obtained, and said to need the network.

    Raises:
        EngineError: the engine went away.
    """
    while demo.index + 1 < len(demo.steps):
        step = demo.steps[demo.index + 1]
        network: list[str] = []
        why = ""
        for _ in range(3):
            before = demo.index
            needed = False
            async with aclosing(demo.forward()) as events:
                async for event in events:
                    match event:
                        case BaseNeeded():
                            needed = True
                        case BaseObtained():
                            how = "was made here" if event.stand_in else "was pulled"
                            if event.from_kit:
                                how = "was loaded from the class kit"
                            network.append(f"{event.reference} {how}; it is on this engine now")
                        case BuildFailed():
                            why = event.error
                        case StepStarted() if fetches(event.text, has_modules=_names_modules(demo.workspace)):
                            network.append(event.text)
                        case StepFinished() | Said():
                            pass
            if demo.index > before or not needed:
                break
        moment = demo.moment(demo.index)
        if demo.index == step.number - 1 and moment is not None:
            yield Rehearsed(
                step,
                moment.seconds,
                moment.went_well,
                "" if moment.went_well else why,
                tuple(dict.fromkeys(network)),
            )
            continue
        yield Rehearsed(step, 0.0, False, why or "The base image could not be obtained.", tuple(network))
        return


def fetches(instruction: str, *, has_modules: bool = True) -> bool:
    """Whether a RUN line asks for something over the network, as far as its words tell.

    ``has_modules`` says whether go.mod names any: else there is nothing to download.
    """
    words = instruction.strip()
    if words[:3].upper() != "RUN":
        return False
    words = re.sub(r"^(?:--\S+\s+)*", "", words[3:].strip().replace("\\\n", " "))
    return _FETCHES.search(words) is not None or (has_modules and _MODULES.search(words) is not None)


def _names_modules(folder: Path) -> bool:
    try:
        return re.search(r"^\s*require\b", (folder / "go.mod").read_text("utf-8"), re.MULTILINE) is not None
    except OSError:
        return False
