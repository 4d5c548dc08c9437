from __future__ import annotations

from tests.unit.grading.evidence_value import TAG, builder, final, good, spec
from tutor.core.evidence import StageFacts
from tutor.core.verdict import Outcome
from tutor.grading.check import CHECKS

BELOW = CHECKS["image_is_smaller_than_stage"]
SMALL = CHECKS["image_is_smaller_than"]
RATIO = spec("image_is_smaller_than_stage", stage="builder", ratio=0.10)


def test_a_fortieth_of_the_builder_is_below_a_tenth() -> None:
    verdict = BELOW(good(), RATIO)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.actual == "It is 6.90 MB: 2.6 % of stage builder (269 MB)."


def test_exactly_a_tenth_is_not_below_a_tenth() -> None:
    images = {TAG: final(unpacked_bytes=10), f"{TAG}/builder": builder(unpacked_bytes=100)}
    assert BELOW(good(images=images), RATIO).outcome is Outcome.FAILED


def test_an_image_as_large_as_its_builder_fails_and_names_the_heaviest_layer() -> None:
    big = builder()
    verdict = BELOW(good(images={TAG: big, f"{TAG}/builder": big}), RATIO)
    assert verdict.outcome is Outcome.FAILED
    assert "100.0 % of stage builder" in verdict.actual
    assert verdict.where == "layer 1 of 3 holds 198 MB"


def test_a_stage_of_another_name_is_found_by_its_size() -> None:
    images = {TAG: final(), f"{TAG}/0": builder(), f"{TAG}/tools": builder(unpacked_bytes=5)}
    verdict = BELOW(good(images=images), RATIO)
    assert verdict.outcome is Outcome.PASSED
    assert "stage 0" in verdict.actual


def test_the_named_stage_is_compared_with_even_when_another_is_larger() -> None:
    images = {TAG: final(), f"{TAG}/builder": builder(unpacked_bytes=7_000_000), f"{TAG}/other": builder()}
    assert BELOW(good(images=images), RATIO).outcome is Outcome.FAILED
    assert BELOW(good(images=images), spec("image_is_smaller_than_stage")).outcome is Outcome.PASSED


def test_a_single_stage_cannot_be_smaller_than_its_builder() -> None:
    stages = (StageFacts(0, "", "golang", 1),)
    verdict = BELOW(good(stages=stages, images={TAG: final()}), RATIO)
    assert verdict.outcome is Outcome.FAILED
    assert "its own builder" in verdict.actual


def test_a_stage_that_was_not_measured_is_not_the_learners_fault() -> None:
    verdict = BELOW(good(images={TAG: final()}), RATIO)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "builder" in verdict.actual


def test_no_image_is_unknown() -> None:
    assert BELOW(good(images={}), RATIO).outcome is Outcome.UNKNOWN
    assert SMALL(good(images={}), spec("image_is_smaller_than", max_bytes=5)).outcome is Outcome.UNKNOWN


def test_a_limit_in_bytes_is_below_not_at() -> None:
    assert SMALL(good(), spec("image_is_smaller_than", max_bytes=6_900_001)).outcome is Outcome.PASSED
    verdict = SMALL(good(), spec("image_is_smaller_than", max_bytes=6_900_000))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.expected == "The image is smaller than 6.90 MB (unpacked)."
    assert "6900000 bytes" in verdict.actual
    assert "COPY /app /app" in verdict.where


def test_a_stage_can_be_the_subject() -> None:
    stage = spec("image_is_smaller_than", f"stage.{TAG}.builder", max_bytes=300_000_000)
    assert "269 MB" in SMALL(good(), stage).actual
