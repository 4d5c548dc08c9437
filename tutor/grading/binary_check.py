"""Checks on the program that an image starts: read from its bytes, never from names or flags."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import ImageEvidence
from tutor.grading.origin import first_layer, is_run
from tutor.grading.provenance_check import started_program
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.subject import image_of, kept_stages, tag_of, why_no_image
from tutor.grading.words import excerpt, listed, megabytes


def _no_program(image: ImageEvidence, expected: str) -> Finding | None:
    """Why the image's program cannot be looked at; None when it can."""
    if image.elf is not None:
        return None
    command = " ".join(image.config.start_command)
    programs = [program.path for program in image.programs]
    holds = f"It holds {listed(programs)}." if programs else "It holds no program."
    if not command:
        return failed(
            expected,
            f"The image names no program to start. {holds}",
            next_step='End the last stage with ENTRYPOINT ["/path/of/the/program"].',
        )
    if not image.entrypoint_path:
        name = image.config.start_command[0]
        return failed(
            expected,
            f"The image starts {excerpt(command)}, and {name} is not in it. {holds}",
            next_step="Let ENTRYPOINT, as a list in brackets, name the program by its path.",
        )
    return failed(
        expected, f"{image.entrypoint_path}, which the image starts, is not a compiled program (no ELF file)."
    )


@rule(
    title="The program is static",
    why="An empty image has no loader and no libraries, so the program must ask for none.",
    next_step="Compile with CGO_ENABLED=0 and without -buildmode=pie or an external linker.",
    subjects=("image",),
    needs_program=True,
)
def binary_is_static(case: Case[Params]) -> Finding:
    """The program asks for no loader and needs no shared libraries: read from its ELF headers."""
    expected = "The program asks for no loader (interpreter) and needs no shared libraries."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    missing = _no_program(image, expected)
    if missing is not None or image.elf is None:
        return missing or unknown(expected, "Nothing is known of the program.")
    elf = image.elf
    asks = [f"the loader {elf.interpreter}"] if elf.interpreter else []
    asks += [f"the library {name}" for name in elf.needed]
    if elf.is_static:
        return passed(expected, f"It asks for nothing ({elf.machine}, {elf.kind}).", image.entrypoint_path)
    return failed(expected, f"It asks for {listed(asks)}.", f"{image.entrypoint_path}, ELF headers")


@rule(
    title="The program is stripped",
    why="Symbols and debug data serve debuggers; the service runs the same without.",
    next_step='Link with -ldflags="-s -w".',
    subjects=("image",),
    needs_program=True,
)
def binary_is_stripped(case: Case[Params]) -> Finding:
    """The program holds no symbol table and no debug sections, under those names or any other.

    Read from its ELF headers. What is never loaded into memory and is more than a linker's notes
    was hidden: in sections with other names, or behind a list of sections that was wiped.
    """
    expected = "The program holds no symbol table and no debug sections."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    missing = _no_program(image, expected)
    if missing is not None or image.elf is None:
        return missing or unknown(expected, "Nothing is known of the program.")
    elf = image.elf
    if elf.is_stripped:
        return passed(expected, "It holds neither.", image.entrypoint_path)
    holds = ["a symbol table"] if elf.has_symbol_table else []
    holds += ["debug sections"] if elf.has_debug_sections else []
    holds = holds or [f"{megabytes(elf.unloaded_bytes)} that are never loaded, under other names"]
    return failed(expected, f"It holds {listed(holds)}.", f"{image.entrypoint_path}, ELF sections")


class MainModule(Params, frozen=True):
    """Parameters of binary_was_built_here."""

    module: Annotated[
        str, Meta(description="The main module the program has to come from; empty for any.")
    ] = ""


@rule(
    title="The program was compiled by this Dockerfile",
    why="A program that was made elsewhere shows nothing of this build.",
    next_step="Compile in the builder stage with RUN go build, and COPY --from that stage.",
    subjects=("image",),
    needs_program=True,
)
def binary_was_built_here(case: Case[MainModule]) -> Finding:
    """The started program first appears in a RUN step of a kept stage, and Go built it.

    Sound for programs that come with the context or the base image, for a BusyBox in disguise, and
    for programs that are not Go: none of them passes. Not sound against a RUN step that unpacks a
    program hidden in another file: only a build from the grader's own source could tell. A program
    compiled before to the very same bytes, and brought along by COPY, is refused: nobody can tell.
    """
    expected = "A RUN step of an earlier stage made the very program that the image starts."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    missing = _no_program(image, expected)
    if missing is not None:
        return missing
    stages = kept_stages(case.evidence, tag_of(case.spec))
    if not stages and len(case.evidence.stages) > 1:
        return unknown(expected, "No earlier stage was kept, so the program cannot be compared.")
    program = started_program(image)
    if program is None:
        return unknown(expected, "The evidence holds no digest of the program.")
    places = [*stages, ("", image)] if len(case.evidence.stages) == 1 else list(stages)
    for name, stage in places:
        layer = first_layer(stage, program.sha256)
        if layer is not None:
            return _judged(expected, image, case.params.module, name, stage, layer)
    names = listed([name for name, _ in stages]) or "there is none"
    return failed(
        expected,
        f"{image.entrypoint_path} is in no earlier stage ({names}).",
        image.entrypoint_path,
    )


def _judged(
    expected: str, image: ImageEvidence, module: str, name: str, stage: ImageEvidence, layer: int
) -> Finding:
    made_by = stage.layers[layer].created_by if layer < len(stage.layers) else ""
    place = f"stage {name}, layer {layer + 1}" if name else f"layer {layer + 1}"
    if not made_by and not any(facts.created_by for facts in stage.layers):
        return unknown(expected, "The image's history does not tell which step made the program.", place)
    if not is_run(made_by):
        came_with = f'"{excerpt(made_by)}"' if made_by else "the base image"
        return failed(
            expected,
            f"The program was not made by a RUN step. It came with {came_with}.",
            place,
            next_step="Name compiled programs in .dockerignore, and let RUN compile.",
        )
    if image.go is None:
        return failed(
            expected,
            "The program bears no mark of the Go toolchain: it is not Go, or was packed after.",
            place,
        )
    # go build FILE.go leaves the module out: then only the place speaks.
    if module and image.go.main_module not in ("", module):
        return failed(
            expected,
            f"The program is {image.go.main_module}, not the service of this lesson ({module}).",
            place,
            next_step="Compile the service in the folder, not another module.",
        )
    return passed(expected, f'It was made by "{excerpt(made_by)}".', place)
