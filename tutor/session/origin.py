"""Which Dockerfile an image was built from: kept by image id, so that later edits explain nothing wrongly."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tutor.core.image import BuiltImage
    from tutor.core.store import ProgressStore


def note_origin(store: ProgressStore, images: Iterable[BuiltImage], text: str) -> None:
    """These images were built from a Dockerfile of this text."""
    for image in images:
        store.cache_evidence(_key(image.image_id), json.dumps(text))


def origin_text(store: ProgressStore, image_id: str) -> str | None:
    """The text of the Dockerfile that an image was built from; None when that is not known."""
    stored = store.cached_evidence(_key(image_id))
    with contextlib.suppress(ValueError):
        text = json.loads(stored or "null")
        return text if isinstance(text, str) else None
    return None


def origin_of(store: ProgressStore, image_id: str) -> Dockerfile | None:
    """What an image was built from; None when that is not known, or cannot be read."""
    text = origin_text(store, image_id)
    with contextlib.suppress(DockerfileError):
        return parse_dockerfile(text) if text is not None else None
    return None


def _key(image_id: str) -> str:
    return f"dockerfile/{image_id}"
