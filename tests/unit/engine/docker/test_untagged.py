from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tutor.core.errors import KitRefused
from tutor.engine.docker.untagged import untagged


def archive(path: Path, files: dict[str, Any]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def read(pieces: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(pieces), mode="r:") as tar:
        return {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}  # type: ignore[union-attr]  # a file has content


def test_every_list_of_names_is_emptied_and_all_else_stays(tmp_path: Path) -> None:
    annotations = {"io.containerd.image.name": "docker.io/library/alpine:latest", "kept": "1"}
    files = {
        "blobs/sha256/aa": b"\1" * 700_000,
        "manifest.json": [{"Config": "blobs/sha256/bb", "RepoTags": ["alpine:latest"], "Layers": ["x"]}],
        "repositories": {"alpine": {"latest": "aa"}},
        "index.json": {"schemaVersion": 2, "manifests": [{"digest": "d", "annotations": annotations}]},
        "blobs/sha256/bb": {"architecture": "amd64"},
    }
    found = read(b"".join(untagged(archive(tmp_path / "image.tar", files))))
    assert json.loads(found.pop("manifest.json")) == [
        {"Config": "blobs/sha256/bb", "RepoTags": None, "Layers": ["x"]}
    ]
    assert json.loads(found.pop("index.json"))["manifests"] == [{"digest": "d", "annotations": {"kept": "1"}}]
    assert found == {
        "blobs/sha256/aa": b"\1" * 700_000,
        "blobs/sha256/bb": json.dumps({"architecture": "amd64"}).encode(),
    }


@pytest.mark.parametrize(
    "content",
    [{"manifest.json": []}, {"manifest.json": [{}, {}]}, {"index.json": {}}, {"manifest.json": b"no json"},
     {"index.json": {"manifests": [1]}}, {"manifest.json": [1]}],
)  # fmt: skip
def test_an_archive_that_holds_no_image_or_several_is_refused(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    with pytest.raises(KitRefused):
        b"".join(untagged(archive(tmp_path / "image.tar", content)))


def test_an_archive_that_is_none_or_cut_short_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "image.tar", {"blob": b"x" * 100_000}).read_bytes()
    for data in (b"no tar at all", whole[:50_000]):
        (tmp_path / "bad").write_bytes(data)
        with pytest.raises(KitRefused):
            b"".join(untagged(tmp_path / "bad"))
