"""The facts that a prediction is laid beside, and that prose shows live."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tutor.core.lesson import Unit

MEASURES: dict[str, Unit] = {
    "image.TAG.unpacked_bytes": Unit.MEGABYTES,
    "image.TAG.file_count": Unit.NUMBER,
    "image.TAG.executable_count": Unit.NUMBER,
    "stage.TAG.STAGE.unpacked_bytes": Unit.MEGABYTES,
    "base.unpacked_bytes": Unit.MEGABYTES,
    "packed.TAG.bytes": Unit.MEGABYTES,
    "reduction.TAG.percent": Unit.PERCENT,
    "smaller.TAG.OTHER.percent": Unit.PERCENT,
    "binary.TAG.is_static": Unit.YES_NO,
    "binary.TAG.is_stripped": Unit.YES_NO,
    "binary.TAG.size_bytes": Unit.MEGABYTES,
    "build.TAG.succeeds": Unit.YES_NO,
    "build.TAG.elapsed_seconds": Unit.SECONDS,
    "build.TAG.cached_steps": Unit.NUMBER,
    "build.TAG.context_bytes": Unit.MEGABYTES,
    "container.TAG.starts": Unit.YES_NO,
    "container.TAG.reachable": Unit.YES_NO,
    "endpoint.PATH.status": Unit.NUMBER,
    "exec.TAG.works": Unit.YES_NO,
    "stop.TAG.exit_code": Unit.NUMBER,
    "stop.TAG.request_answered": Unit.YES_NO,
    "stop.TAG.elapsed_seconds": Unit.SECONDS,
    "health.TAG.exit_code": Unit.NUMBER,
    "twice.TAG.same": Unit.YES_NO,
}
"""Each measure with the unit it is asked in. ``reduction`` is final against its builder stage."""

_NAME = r"[a-z0-9][a-z0-9_-]*"
_PARTS = {
    "TAG": rf"(?P<tag>{_NAME})",
    "OTHER": rf"(?P<other>{_NAME})",
    "STAGE": rf"(?P<stage>{_NAME})",
    "PATH": r"(?P<path>/\S*)",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure as a lesson names it. Parts that it does not have are empty."""

    kind: str
    """Its form, a key of :data:`MEASURES`."""
    unit: Unit
    tag: str = ""
    stage: str = ""
    path: str = ""
    other: str = ""
    """The tag that ``tag`` is compared with."""


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(r"\.".join(_PARTS.get(part, part) for part in form.split(".")))


_PATTERNS = {form: _pattern(form) for form in MEASURES}


def parse_measure(name: str) -> Measure | None:
    """The measure of this name; None when there is none."""
    for form, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(name):
            return Measure(form, MEASURES[form], **match.groupdict())
    return None


def nearest_measure(name: str) -> str:
    """The form nearest to a name that is none, or all forms: what to write instead."""
    from tutor.catalog.problem import one_of

    words = name.split(".")
    if len(words) > 1:
        # The parts an author chooses say nothing of which form was meant.
        for form in MEASURES:
            parts = form.split(".")
            if parts[0] == words[0] and len(parts) == len(words):
                words = [part if part.isupper() else word for word, part in zip(words, parts, strict=True)]
                break
    return one_of(MEASURES, ".".join(words))
