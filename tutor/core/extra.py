"""Which command installs an optional part."""

from __future__ import annotations

import importlib.metadata
import re

_REQUIREMENT = re.compile(r"""^(?P<what>[^;]+?)\s*;\s*extra\s*==\s*['"](?P<extra>[^'"]+)['"]\s*$""")


def install_command(extra: str) -> str:
    """The pip command that installs what an extra of ours needs, by the names of those packages.

    The tutor itself is not named: it is installed from a clone, and a package index may know
    another program by its name.
    """
    try:
        required = importlib.metadata.requires("fromscratch") or []
    except importlib.metadata.PackageNotFoundError:
        required = []
    found = [
        match["what"] for each in required if (match := _REQUIREMENT.match(each)) and match["extra"] == extra
    ]
    if not found:
        return f"pip install '.[{extra}]' in the clone of the tutor"
    return "pip install " + " ".join(f"'{what}'" for what in found)
