"""Programs compiled by the real toolchain, once a session."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

_SOURCE = 'package main\n\nfunc main() { println("hello") }\n'
_FLAVOURS: Mapping[str, list[str]] = {
    "plain": [],
    "stripped": ["-ldflags=-s -w", "-trimpath"],
    "pie": ["-buildmode=pie"],
    "arm64": [],
}


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compile a small module in one of the flavours, each once."""
    # The wheel brings the toolchain as a package of this name.
    spec = importlib.util.find_spec("go")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    folder = tmp_path_factory.mktemp("go")
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.21\n")
    (folder / "main.go").write_text(_SOURCE)

    def build(flavour: str) -> Path:
        program = folder / flavour
        if not program.exists():
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "GOROOT": str(root),
                "GOCACHE": str(folder / "cache"),
                "GOTOOLCHAIN": "local",
                "GOFLAGS": "-mod=mod",
                "CGO_ENABLED": "0",
                "GOARCH": "arm64" if flavour == "arm64" else "amd64",
            }
            command = [str(root / "bin" / "go"), "build", *_FLAVOURS[flavour], "-o", str(program), "."]
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=300)
        return program

    return build
