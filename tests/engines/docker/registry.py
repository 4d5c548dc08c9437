"""A registry of its own on the loopback, for tests of pulls."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

PROGRAM = shutil.which("docker-registry")


@contextmanager
def loopback_registry(folder: Path) -> Iterator[str]:
    """Debian's docker-registry; gives its address. It ends with the block."""
    assert PROGRAM is not None
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    settings = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder)}},
        "http": {"addr": address},
    }
    file = folder / "registry.json"
    file.write_text(json.dumps(settings))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(file)], stdout=log, stderr=log)
        try:
            _wait_for(f"http://{address}/v2/")
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "the registry did not start"


class Pusher:
    """Lays images in a repository of a registry that asks for no login."""

    def __init__(self, client: httpx.Client, address: str, repository: str) -> None:
        self._client = client
        self._base = f"http://{address}/v2/{repository}"

    def blob(self, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = self._client.post(f"{self._base}/blobs/uploads/").headers["location"]
        joint = "&" if "?" in place else "?"
        self._client.put(f"{place}{joint}digest={digest}", content=content).raise_for_status()
        return {"digest": digest, "size": len(content)}

    def manifest(self, config: dict[str, object], layer: bytes, name: str = "") -> dict[str, object]:
        """One image; named by its digest when ``name`` is empty. Gives its descriptor."""
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        document = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                **self.blob(json.dumps(config).encode()),
            },
            "layers": [
                {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **self.blob(layer)}
            ],
        }
        raw = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        self.put(name or digest, raw, kind)
        return {"mediaType": kind, "digest": digest, "size": len(raw)}

    def put(self, name: str, raw: bytes, kind: str) -> None:
        self._client.put(
            f"{self._base}/manifests/{name}", content=raw, headers={"content-type": kind}
        ).raise_for_status()


def push_index(address: str, repository: str, architectures: dict[str, int]) -> dict[str, int]:
    """An index of images, one an architecture, with a layer of so many bytes; gives each one's whole size."""
    sizes: dict[str, int] = {}
    kind = "application/vnd.docker.distribution.manifest.list.v2+json"
    with httpx.Client(trust_env=False) as client:
        pusher = Pusher(client, address, repository)
        rows = []
        for architecture, count in architectures.items():
            config: dict[str, object] = {"architecture": architecture, "os": "linux", "rootfs": {}}
            described = pusher.manifest(config, b"x" * count)
            sizes[architecture] = len(json.dumps(config)) + count
            rows.append({**described, "platform": {"architecture": architecture, "os": "linux"}})
        index = {"schemaVersion": 2, "mediaType": kind, "manifests": rows}
        pusher.put("1", json.dumps(index).encode(), kind)
    return sizes


def push_image(address: str, repository: str, architecture: str, file_bytes: int) -> int:
    """An image with one file of random bytes, tagged 1, that an engine can pull; gives its packed size."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("random")
        entry.size = file_bytes
        tar.addfile(entry, io.BytesIO(os.urandom(file_bytes)))
    layer = gzip.compress(out.getvalue(), 1)
    config: dict[str, object] = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(out.getvalue()).hexdigest()}"],
        },
        "history": [{"created_by": "test"}],
    }
    with httpx.Client(trust_env=False) as client:
        Pusher(client, address, repository).manifest(config, layer, "1")
    return len(layer) + len(json.dumps(config))
