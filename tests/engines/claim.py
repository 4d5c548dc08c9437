"""The lab report's fourteen claims, by number: where each is tested, and what the screen has to show."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """Where a claim is tested, and what has to stand on the screen there."""

    claim: int
    lesson: str
    step: str
    seen: tuple[str, ...]
    """Regular expressions over the words of the screen."""

    def missing(self, read: str) -> list[str]:
        """What does not stand in it."""
        return [words for words in self.seen if not re.search(words, read)]


# Two bars: the base as it is pulled, and what compiling makes of it.
BASE_AND_STAGE = (
    r"golang:1.21-alpine alone\? you 20 MB measured \d+ MB .*"
    r"built on it\? you 20 MB measured \d+ MB"
)
TRUTHS = (
    Truth(1, "one-big-image", "Guess, then build", (BASE_AND_STAGE,)),
    Truth(1, "one-big-image", "Where the bytes are", ("Both can be right", "Say which one you measured")),
    Truth(
        2,
        "two-stages",
        "Guess, then build",
        (
            "Layers of multi, stage builder",
            r"RUN /bin/sh -c CGO_ENABLED=0 go build",
            "holds the compiler's cache",
        ),
    ),
    Truth(
        3, "two-stages", "Run it", ("The image holds only what you copied", "The engine adds them at start")
    ),
    Truth(
        3,
        "inside-scratch",
        "What else is in there",
        ("1 file", "/etc/hosts", "/etc/resolv.conf", "/proc/", "is true of the image"),
    ),
    Truth(
        4, "static-linking", "Nearly the same file", ("exec /app: no such file or directory", "measured no")
    ),
    Truth(
        4,
        "static-linking",
        "Lab: only CGO_ENABLED=0",
        (
            "CGO_ENABLED=0 go build -buildmode=pie",
            r"Is its program static\? you yes measured no",
            r"loader /lib\S+",
            "exec /app: no such file or directory",
            "CGO_ENABLED=0 is not enough",
        ),
    ),
    Truth(
        4,
        "static-linking",
        "Lab: nothing at all",
        (r"Is its program static\? you yes measured yes", "200 /health", "was not needed here"),
    ),
    Truth(
        5,
        "what-scratch-lacks",
        "Self-contained?",
        ("500 /https", "500 /time", "500 /temp", "500 /user", "Self-contained it is not"),
    ),
    Truth(
        6,
        "stripping",
        "Without what debuggers read",
        (
            r"how much smaller is the image\? you 20 % measured (2[5-9]|3\d)\.\d %",
            r"from \d\.\d MB to \d\.\d MB packed",
        ),
    ),
    Truth(
        6,
        "stripping",
        "Each one alone",
        (
            r"than -s alone\? you 20 % measured 0\.0 %",
            "On Linux -s drops both",
            "-w alone keeps the symbol table",
        ),
    ),
    Truth(7, "stripping", "What no longer works", ("There is no symbol table", "The trace of a panic")),
    Truth(
        7, "stripping", "/boom", (r"panic serving", r"main\.pick", r"doors\.go:\d+", "have lost their eyes")
    ),
    Truth(
        7,
        "stripping",
        "What it says of itself",
        ("-ldflags=-s -w", "example.com/fromscratch/service", r"go1\.21"),
    ),
    Truth(
        8,
        "any-linux",
        "Lab: the other processor",
        (
            r"And will a container of it start here\? you yes measured no",
            "exec format error",
            "AArch64|arm64|aarch64",
        ),
    ),
    Truth(
        8, "any-linux", "exec format error", ("of the same processor whose kernel is new enough", r"2\.6\.32")
    ),
    Truth(
        9,
        "stripping",
        "One size, three numbers",
        (
            r"has \d\.\d MB unpacked",
            r"Packed it has \d\.\d MB",
            "keeps it packed as well, and counts both",
            r"unpacked [\d ]+ bytes compared and graded",
            r"listed [\d.]+ MB what this engine's own list says",
        ),
    ),
    Truth(9, "from-an-empty-file", "Par and golf", (r"Yours is \d\.\d MB", "grades no number of a list")),
    Truth(
        10,
        "two-stages",
        "Guess, then build",
        (
            r"smaller is it than its builder stage\? you 20 % measured 9\d\.\d %",
            r"makes 9\d\.\d % less, against the builder",
        ),
    ),
    Truth(11, "inside-scratch", "Try to go in", (r"/bin/sh: no such file or directory", "measured no")),
    Truth(
        11,
        "inside-scratch",
        "Go in all the same",
        (
            "Written to your workspace: fetched-app",
            "/app -healthcheck",
            "Exit code 0",
            "cp, export, top and logs work",
        ),
    ),
    Truth(
        12,
        "attack-surface",
        "No packages, no supply chain?",
        ("says of its build", r"go1\.21\.", "example.com/fromscratch/service", "True for OS packages only"),
    ),
    Truth(13, "attack-surface", "Count it", ("executable files", "setuid or setgid files", "root here")),
    Truth(
        13,
        "attack-surface",
        "Take away the rest",
        ("200 /temp", "500 /temp", "read-only file system", '"Immutable" is a choice made at the start'),
    ),
    Truth(
        13,
        "inside-scratch",
        "Four ways to look",
        ("docker logs", "docker top", "docker cp", "--pid=container"),
    ),
    Truth(
        14, "two-stages", "Run it", ("curl -i http://127.0.0.1", "200 /health", "curl runs on your machine")
    ),
    Truth(
        14,
        "run-it-well",
        "Lab: a health check by curl",
        ("HEALTHCHECK CMD curl", "no such file or directory", "Unhealthy: there is nothing to run it with"),
    ),
    Truth(
        14, "run-it-well", "The program asks itself", (r"Exit code 0|measured 0", "asks from outside, too")
    ),
)
"""Every claim of the report, by its number, and the finer truth that its step shows."""
