"""Names of images, as engines write them."""

from __future__ import annotations


def full_reference(reference: str) -> str:
    """A reference as the engine lists it: with a tag, without the default registry."""
    for prefix in ("docker.io/library/", "docker.io/", "localhost/"):
        reference = reference.removeprefix(prefix)
    if "@" in reference:
        return reference
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def split_reference(reference: str) -> tuple[str, str]:
    """Repository, and tag or digest, as the API wants them."""
    repository, at, digest = reference.partition("@")
    if at:
        return repository, digest
    stem, colon, tag = reference.rpartition(":")
    return (stem, tag) if colon and "/" not in tag else (reference, "latest")
