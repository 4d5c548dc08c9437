"""Checks on sizes. The size is the unpacked one: the same on every engine and store."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import ImageEvidence
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.subject import image_of, kept_stages, stage_key, tag_of, why_no_image
from tutor.grading.words import listed, megabytes, percent

_LARGEST = "largest"


class SizeLimit(Params, frozen=True):
    """Parameters of image_is_smaller_than."""

    max_bytes: Annotated[int, Meta(gt=0, description="The image has to be smaller than this many bytes.")]


class StageRatio(Params, frozen=True):
    """Parameters of image_is_smaller_than_stage."""

    stage: Annotated[
        str,
        Meta(description='A stage\'s name; where none has it, or with "largest": the largest.'),
    ] = _LARGEST
    ratio: Annotated[
        float, Meta(gt=0, le=1, description="Largest part of that stage's size: 0.10 is a tenth.")
    ] = 0.10


class Par(Params, frozen=True):
    """Parameters of image_is_within_par."""

    bytes: Annotated[
        Annotated[int, Meta(gt=0)] | None,
        Meta(description="A good size in bytes; without it, the lesson's par_bytes."),
    ] = None
    margin: Annotated[
        float, Meta(ge=0, le=1, description="How much larger it may be: 0.05 is a twentieth.")
    ] = 0.05


def _largest_layer(image: ImageEvidence) -> str:
    if not image.layers:
        return "the image has no layers"
    index = max(range(len(image.layers)), key=lambda number: image.layers[number].unpacked_bytes)
    layer = image.layers[index]
    made = f", made by {layer.created_by[:100]}" if layer.created_by else ""
    return f"layer {index + 1} of {len(image.layers)} holds {megabytes(layer.unpacked_bytes)}{made}"


@rule(
    title="The image is small enough",
    why="What is not in an image need not be stored, shipped, or mended.",
    next_step="Look at the bytes pane: it shows which layer and which files weigh most.",
    subjects=("image", "stage"),
)
def image_is_smaller_than(case: Case[SizeLimit]) -> Finding:
    """The image's unpacked size is below a number of bytes."""
    expected = f"The image is smaller than {megabytes(case.params.max_bytes)} (unpacked)."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    actual = f"It is {megabytes(image.unpacked_bytes)} ({image.unpacked_bytes} bytes)."
    if image.unpacked_bytes < case.params.max_bytes:
        return passed(expected, actual)
    return failed(expected, actual, _largest_layer(image))


@rule(
    title="The image is much smaller than the stage that built it",
    why="What only compiling needs should not be shipped.",
    next_step="See which stage the last FROM begins with, and how much COPY --from takes out of the other.",
    subjects=("image",),
    after=("image_builds", "dockerfile_has_stages"),
)
def image_is_smaller_than_stage(case: Case[StageRatio]) -> Finding:
    """The image is below a part of the size of the stage that built it.

    Learners name their stages as they like: where none has the name that the lesson uses, the
    largest kept stage is compared with.
    """
    expected = f"The image is smaller than {case.params.ratio * 100:g} % of its builder stage."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    kept = kept_stages(case.evidence, tag_of(case.spec))
    if not kept:
        if len(case.evidence.stages) > 1:
            names = listed([stage_key(stage) for stage in case.evidence.stages[:-1]])
            return unknown(expected, f"No size is known of any earlier stage ({names}).")
        return failed(
            expected,
            f"There is one stage only, so the image ({megabytes(image.unpacked_bytes)}) is its own builder.",
            "Dockerfile",
            next_step="Begin a second stage with FROM, and COPY --from the first one what running needs.",
        )
    named = dict(kept).get(case.params.stage.lower())
    name, stage = (
        (case.params.stage.lower(), named)
        if named is not None
        else max(kept, key=lambda item: item[1].unpacked_bytes)
    )
    actual = (
        f"It is {megabytes(image.unpacked_bytes)}: {percent(image.unpacked_bytes, stage.unpacked_bytes)} "
        f"of stage {name} ({megabytes(stage.unpacked_bytes)})."
    )
    if image.unpacked_bytes < case.params.ratio * stage.unpacked_bytes:
        return passed(expected, actual)
    return failed(expected, actual, _largest_layer(image))


@rule(
    title="The image is within par",
    why="Par is what a good answer weighs. Less is possible, more means that something came along.",
    next_step="Look at the bytes pane: compare its parts with what the service needs.",
    subjects=("image",),
)
def image_is_within_par(case: Case[Par]) -> Finding:
    """The image's unpacked size is at most the lesson's par, and a small margin."""
    par = case.params.bytes or case.evidence.par_bytes
    if par is None:
        return unknown("The image is within par.", "The lesson names no par.")
    limit = round(par * (1 + case.params.margin))
    expected = f"The image is at most {megabytes(limit)}: par is {megabytes(par)}."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    size = image.unpacked_bytes
    if size <= limit:
        side = "under" if size <= par else "over"
        return passed(expected, f"It is {megabytes(size)}, {megabytes(abs(size - par))} {side} par.")
    return failed(
        expected, f"It is {megabytes(size)}, {megabytes(size - par)} over par.", _largest_layer(image)
    )
