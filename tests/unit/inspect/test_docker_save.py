from __future__ import annotations

import hashlib
import io
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inspect.elf_file import Elf, elf_bytes, go_build_info
from tests.unit.inspect.image_archive import file, folder, symlink, tar
from tutor.core.evidence import ImageEvidence
from tutor.core.image import ImageConfig
from tutor.inspect.archive import packed_size, read_image

pytestmark = pytest.mark.docker

APP = elf_bytes(
    Elf(symbols=True, padding=200_000, build_info=go_build_info("go1.21.13", "mod\tm\t(devel)\n"))
)
DOCKERFILE = b"""
FROM scratch AS builder
COPY app /out/app
COPY data /data
FROM scratch
COPY --from=builder /out/app /app
COPY data/a.txt /etc/
LABEL fromscratch.test=inspect
ENTRYPOINT ["/app"]
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small image of our own, removed with all that was made for it."""
    name = f"fromscratch-test-inspect-{uuid.uuid4().hex[:12]}:latest"
    context = tmp_path_factory.mktemp("context")
    (context / "Dockerfile").write_bytes(DOCKERFILE)
    (context / "app").write_bytes(APP)
    (context / "app").chmod(0o755)
    (context / "data").mkdir()
    (context / "data" / "a.txt").write_text("twelve bytes")
    (context / "data" / "link").symlink_to("a.txt")
    for target in (["--target", "builder", "-t", f"{name}-builder"], ["-t", name]):
        docker(
            "build", "-q", "--rm", "--force-rm", "--label", "fromscratch.test=inspect", *target, str(context)
        )
    yield name
    docker("image", "rm", name, f"{name}-builder")


def docker(*arguments: str) -> bytes:
    # BuildKit would keep cache records that no tag leads to; the classic builder's steps go with the image.
    environ = os.environ | {"DOCKER_BUILDKIT": "0"}
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=120, env=environ)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def saved(reference: str, use: Callable[[Any], Any]) -> Any:
    with subprocess.Popen(["docker", "save", reference], stdout=subprocess.PIPE) as process:
        return use(process.stdout)


def read(reference: str, **config: object) -> ImageEvidence:
    image_config = ImageConfig(**config)  # type: ignore[arg-type]  # each test names the fields it is about
    found: ImageEvidence = saved(reference, lambda pipe: read_image(pipe, image_config, image_id=""))
    return found


def test_a_saved_image_is_read_to_the_byte(reference: str) -> None:
    image = read(reference, entrypoint=("/app",))
    assert {entry.path for entry in image.files} >= {"/app", "/etc/a.txt"}
    assert image.unpacked_bytes == len(APP) + len("twelve bytes")
    assert image.file_count == 2
    assert image.entrypoint_path == "/app"
    assert image.elf is not None
    assert image.elf.is_static
    assert image.go is not None
    assert image.go.main_module == "m"
    assert [program.sha256 for program in image.programs] == [hashlib.sha256(APP).hexdigest()]


def test_a_saved_stage_counts_links_by_the_length_of_their_targets(reference: str) -> None:
    image = read(f"{reference}-builder")
    assert image.unpacked_bytes == len(APP) + len("twelve bytes") + len("a.txt")
    assert all(layer.created_by for layer in image.layers)
    assert all(layer.diff_id.startswith("sha256:") for layer in image.layers)


def test_a_saved_image_packs_to_less_than_it_is(reference: str) -> None:
    packed: int = saved(reference, packed_size)
    assert 100 < packed < len(APP) / 2


def test_an_imported_image_is_read(tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar"
    layer.write_bytes(tar([folder("./bin/"), file("./bin/app", APP, 0o755), symlink("./sh", "bin/app")]))
    image_id = docker("import", str(layer)).decode().strip()
    try:
        image = read(image_id, entrypoint=("/sh",))
    finally:
        docker("image", "rm", image_id)
    assert image.entrypoint_path == "/bin/app"
    assert image.unpacked_bytes == len(APP) + len("bin/app")
    assert image.elf is not None


def test_an_archive_that_loads_is_the_one_that_is_read(reference: str) -> None:
    data: bytes = saved(reference, lambda pipe: pipe.read())
    config = ImageConfig(entrypoint=("/app",))
    assert read_image(io.BytesIO(data), config, image_id="") == read(reference, entrypoint=("/app",))
