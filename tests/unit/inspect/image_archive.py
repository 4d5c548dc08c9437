"""Image archives in every shape that engines write, made in memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard


@dataclass(frozen=True)
class Name:
    """One name in a layer."""

    path: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    uid: int = 0

    def info(self) -> tarfile.TarInfo:
        info = tarfile.TarInfo(self.path)
        info.type, info.linkname, info.mode, info.uid = self.kind, self.target, self.mode, self.uid
        info.size = len(self.data) if self.kind == tarfile.REGTYPE else 0
        return info


def file(path: str, data: bytes = b"", mode: int = 0o644) -> Name:
    return Name(path, data, mode=mode)


def folder(path: str) -> Name:
    return Name(path, kind=tarfile.DIRTYPE, mode=0o755)


def symlink(path: str, target: str) -> Name:
    return Name(path, kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hardlink(path: str, target: str) -> Name:
    return Name(path, kind=tarfile.LNKTYPE, target=target)


def tar(names: Iterable[Name], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as archive:
        for name in names:
            archive.addfile(name.info(), io.BytesIO(name.data))
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def config_json(layers: Sequence[bytes], history: Sequence[dict[str, object]] | None = None) -> bytes:
    if history is None:
        history = [{"created_by": f"step {index}"} for index in range(len(layers))]
    diff_ids = [f"sha256:{digest(layer)}" for layer in layers]
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/app"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": list(history),
        }
    ).encode()


def legacy(layers: Sequence[bytes], history: Sequence[dict[str, object]] | None = None) -> bytes:
    """As Docker 20.10 saves: one folder a layer, a repeated layer as a link, the manifest last."""
    config = config_json(layers, history)
    config_name = f"{digest(config)}.json"
    names: list[Name] = []
    folders: list[str] = []
    seen: dict[str, str] = {}
    for index, layer in reversed(list(enumerate(layers))):
        layer_id = digest(f"{index}".encode() + layer)
        folders.insert(0, f"{layer_id}/layer.tar")
        names += [
            folder(f"{layer_id}/"),
            file(f"{layer_id}/VERSION", b"1.0"),
            file(f"{layer_id}/json", b"{}"),
        ]
        if digest(layer) in seen:
            names.append(symlink(f"{layer_id}/layer.tar", f"../{seen[digest(layer)]}"))
        else:
            names.append(file(f"{layer_id}/layer.tar", layer))
            seen[digest(layer)] = f"{layer_id}/layer.tar"
    manifest = [{"Config": config_name, "RepoTags": None, "Layers": folders}]
    names += [file(config_name, config), file("manifest.json", json.dumps(manifest).encode())]
    return tar(names)


def compressed(layer: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(layer, mtime=0)
    return zstandard.ZstdCompressor().compress(layer) if how == "zstd" else layer


def oci(
    layers: Sequence[bytes],
    history: Sequence[dict[str, object]] | None = None,
    *,
    packed: str = "",
    docker_manifest: bool = False,
    attested: bool = False,
) -> bytes:
    """An OCI layout, as the containerd store saves it: blobs by digest, an index that names them."""
    config = config_json(layers, history)
    blobs = [compressed(layer, packed) for layer in layers]

    def descriptor(data: bytes, **more: object) -> dict[str, object]:
        return {"digest": f"sha256:{digest(data)}", "size": len(data), **more}

    manifest = json.dumps(
        {"schemaVersion": 2, "config": descriptor(config), "layers": [descriptor(blob) for blob in blobs]}
    ).encode()
    stored = [config, *blobs, manifest]
    choices = [descriptor(manifest, platform={"os": "linux", "architecture": "amd64"})]
    if attested:
        paper = json.dumps({"schemaVersion": 2, "config": descriptor(config), "layers": []}).encode()
        stored.append(paper)
        choices.insert(0, descriptor(paper, platform={"os": "unknown", "architecture": "unknown"}))
        inner = json.dumps({"schemaVersion": 2, "manifests": choices}).encode()
        stored.append(inner)
        choices = [descriptor(inner)]
    names = [folder("blobs/"), folder("blobs/sha256/")]
    names += [file(f"blobs/sha256/{digest(data)}", data) for data in dict.fromkeys(stored)]
    names.append(file("index.json", json.dumps({"schemaVersion": 2, "manifests": choices}).encode()))
    if docker_manifest:
        paths = [f"blobs/sha256/{digest(blob)}" for blob in blobs]
        entry = [{"Config": f"blobs/sha256/{digest(config)}", "RepoTags": ["a:b"], "Layers": paths}]
        names.append(file("manifest.json", json.dumps(entry).encode()))
    names.append(file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'))
    return tar(names)


def unpack_into(folder: Path, archive: bytes) -> Path:
    """An archive's files laid out as a folder."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(folder, filter="data")
    return folder


class _OneWay(io.RawIOBase):
    """Bytes that can be read once, in pieces of whatever size the writer chose."""

    def __init__(self, data: bytes, piece: int = 7_001) -> None:
        self._source = io.BytesIO(data)
        self._piece = piece

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        return self._source.read(self._piece if size < 0 else min(size, self._piece))


def one_way(data: bytes, piece: int = 7_001) -> BinaryIO:
    """Bytes as a pipe gives them."""
    return cast("BinaryIO", _OneWay(data, piece))
