"""One image through every door: the engine, what docker save wrote, and an OCI layout."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner

from tests.engines.docker.laboratory import Laboratory
from tutor.cli import cli
from tutor.core.anatomy import ImageAnatomy, WasteReason
from tutor.core.image import FileKind
from tutor.inspect.image import read_image_anatomy
from tutor.inspect.source import read_path

pytestmark = pytest.mark.docker

DOCKERFILE = """FROM BASE AS builder
WORKDIR /src
COPY one two ./
RUN mkdir /cache && cat one two > /cache/both && ln -s one three && chmod 600 one
RUN rm -r /cache

FROM scratch
COPY --from=builder /bin/busybox /app
ENTRYPOINT ["/app"]
"""


async def opened(laboratory: Laboratory, image_id: str) -> ImageAnatomy:
    summary = await laboratory.engine.images.find(image_id)
    assert summary is not None
    with laboratory.engine.images.open_archive(summary.image_id) as archive:
        return read_image_anatomy(
            archive,
            summary.config,
            name="it",
            image_id=summary.image_id,
            listed_bytes=summary.listed_bytes,
        )


async def test_layers_agree_with_the_history_and_waste_is_found(laboratory: Laboratory) -> None:
    laboratory.write(DOCKERFILE, one="1" * 5_000, two="2" * 70_000)
    for image in await laboratory.build_images("builder"):
        found = await opened(laboratory, image.image_id)
        assert sum(part.size_bytes for part in found.parts) == found.unpacked_bytes
        if laboratory.engine.info.store == "overlay2":
            # The containerd store's history counts the blocks of the archives instead.
            client = docker.from_env()
            try:
                history = client.api.history(image.image_id)  # type: ignore[no-untyped-call]  # not in the stubs
            finally:
                client.close()
            sizes = [row["Size"] for row in reversed(history) if row["Size"]]
            # BuildKit's own count leaves out the length of symbolic links; imported layers keep it.
            with_links = [layer.unpacked_bytes for layer in found.layers]
            built_here = found.layers[1:] if image.stage else found.layers
            links = [
                sum(change.size_bytes for change in layer.changes if change.kind is FileKind.SYMLINK)
                if laboratory.engine.info.builder == "buildx" and layer in built_here
                else 0
                for layer in found.layers
            ]
            expected = [size - left_out for size, left_out in zip(with_links, links, strict=True)]
            assert sizes == [size for size in expected if size]
        if image.stage:
            assert {(waste.path, waste.reason) for waste in found.wasted} == {
                ("/cache/both", WasteReason.REMOVED),
                ("/src/one", WasteReason.SAME_AGAIN),
            }
        else:
            assert found.wasted == ()


async def test_the_engine_docker_save_and_an_oci_layout_give_the_same_answer(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    laboratory.write(DOCKERFILE, one="1" * 5_000, two="2" * 70_000)
    image = (await laboratory.build_images())[-1]
    saved = tmp_path / "saved.tar"
    save = ["docker", "save", "-o", str(saved), laboratory.tag]
    await asyncio.to_thread(subprocess.run, save, check=True, timeout=120)
    layout = tmp_path / "layout"
    as_oci_layout(saved, layout)
    live = await opened(laboratory, image.image_id)
    for path in (saved, layout):
        found = read_path(path)
        assert isinstance(found, ImageAnatomy)
        assert found.unpacked_bytes == live.unpacked_bytes
        assert found.files == live.files
        assert found.parts == live.parts
        assert [layer.changes for layer in found.layers] == [layer.changes for layer in live.layers]
        assert found.start_path == live.start_path == "/app"


def as_oci_layout(saved: Path, folder: Path) -> None:
    """What docker save wrote, its layers gzipped into the layout that registries use."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def keep(data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def packed(layer: bytes) -> bytes:
        # The containerd store hands out its layers as it keeps them: compressed already.
        return layer if layer.startswith(b"\x1f\x8b") else gzip.compress(layer, 1)

    def content(archive: tarfile.TarFile, name: str) -> bytes:
        file = archive.extractfile(name)
        assert file is not None
        return file.read()

    with tarfile.open(saved) as archive:
        image = json.loads(content(archive, "manifest.json"))[0]
        manifest = {
            "schemaVersion": 2,
            "config": keep(content(archive, image["Config"])),
            "layers": [keep(packed(content(archive, layer))) for layer in image["Layers"]],
        }
    index = {"schemaVersion": 2, "manifests": [keep(json.dumps(manifest).encode())]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


async def test_the_command_opens_an_image_by_name(laboratory: Laboratory) -> None:
    laboratory.write(DOCKERFILE, one="1", two="22")
    image = (await laboratory.build_images())[-1]
    words = ["xray", laboratory.tag, "--engine", "docker", "--json", "--require", "static"]
    result = await asyncio.to_thread(CliRunner().invoke, cli, words)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["image_id"] == image.image_id
    assert found["programs"][0]["path"] == "/app"
    assert found["listed_bytes"] > 0
