"""What stands on the Docker engine, so that a test session can be held to leaving it as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import docker

KNOWN_BASES = ("golang:", "docker.io/library/golang:")
"""Base images may stay: they are what a learner's builds begin from."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that was not there before. ``ours``: it bears a name or label of this program."""

    kind: str
    object_id: str
    name: str
    ours: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id[:19]} {self.name}".rstrip()


def _is_ours(name: str, labels: Mapping[str, str] | None) -> bool:
    return "fromscratch" in name or any("fromscratch" in label for label in labels or {})


def engine_contents() -> dict[tuple[str, str], Leftover]:
    """Containers, images (intermediate ones too), volumes, networks and build cache, by kind and id.

    Raises:
        docker.errors.DockerException: no engine answers.
    """
    client = docker.from_env(timeout=60)
    try:
        api = client.api
        rows: list[Leftover] = []
        for container in api.containers(all=True):
            name = ", ".join(container.get("Names") or ()) + f" of {container.get('Image', '')}"
            rows.append(Leftover("container", container["Id"], name, _is_ours(name, container.get("Labels"))))
        for image in api.images(all=True):
            names = [tag for tag in image.get("RepoTags") or () if tag != "<none>:<none>"]
            if names and all(tag.startswith(KNOWN_BASES) for tag in names):
                continue
            name = ", ".join(names)
            rows.append(Leftover("image", image["Id"], name, _is_ours(name, image.get("Labels"))))
        rows += [
            Leftover("volume", volume["Name"], "", _is_ours("", volume.get("Labels")))
            for volume in api.volumes().get("Volumes") or ()
        ]
        rows += [
            Leftover("network", row["Id"], row["Name"], _is_ours(row["Name"], row.get("Labels")))
            for row in api.networks()
        ]
        rows += [
            Leftover("build cache", record["ID"], record.get("Description", "")[:60], False)
            for record in api.df().get("BuildCache") or ()
        ]
    finally:
        client.close()
    return {(row.kind, row.object_id): row for row in rows}


def engine_fault() -> str:
    """Why no Docker engine can be used; empty when one answers.

    Asked in a process of its own: the SDK leaves the socket of a refused connection open, which
    would count as a warning, and so as an error, against a test.
    """
    program = "import docker; docker.from_env(timeout=10).ping()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode == 0:
        return ""
    return f"no Docker engine answers ({(done.stderr.strip().splitlines() or ['no word'])[-1][:200]})"
