"""Which instructions this engine honours. What it does not is refused before anything is built."""

from __future__ import annotations

import re

from tutor.core.dockerfile import Dockerfile, Instruction, split_words
from tutor.core.errors import InstructionUnsupported
from tutor.engine.embedded.image_config import this_architecture
from tutor.engine.embedded.launcher import Isolation

_CHANGES_OWNER = re.compile(r"(?:^|[\s;&|(])(?:chown|chgrp)\s")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tar\.\w+|tbz2?|txz)$", re.IGNORECASE)
CHOWN_WAY_ROUND = (
    "Without root only one user exists here. Set the owner while copying: COPY --chown=65532:65532 … . "
    "Execute permission does not depend on the owner."
)


def refuse_unsupported(dockerfile: Dockerfile, isolation: Isolation) -> None:
    """Go through the whole file.

    Raises:
        InstructionUnsupported: with the line and the way round.
    """
    for stage in dockerfile.stages:
        _platform(stage.from_instruction)
        for instruction in stage.instructions:
            _refuse(instruction, isolation)


def _refuse(instruction: Instruction, isolation: Isolation) -> None:
    keyword = instruction.keyword
    if keyword == "ONBUILD":
        _fail(instruction, "ONBUILD", "Write the instruction into the Dockerfile that uses this image.")
    if instruction.heredocs:
        _fail(
            instruction,
            f"a here-document after {keyword}",
            "Put the text into a file, or the commands after RUN with &&.",
        )
    if keyword == "ADD":
        _refuse_add(instruction)
    for name, _ in instruction.flags:
        if keyword in ("COPY", "ADD") and name not in ("from", "chown", "chmod", "link"):
            _fail(instruction, f"{keyword} --{name}", f"Leave out --{name}, or build with Docker.")
        if keyword == "RUN":
            _fail(instruction, f"RUN --{name}", f"Leave out --{name}: the build is only slower without it.")
    if keyword == "RUN" and isolation is Isolation.PROOT and _CHANGES_OWNER.search(instruction.value):
        _fail(instruction, "chown in RUN", CHOWN_WAY_ROUND)


def _refuse_add(instruction: Instruction) -> None:
    words = instruction.exec_form or split_words(instruction.value)
    for source in words[:-1]:
        if "://" in source or source.startswith("git@"):
            _fail(instruction, "ADD from an address", "Download the file into the context and COPY it.")
        if _ARCHIVE.search(source):
            _fail(instruction, "ADD that unpacks an archive", "Unpack it in the context and COPY the folder.")


def _platform(instruction: Instruction) -> None:
    wanted = instruction.flag("platform")
    if wanted is None or "$" in wanted:
        return
    here = this_architecture()
    if wanted not in (f"linux/{here}", "linux", here):
        _fail(
            instruction,
            f"FROM --platform={wanted} on a {here} machine",
            "Leave out --platform, and let Go cross-compile: RUN GOARCH=… go build …",
        )


def _fail(instruction: Instruction, what: str, way_round: str) -> None:
    raise InstructionUnsupported(
        f"The embedded engine cannot do {what}.", line=instruction.first_line, next_step=way_round
    )


def changes_owner(text: str) -> bool:
    """Whether a command names chown or chgrp."""
    return bool(_CHANGES_OWNER.search(text))
