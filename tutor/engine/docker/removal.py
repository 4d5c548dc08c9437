"""Taking away what is ours, by id, and nothing that hangs on it by chance."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import docker.errors

from tutor.engine.docker.connection import Connection
from tutor.engine.docker.fault import api_text
from tutor.engine.docker.reference import full_reference

OUR_NAMESPACE = "fromscratch/"


async def inspect_image(connection: Connection, reference: str) -> dict[str, Any] | None:
    """What the engine knows of an image; None when it is not there."""
    return await connection.find(f"looking at {reference}", connection.api.inspect_image, reference)


async def remove_image(connection: Connection, image_id: str, our_references: Collection[str]) -> str:
    """Remove an image that is known to be ours.

    Tags that others gave it keep it. Parents are not touched: they have their own record.

    Returns:
        Why it was left; empty when it is gone.
    """
    found = await inspect_image(connection, image_id)
    if found is None:
        return ""
    ours = {full_reference(reference) for reference in our_references}
    tags = [tag for tag in found.get("RepoTags") or () if tag != "<none>:<none>"]
    foreign = [
        tag
        for tag in tags
        if full_reference(tag) not in ours and not full_reference(tag).startswith(OUR_NAMESPACE)
    ]
    for tag in tags:
        if tag not in foreign and (reason := await untag(connection, tag)):
            return reason
    if foreign:
        return f"it also bears the tag {foreign[0]}"
    # An image that others are built on outlives its last tag.
    return await untag(connection, image_id)


async def untag(connection: Connection, reference: str) -> str:
    """Remove a tag, and the image when that was its last; or an image that has none.

    Returns:
        Why it was left; empty when it is gone.
    """
    try:
        await connection.attempt(
            f"removing {reference}", connection.api.remove_image, reference, force=False, noprune=True
        )
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as fault:
        return api_text(fault)
    return ""


async def remove_images(
    connection: Connection, image_ids: Iterable[str], our_references: Collection[str]
) -> dict[str, str]:
    """Remove images that are ours, children before parents.

    Returns:
        What was left, and why, by id.
    """
    left = dict.fromkeys(image_ids, "")
    while left:
        before = len(left)
        # Newest first is children first, almost always; the outer loop takes care of the rest.
        for image_id in reversed(list(left)):
            reason = await remove_image(connection, image_id, our_references)
            if reason:
                left[image_id] = reason
            else:
                del left[image_id]
        if len(left) == before:
            break
    return left


async def remove_container(connection: Connection, container_id: str) -> str:
    """Kill and remove a container of ours; returns why it was left, empty when it is gone."""
    try:
        await connection.attempt(
            "removing a container", connection.api.remove_container, container_id, v=True, force=True
        )
    except docker.errors.NotFound:
        return ""
    except docker.errors.APIError as fault:
        text = api_text(fault)
        return "" if "already in progress" in text else text
    return ""


async def descendants(
    connection: Connection,
    image_ids: Collection[str],
    bases: Collection[str] = (),
    window: tuple[float, float] = (0.0, 0.0),
) -> list[str]:
    """Untagged images that were made on top of these, oldest first.

    Such an image is a later step of the same build, made before its id could be written down. So is a
    first step: one made on one of ``bases`` within ``window``, in seconds since 1970.
    """
    rows: list[dict[str, Any]] = await connection.call("listing images", connection.api.images, all=True)
    known = set(image_ids)
    found: list[str] = []
    grown = True
    while grown:
        grown = False
        for row in sorted(rows, key=lambda row: row.get("Created") or 0):
            parent, made = row.get("ParentId", ""), float(row.get("Created") or 0)
            # The list gives whole seconds.
            first = parent in bases and int(window[0]) <= made <= window[1]
            if row["Id"] in known or not (parent in known or first):
                continue
            if not [tag for tag in row.get("RepoTags") or () if tag != "<none>:<none>"]:
                known.add(row["Id"])
                found.append(row["Id"])
                grown = True
    return found
