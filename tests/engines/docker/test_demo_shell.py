"""A demo gives the terminal to a real shell and takes it back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.terminal import PATIENCE_SECONDS, terminal
from tests.engines.docker import small_lesson

pytestmark = pytest.mark.docker


def test_a_shell_works_in_the_demos_folder_and_what_it_changed_is_noticed(base: str, tmp_path: Path) -> None:
    lessons = small_lesson.lay(tmp_path / "lessons")
    tutor = (sys.executable, "-m", "tutor")
    environ = os.environ | {"SHELL": "/bin/sh", "PS1": "$ ", "PYTHONPATH": str(Path(__file__).parents[3])}
    try:
        with terminal(
            (*tutor, "demo", "small", "--engine", "docker", "--lessons", str(lessons)), environ
        ) as at:
            at.wait_for("Build it", "Forward")
            at.forget()
            at.send(b"s")
            at.wait_for("A shell in", "exit comes back", "$ ")
            at.send(b"ls; echo '#' $((6 * 7)) >> Dockerfile; tail -n 1 Dockerfile\n")
            at.wait_for("pause", "# 42")
            at.forget()
            at.send(b"exit 3\n")
            at.wait_for("Back in the demo", "Forward")
            at.forget()
            at.send(b"n")
            at.wait_for("Edited from outside: Dockerfile", "built in")
            at.send(b"q")
            at.read_until_the_end(PATIENCE_SECONDS)
    finally:
        subprocess.run([*tutor, "clean", "--engine", "docker"], env=environ, check=True, capture_output=True)
