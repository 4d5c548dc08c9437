"""Who made what: labels for what can carry them, and the process behind a journal entry.

An owner is this machine, a process and when it started, so that a process number used again
is not taken for the one that is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABEL_OWNER = "fromscratch.owner"
LABEL_HOME = "fromscratch.home"
LABEL_LESSON = "fromscratch.lesson"
LABEL_RUN = "fromscratch.run"
LABEL_PROCESS = "fromscratch.process"
LABEL_STAND_IN = "fromscratch.stand-in"
"""Says what a base image made here is made of."""


def home_of(folder: Path) -> str:
    """A short name for one learner on one machine: whose state is kept in this folder."""
    return hashlib.sha256(f"{_machine()}:{folder.absolute()}".encode()).hexdigest()[:12]


def image_labels(lesson: str, home: str) -> dict[str, str]:
    """Labels of a built image. Never a run: the same files must give the same image id."""
    labels = {LABEL_OWNER: "1", LABEL_HOME: home}
    if lesson:
        labels[LABEL_LESSON] = lesson
    return labels


def container_labels(lesson: str, run_id: str, home: str) -> dict[str, str]:
    """Labels of a container: also who started it."""
    return image_labels(lesson, home) | {LABEL_RUN: run_id, LABEL_PROCESS: this_process()}


def is_ours(labels: Mapping[str, str] | None, home: str) -> bool:
    """Whether labels claim something for this learner; an engine may serve many."""
    labels = labels or {}
    return labels.get(LABEL_OWNER) == "1" and labels.get(LABEL_HOME) == home


@dataclass(frozen=True, slots=True)
class Mark:
    """What a journal entry's ``detail`` says: the owner and what is needed to tidy up."""

    owner: str = ""
    references: tuple[str, ...] = ()
    """Tags given by the run."""
    started: float = 0.0
    """When a build began, by the engine's clock, seconds since 1970."""
    seen: float = 0.0
    """When its owner was last known to work on it, by the same clock."""
    builder: str = ""
    bases: tuple[str, ...] = ()
    """Image ids that its first steps stand on; an empty one for ``scratch``."""
    owns_tags: bool = False
    """Whether nobody else ever gives these tags: then what bears one is ours, without a label."""

    def encode(self) -> str:
        """As text for the journal."""
        return json.dumps(
            {
                "owner": self.owner,
                "references": list(self.references),
                "started": self.started,
                "seen": self.seen,
                "builder": self.builder,
                "bases": list(self.bases),
                "owns_tags": self.owns_tags,
            }
        )


def decode_mark(detail: str) -> Mark:
    """Read a mark; text that is none gives an empty one, whose owner counts as dead."""
    try:
        value = json.loads(detail)
        return Mark(
            str(value.get("owner", "")),
            tuple(str(reference) for reference in value.get("references", ())),
            float(value.get("started", 0.0)),
            float(value.get("seen", 0.0)),
            str(value.get("builder", "")),
            tuple(str(base) for base in value.get("bases", ())),
            value.get("owns_tags") is True,
        )
    except (ValueError, AttributeError, TypeError):
        return Mark()


def this_process() -> str:
    """The owner that is us."""
    return f"{_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def owner_lives(owner: str) -> bool:
    """Whether the owner still runs. One on another machine counts as alive: we cannot tell."""
    machine, _, rest = owner.partition(":")
    number, _, start = rest.partition(":")
    if not number.isdecimal():
        return False
    if machine != _machine():
        return True
    return _start_of(int(number)) == start


@cache
def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()[:12] or f"{uuid.getnode():012x}"
    except (OSError, UnicodeError):
        return f"{uuid.getnode():012x}"


def _start_of(pid: int) -> str:
    """When a process started, as text that differs for a later one; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return ""
        # A zombie holds nothing any more. Field 22 of proc(5): start in ticks since boot.
        return "" if fields[0] in ("Z", "X") else f"{_boot()}.{fields[19]}"
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip().replace(":", ".")


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return ""
