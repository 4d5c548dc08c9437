"""Giving one of our names to an image."""

from __future__ import annotations

import docker.errors

from tutor.core.errors import ImageNotFound
from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import translate
from tutor.engine.docker.reference import split_reference


async def tag_image(connection: Connection, image_id: str, reference: str) -> None:
    """Let ``reference`` name this image.

    Raises:
        ImageNotFound: the image is not there.
    """
    repository, tag = split_reference(reference)
    try:
        await connection.attempt("tagging", connection.api.tag, image_id, repository, tag=tag)
    except docker.errors.NotFound as fault:
        raise ImageNotFound(
            f"the image {image_id[:19]} is not there any more", next_step="Build it again."
        ) from fault
    except docker.errors.APIError as fault:
        raise translate(fault, "tagging") from fault
