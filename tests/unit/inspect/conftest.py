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


def go_root() -> Path:
    """The toolchain, which the wheel brings as a package of this name."""
    spec = importlib.util.find_spec("go")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(scope="session")
def go_tool(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run ``go`` with arguments and give what it prints."""
    home = tmp_path_factory.mktemp("go-home")

    def run(*arguments: str, folder: Path = home, architecture: str = "amd64") -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GOROOT": str(go_root()),
            "GOCACHE": str(home / "cache"),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=mod",
            "CGO_ENABLED": "0",
            "GOARCH": architecture,
        }
        command = [str(go_root() / "bin" / "go"), *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=600
        )
        return done.stdout

    return run


@pytest.fixture(scope="session")
def service(go_tool: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The course's own service, plain or stripped, each compiled once."""
    source = Path(__file__).parents[3] / "assets" / "service"
    programs = tmp_path_factory.mktemp("service")

    def build(flavour: str) -> Path:
        program = programs / flavour
        if not program.exists():
            # Only the linker works twice: other flags would compile the library anew.
            flags = ["-ldflags=-s -w"] if flavour == "stripped" else []
            go_tool("build", *flags, "-o", str(program), ".", folder=source)
        return program

    return build


@pytest.fixture(scope="session")
def compiled(go_tool: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compile a small module in one of the flavours, each once."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.21\n")
    (folder / "main.go").write_text(_SOURCE)

    def build(flavour: str) -> Path:
        program = folder / flavour
        if not program.exists():
            architecture = "arm64" if flavour == "arm64" else "amd64"
            go_tool(
                "build",
                *_FLAVOURS[flavour],
                "-o",
                str(program),
                ".",
                folder=folder,
                architecture=architecture,
            )
        return program

    return build
