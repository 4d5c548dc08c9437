"""Base images that are not here, and how they could be obtained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BasePlan:
    """How a base image that is not here could be obtained."""

    reference: str
    pull_bytes: int | None = None
    """What a pull would download, asked of the registry; None when no registry answers."""
    registry_error: str = ""
    """Why the registry gave no answer."""
    stand_in: bool = False
    """Whether a labelled stand-in can be made here."""
    stand_in_note: str = ""
    """What the stand-in is, or what is missing to make one."""
    kit_bytes: int | None = None
    """What the imported class kit holds of it, ready to be loaded; None when it holds none."""

    @property
    def ways(self) -> tuple[str, ...]:
        """How it can be obtained, the cheapest first: ``kit``, ``pull``, ``stand-in``.

        The kit before a pull: it is here already, and a class would pull as many times as it has heads.
        """
        can = {
            "kit": self.kit_bytes is not None,
            "pull": self.pull_bytes is not None,
            "stand-in": self.stand_in,
        }
        return tuple(way for way, possible in can.items() if possible)


def normalised(reference: str) -> str:
    """With a tag, and without Docker Hub's own prefix: ``golang:1.21-alpine``."""
    for prefix in ("docker.io/library/", "index.docker.io/library/", "docker.io/"):
        reference = reference.removeprefix(prefix)
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"
