"""What a deferred import hides from import-linter: the lower layers run without screen and SDK."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LOWER_LAYERS = (
    "tutor.core",
    "tutor.catalog",
    "tutor.engine",
    "tutor.inspect",
    "tutor.grading",
    "tutor.storage",
    "tutor.session",
)
REPORT = """
import sys
print("loaded:", *sorted({"textual", "rich", "docker", "pygments"} & set(sys.modules)))
"""


def modules_loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program + REPORT],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].removeprefix("loaded:").split())


# httpx loads its own command line, and rich with it, wherever rich is installed: not our doing.
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
sys.modules["httpx._main"] = None
package = importlib.import_module({name!r})
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not found.name.startswith("tutor.engine.docker"):
        importlib.import_module(found.name)
"""


@pytest.mark.parametrize("name", LOWER_LAYERS)
def test_a_lower_layer_loads_neither_screen_nor_docker_sdk(name: str) -> None:
    assert modules_loaded_by(IMPORT_EVERYTHING.format(name=name)) == set()


def test_the_docker_adapters_load_no_screen() -> None:
    program = IMPORT_EVERYTHING.replace("if not", "if").format(name="tutor.engine")
    assert modules_loaded_by(program) <= {"docker"}


def test_asking_for_the_version_loads_neither_screen_nor_docker_sdk() -> None:
    program = """
import sys
sys.argv = ["fromscratch", "--version"]
from tutor.__main__ import main
try:
    main()
except SystemExit as exit:
    assert not exit.code, exit.code
"""
    assert modules_loaded_by(program) == set()
