"""Checks on where a program comes from and what it was made for: read from its bytes."""

from __future__ import annotations

import json
from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import ImageEvidence
from tutor.core.image import Program
from tutor.grading.rule import Case, Finding, Params, failed, not_tried, passed, rule, unknown
from tutor.grading.subject import image_of, tag_of, why_no_image
from tutor.grading.words import excerpt

MACHINES = {
    "amd64": "x86-64",
    "arm64": "aarch64",
    "386": "80386",
    "arm": "ARM",
    "riscv64": "riscv",
    "ppc64le": "PowerPC64",
    "s390x": "S/390",
}
"""Go's and Docker's name of an architecture → the ELF header's."""


def started_program(image: ImageEvidence) -> Program | None:
    """The program that the image starts, with its digest; None when the evidence holds none."""
    path = image.entrypoint_path
    for entry in image.files:
        if entry.path == path and entry.target:
            path = "/" + entry.target.lstrip("/")
    named = [program for program in image.programs if program.path == path]
    return named[-1] if named else None


class FetchedFile(Params, frozen=True):
    """Parameters of file_equals_image_file."""

    file: Annotated[str, Meta(description="The file of the workspace, by its path there.")]


@rule(
    title="The fetched file is the image's program",
    why="Whoever can talk to the engine reads every file of a container, shell or none.",
    next_step="Copy the program out of the running container: docker cp CONTAINER:/app FILE.",
    subjects=("image",),
    needs_program=True,
)
def file_equals_image_file(case: Case[FetchedFile]) -> Finding:
    """A file of the workspace has the very bytes of the program that the image starts."""
    file = case.params.file
    expected = f"{file} in the folder has the same bytes as the program in the image."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    if file not in case.evidence.trials.files:
        return not_tried(case, "files", expected)
    found = case.evidence.trials.files[file]
    if found is None:
        return failed(expected, f"There is no {file} in the folder.", file)
    program = started_program(image)
    if program is None:
        return failed(expected, "The image starts no compiled program.", image.entrypoint_path)
    if found.sha256 == program.sha256:
        return passed(expected, f"Both begin with {found.sha256[:12]} (SHA-256).", file)
    return failed(
        expected,
        f"{file} has {found.size_bytes} bytes ({found.sha256[:12]}), "
        f"{program.path} has {program.size_bytes} ({program.sha256[:12]}).",
        file,
        next_step="Fetch it again, from a container of the image that is graded now.",
    )


class Architecture(Params, frozen=True):
    """Parameters of architecture_matches."""

    arch: Annotated[str, Meta(description="Such as arm64; empty for the engine's own.")] = ""


@rule(
    title="The program fits the machine",
    why="A program holds instructions of one kind of processor, and runs on no other.",
    next_step="Compile with GOARCH set to the machine it is to run on, or with none set.",
    subjects=("image",),
    needs_program=True,
)
def architecture_matches(case: Case[Architecture]) -> Finding:
    """The program's ELF header and the image's configuration name the architecture that is wanted."""
    wanted = case.params.arch or case.evidence.architecture
    expected = f"The program and the image are made for {wanted or 'this machine'}."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    if not wanted:
        return unknown(expected, "The engine does not tell its architecture.")
    if image.elf is None:
        return failed(expected, "The image starts no compiled program.", image.entrypoint_path)
    machine = MACHINES.get(wanted, wanted)
    if image.elf.machine != machine:
        return failed(
            expected,
            f"The program is made for {image.elf.machine}, not for {machine}.",
            f"{image.entrypoint_path}, ELF header",
        )
    if image.config.architecture != wanted:
        return failed(
            expected,
            f"The program is made for {machine}, and the image says {image.config.architecture}.",
            "image configuration",
            next_step="Build for the platform that the program is made for.",
        )
    return passed(expected, f"Both say {wanted}.", f"{image.entrypoint_path}, ELF header")


@rule(
    title="Two builds make the same program",
    why="Only what can be made again, to the byte, can be checked by someone else.",
    next_step="Look for a time, a random number or a path that the build writes into the program.",
    subjects=("image",),
    needs_program=True,
)
def two_builds_agree(case: Case[Params]) -> Finding:
    """The folder, built once more without cache, gives a program with the same digest."""
    expected = "A second build without cache makes a program with the same digest."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    second = case.evidence.trials.second_build
    if second is None:
        return not_tried(case, "second_build", expected)
    if not second.succeeded:
        return failed(expected, f"The second build failed: {excerpt(second.error)}", "second build")
    program = started_program(image)
    if program is None or not second.program_sha256:
        return failed(expected, "There is no compiled program to compare.", image.entrypoint_path)
    if program.sha256 == second.program_sha256:
        return passed(expected, f"Both are {program.sha256[:12]} (SHA-256).", program.path)
    return failed(
        expected,
        f"The first is {program.sha256[:12]}, the second {second.program_sha256[:12]} (SHA-256).",
        program.path,
    )


class Token(Params, frozen=True):
    """Parameters of binary_links_token."""

    file: Annotated[
        str, Meta(description="The file that holds the token, where the grader was given none.")
    ] = "token.txt"
    path: Annotated[str, Meta(pattern="^/", description="Where the program tells it, as JSON.")] = "/whoami"
    key: Annotated[str, Meta(description="The key of the JSON that holds it.")] = "token"


@rule(
    title="The program bears your token",
    why="It tells your own build from a copy, and the flag that does it sets versions everywhere.",
    next_step='Link with -ldflags "-X main.token=YOUR-TOKEN".',
    subjects=("image", "container"),
    after=("image_builds", "container_starts"),
)
def binary_links_token(case: Case[Token]) -> Finding:
    """Asked at run time, the program tells the token that was given to this learner."""
    params = case.params
    expected = f"GET {params.path} tells your token."
    wanted = case.evidence.token
    if not wanted:
        if params.file not in case.evidence.trials.files:
            return not_tried(case, "files", expected)
        file = case.evidence.trials.files[params.file]
        if file is None:
            return failed(expected, f"There is no {params.file} in the folder.", params.file)
        wanted = file.text.strip()
    if not wanted:
        return failed(expected, "Your token is empty.", params.file)
    where = f"GET {params.path}"
    exchanges = case.evidence.exchanges.get(tag_of(case.spec), ())
    answer = next((each for each in exchanges if each.path == params.path), None)
    if answer is None:
        return unknown(expected, f"{params.path} was not asked.", where)
    if answer.status != 200:
        return failed(expected, f"It answers {answer.status or 'nothing'}.", where)
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return failed(expected, "The answer is not JSON.", where)
    told = body.get(params.key) if isinstance(body, dict) else None
    if told == wanted:
        return passed(expected, "It does.", where)
    if not told:
        return failed(expected, "The program bears no token.", where)
    return failed(
        expected,
        f'It tells "{excerpt(str(told), 40)}", and yours is "{excerpt(wanted, 40)}".',
        where,
        why="A token that is not yours comes with a program that is not yours.",
    )
