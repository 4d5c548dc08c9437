"""An image as one tar stream: an OCI layout that ``docker load`` takes as well."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from tutor.core.errors import ImageNotFound
from tutor.engine.embedded.store import Store

_BLOCK = 512
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"

Piece = bytes | Path


class _Stream(io.RawIOBase):
    """Pieces one after the other; files are opened when their turn comes."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = iter(pieces)
        self._current: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._current is None:
                piece = next(self._pieces, None)
                if piece is None:
                    return 0
                self._current = io.BytesIO(piece) if isinstance(piece, bytes) else piece.open("rb", 0)
            count = cast(io.RawIOBase, self._current).readinto(buffer)
            if count:
                return count
            self._current.close()
            self._current = None

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
        super().close()


@contextlib.contextmanager
def open_image_archive(store: Store, name: str) -> Iterator[BinaryIO]:
    """The archive of an image, by id or reference. Blocking, not seekable, the same every time.

    Raises:
        ImageNotFound: the image is not there.
    """
    tag = store.find(name)
    if tag is None:
        raise ImageNotFound(f"The image {name} is not there.", next_step="Build it again.")
    references = sorted(each.reference for each in store.tags() if each.image_id == tag.image_id)
    try:
        pieces = _pieces(store, tag.image_id, references)
    except FileNotFoundError:
        raise ImageNotFound(f"The image {name} has lost a layer.", next_step="Build it again.") from None
    stream = _Stream(pieces)
    try:
        yield io.BufferedReader(stream, 1 << 20)
    finally:
        stream.close()


def _pieces(store: Store, image_id: str, references: list[str]) -> list[Piece]:
    config = store.blob(image_id)
    diff_ids = store.config(image_id).diff_ids
    layers = [(diff_id, store.blob(diff_id), store.blob(diff_id).stat().st_size) for diff_id in diff_ids]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST_TYPE,
            "config": {"mediaType": _CONFIG_TYPE, "digest": image_id, "size": config.stat().st_size},
            "layers": [
                {"mediaType": _LAYER_TYPE, "digest": diff_id, "size": size} for diff_id, _, size in layers
            ],
        }
    )
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    descriptor = {"mediaType": _MANIFEST_TYPE, "digest": digest, "size": len(manifest)}
    named = [descriptor | {"annotations": _annotations(reference)} for reference in references]
    index = _json({"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": named or [descriptor]})
    docker = _json(
        [
            {
                "Config": _blob_name(image_id),
                "RepoTags": references,
                "Layers": [_blob_name(diff_id) for diff_id, _, _ in layers],
            }
        ]
    )
    pieces: list[Piece] = [
        *_small("oci-layout", _json({"imageLayoutVersion": "1.0.0"})),
        *_small("index.json", index),
        *_small("manifest.json", docker),
        *_small(_blob_name(digest), manifest),
        *_small(_blob_name(image_id), config.read_bytes()),
    ]
    for diff_id, blob, size in dict.fromkeys(layers):
        pieces += [_header(_blob_name(diff_id), size), blob, b"\0" * (-size % _BLOCK)]
    return [*pieces, b"\0" * (2 * _BLOCK)]


def _annotations(reference: str) -> dict[str, str]:
    return {
        "io.containerd.image.name": f"docker.io/{reference}",
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _small(name: str, data: bytes) -> list[Piece]:
    return [_header(name, len(data)) + data + b"\0" * (-len(data) % _BLOCK)]


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)
