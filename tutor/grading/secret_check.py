"""The check on what must not be in an image at all."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.grading.rule import Case, Finding, Params, failed, not_tried, passed, rule, unknown
from tutor.grading.subject import image_of, why_no_image
from tutor.grading.words import counted, listed


class Secret(Params, frozen=True):
    """Parameters of secret_is_nowhere."""

    marker: Annotated[str, Meta(min_length=6, description="A text that only the secret holds.")]


@rule(
    title="The secret is nowhere in the image",
    why="Layers only add up. A file removed in a later step is still shipped in the one before.",
    next_step="Keep it out of the context with .dockerignore, and out of ARG and ENV.",
    subjects=("image",),
)
def secret_is_nowhere(case: Case[Secret]) -> Finding:
    """No file of any layer, no name, no history record and no setting of the image holds the text.

    Every layer of the image that ships is searched, also files that a later layer hides. Text that
    was compressed or encoded is not found.
    """
    expected = "No layer, no history record and no setting of the image holds the secret."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    trials = case.evidence.trials
    if trials.sightings is None or case.params.marker not in trials.searched:
        return not_tried(case, "sightings", expected)
    places = [seen.where for seen in trials.sightings if seen.marker == case.params.marker]
    if places:
        return failed(expected, f"It is in {counted(len(places), 'place')}: {listed(places, 4)}.", places[0])
    return passed(expected, f"It is in none of {counted(len(image.layers), 'layer')}.")
