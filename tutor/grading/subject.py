"""What a check is made on: the image, container or exchange that its ``on`` names."""

from __future__ import annotations

from tutor.core.evidence import Evidence, ImageEvidence, StageFacts
from tutor.core.lesson import CheckSpec


def tag_of(spec: CheckSpec) -> str:
    """``multi`` of ``image.multi``, ``container.multi`` and ``stage.multi.builder``; else empty."""
    parts = spec.on.split(".")
    return parts[1] if len(parts) > 1 else ""


def image_key(spec: CheckSpec) -> str:
    """The key of the image in the evidence: ``multi``, or ``multi/builder`` for a stage."""
    parts = spec.on.split(".")
    if parts[0] == "stage" and len(parts) > 2:
        return f"{parts[1]}/{'.'.join(parts[2:]).lower()}"
    return tag_of(spec)


def image_of(evidence: Evidence, spec: CheckSpec) -> ImageEvidence | None:
    """The image a check is made on; None when the evidence holds none."""
    return evidence.images.get(image_key(spec))


def why_no_image(evidence: Evidence, spec: CheckSpec) -> str:
    """Why the evidence holds no image for this check."""
    if not evidence.build.succeeded:
        return "There is no image, since the build failed."
    return f'The evidence holds no image "{image_key(spec)}".'


def stage_key(stage: StageFacts) -> str:
    """What a kept stage is filed under: its name, or its number."""
    return stage.name or str(stage.index)


def kept_stages(evidence: Evidence, tag: str) -> tuple[tuple[str, ImageEvidence], ...]:
    """The stages that were kept as images, in the order of the Dockerfile."""
    prefix = f"{tag}/"
    order = {stage_key(stage): stage.index for stage in evidence.stages}
    found = [
        (key.removeprefix(prefix), image) for key, image in evidence.images.items() if key.startswith(prefix)
    ]
    return tuple(sorted(found, key=lambda item: (order.get(item[0], len(order)), item[0])))
