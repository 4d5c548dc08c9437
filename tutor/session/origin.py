"""Which Dockerfile an image was built from: kept by image id, so that later edits explain nothing wrongly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tutor.core.image import BuiltImage
    from tutor.core.ports import ProgressStore


def note_origin(store: ProgressStore, images: Iterable[BuiltImage], text: str) -> None:
    """These images were built from a Dockerfile of this text."""
    for image in images:
        store.cache_evidence(_key(image.image_id), json.dumps(text))


def origin_of(store: ProgressStore, image_id: str) -> Dockerfile | None:
    """What an image was built from; None when that is not known, or cannot be read."""
    stored = store.cached_evidence(_key(image_id))
    if not stored:
        return None
    try:
        text = json.loads(stored)
        return parse_dockerfile(text) if isinstance(text, str) else None
    except (ValueError, DockerfileError):
        return None


def _key(image_id: str) -> str:
    return f"dockerfile/{image_id}"
