"""What NEXT does to the workspace and to the engine, as a lesson asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Expectation(StrEnum):
    """How a live step is meant to end."""

    SUCCESS = "success"
    FAILURE = "failure"
    """A lab, broken on purpose: the error is the lesson."""
    ANY = "any"


class ShowKind(StrEnum):
    """What a ``show`` tells of an image, of its container or of its build context."""

    FILES = "files"
    CONTAINER = "container"
    """Files of the running container that the image does not hold."""
    LAYERS = "layers"
    LOG = "log"
    """What the running container wrote."""
    BINARY = "binary"
    """Loader, needed libraries, static or not, stripped or not, Go version."""
    SECTIONS = "sections"
    MODULES = "modules"
    """Go build info: a claim that the program makes of itself."""
    SYMBOLS = "symbols"
    SURFACE = "surface"
    """Files, executables, setuid files, OS packages and Go modules: the largest stage against the image."""
    CONFIG = "config"
    CONTEXT = "context"
    """What a build sends, with and without .dockerignore."""
    COMPARE = "compare"
    """All images of the lesson's tags, side by side."""


@dataclass(frozen=True, slots=True)
class Build:
    """Build the workspace. ``tag`` names the image within its lesson."""

    tag: str
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    args: tuple[tuple[str, str], ...] = ()
    """Build arguments, in the order written."""
    file: str = "Dockerfile"
    """Which Dockerfile of the workspace."""
    use_cache: bool = True
    say: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Start the image and leave it running for the probes."""

    tag: str
    port: int | None = None
    """Container port; else EXPOSE, else 8080."""
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    read_only: bool = False
    user: str = ""
    env: tuple[tuple[str, str], ...] = ()
    say: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the running container for these paths."""

    tag: str
    paths: tuple[str, ...]
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class Exec:
    """Run a command in the running container. Goes well when it exits with 0."""

    tag: str
    argv: tuple[str, ...]
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Copy one file out of the running container into the workspace."""

    tag: str
    path: str
    """Absolute, inside the container."""
    to: str
    """Name in the workspace."""
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class Show:
    """Tell measured facts as lines."""

    tag: str
    what: ShowKind
    stage: str = ""
    """A kept stage in place of the final image; empty for the final one."""
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask a path, send SIGTERM while it is answered. Goes well when the answer is 200."""

    tag: str
    during: str
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class RunHealthcheck:
    """Run the image's HEALTHCHECK command once inside, as the engine would."""

    tag: str
    expect: Expectation = Expectation.SUCCESS
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class BuildTwice:
    """Build twice without cache and compare the program's bytes."""

    tag: str
    line: int = 0
    say: str = ""


@dataclass(frozen=True, slots=True)
class Lay:
    """Write files of the lesson into the workspace; what was there is kept aside."""

    source: str
    """Folder inside the lesson's folder."""
    say: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """The tutor itself edits one line of a file, so that a rebuild can be timed."""

    file: str
    say: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """The learner changes a file. Done when it changed, or when Enter is pressed a second time."""

    say: str
    file: str = "Dockerfile"
    line: int = 0


OnImage: TypeAlias = Build | Run | Probe | Exec | Fetch | Show | Stop | RunHealthcheck | BuildTwice
"""What is done to one image or its container; has a tag."""
OnFiles: TypeAlias = Lay | Change | Edit
Do: TypeAlias = OnImage | OnFiles
