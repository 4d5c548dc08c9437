from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

import pytest

from tutor.catalog.location import shipped_folders


@pytest.mark.embedded
def test_service_passes_its_own_tests_with_the_go_of_the_course() -> None:
    # The isolated home is removed after the test, and with it a cache of a hundred megabytes.
    home = os.environ["HOME"]
    environment = {
        "HOME": home,
        "PATH": os.defpath,
        "CGO_ENABLED": "0",
        "GOCACHE": f"{home}/cache",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
    }
    program = Path(next(iter(importlib.import_module("go").__path__))) / "bin" / "go"
    for command in (["vet", "./..."], ["test", "./..."]):
        done = subprocess.run(
            [program, *command], cwd=shipped_folders()[1], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
