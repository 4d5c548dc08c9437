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
