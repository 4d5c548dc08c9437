"""What went wrong between us and the engine, as an error of ours."""

from __future__ import annotations

import re

import docker.errors
import requests.exceptions
import urllib3.exceptions

from tutor.core.errors import EngineError, EngineLost, ImageNotFound, NoSpaceLeft
from tutor.core.text import clean_line

LINK_FAULTS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,  # http.client reading from a socket that was closed under it
    AttributeError,  # the same, seen by another line of it
)
"""What the SDK lets through when the connection breaks."""

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_LOST = re.compile(
    r"error reading from server: EOF|transport is closing|code = Unavailable|"
    r"Cannot connect to the Docker daemon|closing transport|use of closed network connection|"
    r"error during connect",
)
_TAKEN_AWAY = re.compile(
    r"^failed to (export image|get digest|set parent)\b.*(unknown parent image ID|no such file or directory)"
)
"""How Docker 20.10's classic builder ends when an image that it has just made is removed."""
SPACE_STEP = (
    "Free some space: `docker system df` shows what takes it, `fromscratch clean` removes what is ours."
)
LOST_STEP = "Start the engine again, then repeat the step. Nothing that was marked as done is lost."


def api_text(fault: docker.errors.APIError) -> str:
    """The engine's own text of an API error, on one line."""
    return clean_line(str(fault.explanation or fault))


def says_no_space(text: str) -> bool:
    """Whether an engine's text means a full disk."""
    return _NO_SPACE.search(text) is not None


def says_lost(text: str) -> bool:
    """Whether the text of a builder means that the engine itself went away."""
    return _LOST.search(text) is not None


def says_taken_away(text: str) -> bool:
    """Whether the text of a builder means that somebody removed what the build had made."""
    return _TAKEN_AWAY.search(text) is not None


def translate(fault: BaseException, doing: str) -> EngineError:
    """The error of ours for one of the SDK's. ``doing`` completes "while …"."""
    if isinstance(fault, EngineError):
        return fault
    if isinstance(fault, docker.errors.APIError):
        text = api_text(fault)
        if says_no_space(text):
            return no_space(text)
        return EngineError(f"the engine refused while {doing}: {text}")
    return EngineLost(
        f"the engine does not answer any more (while {doing}: {clean_line(str(fault), 200)})",
        next_step=LOST_STEP,
    )


def no_space(text: str) -> NoSpaceLeft:
    """The error for a full disk, with the engine's own text."""
    return NoSpaceLeft(f"the engine's disk is full: {clean_line(text, 300)}", next_step=SPACE_STEP)


def taken_away(text: str) -> ImageNotFound:
    """The error for an image of a build that somebody removed before the build was over."""
    return ImageNotFound(
        f"something removed an image that this build had just made: {clean_line(text, 300)}",
        next_step="Nothing in your files is wrong. Build again.",
    )
