"""Images on disk: blobs by digest, what is in each layer, references, and the build cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from tutor.core.base import normalised as normalised
from tutor.engine.embedded.entry import Draft, decode_entries, encode_entries
from tutor.engine.embedded.image_config import StageConfig, decode_stage_config
from tutor.engine.embedded.layer import Layer, write_layer
from tutor.engine.embedded.view import View


@dataclass(frozen=True, slots=True)
class Tag:
    """A reference and the image it names."""

    reference: str
    image_id: str
    created: str = ""
    stand_in: bool = False


class Store:
    """All that stays between builds. Blocking; safe across processes, since files appear whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work_folder = folder / "work"
        self._blobs = folder / "blobs" / "sha256"
        self._layers = folder / "layers"
        self._tags = folder / "tags"
        self._cache = folder / "cache"
        for each in (self.work_folder, self._blobs, self._layers, self._tags, self._cache):
            each.mkdir(parents=True, exist_ok=True)
        self._load = lru_cache(maxsize=64)(self._load_layer)

    def blob(self, digest: str) -> Path:
        """Where a blob lies, whether or not it is there."""
        return self._blobs / digest.removeprefix("sha256:")

    def put_blob(self, data: bytes) -> str:
        """Store bytes; their digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.blob(digest).exists():
            self._put(self.blob(digest), data)
        return digest

    def add_layer(
        self,
        drafts: Iterable[Draft],
        scratch: Path,
        *,
        stopped: threading.Event | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> Layer:
        """Write a layer and keep it. ``scratch`` is a folder for the half-made archive."""
        half_made = scratch / f"layer-{uuid4().hex}"
        try:
            with half_made.open("xb", buffering=1 << 20) as archive:
                layer = write_layer(drafts, archive, stopped=stopped, on_progress=on_progress)
            self._put(self._index(layer.diff_id), encode_entries(layer.entries))
            half_made.replace(self.blob(layer.diff_id))
        finally:
            half_made.unlink(missing_ok=True)
        return layer

    def layer(self, diff_id: str) -> Layer:
        """What is in a layer."""
        return self._load(diff_id)

    def has_layer(self, diff_id: str) -> bool:
        """Whether archive and listing are both there."""
        return self.blob(diff_id).exists() and self._index(diff_id).exists()

    def view(self, diff_ids: Iterable[str]) -> View:
        """Layers laid over each other."""
        view = View()
        for diff_id in diff_ids:
            view.lay_over(self.layer(diff_id).entries, diff_id)
        return view

    def put_image(self, config: StageConfig) -> str:
        """Store a configuration; the image's id."""
        return self.put_blob(config.encoded())

    def config(self, image_id: str) -> StageConfig:
        """The configuration of an image.

        Raises:
            FileNotFoundError: it is not there.
        """
        return decode_stage_config(self.blob(image_id).read_bytes())

    def tag(self, tag: Tag) -> None:
        """Let a reference name an image, in place of the one it named before."""
        value = {
            "reference": tag.reference,
            "image_id": tag.image_id,
            "created": tag.created,
            "stand_in": tag.stand_in,
        }
        self._put(self._tag_file(tag.reference), json.dumps(value).encode())

    def untag(self, reference: str) -> None:
        """Forget a reference; nothing happens when it is not there."""
        self._tag_file(normalised(reference)).unlink(missing_ok=True)

    def tags(self) -> list[Tag]:
        """All references."""
        found = []
        for path in sorted(self._tags.iterdir()):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(Tag(**json.loads(path.read_bytes())))
        return found

    def find(self, name: str) -> Tag | None:
        """By reference, or by id."""
        if name.startswith("sha256:"):
            named = [tag for tag in self.tags() if tag.image_id == name]
            if named:
                return named[0]
            return Tag("", name) if self.blob(name).exists() else None
        try:
            tag = Tag(**json.loads(self._tag_file(normalised(name)).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return tag if self.blob(tag.image_id).exists() else None

    def remember(self, key: str, value: dict[str, Any]) -> None:
        """Keep what a build step led to."""
        self._put(self._cache / key, json.dumps(value).encode())

    def recall(self, key: str) -> dict[str, Any] | None:
        """What a build step led to before, if its layer is still there."""
        path = self._cache / key
        try:
            value: dict[str, Any] = json.loads(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError):
            return None
        diff_id = value.get("diff_id")
        return value if diff_id is None or self.has_layer(diff_id) else None

    def cached(self) -> list[tuple[float, Path, str | None]]:
        """Every remembered step: when it was last used, its file, and the layer it brought."""
        rows = []
        for path in self._cache.iterdir():
            with contextlib.suppress(OSError, ValueError):
                rows.append((path.stat().st_mtime, path, json.loads(path.read_bytes()).get("diff_id")))
        return sorted(rows, key=lambda row: row[0])

    def blobs(self) -> list[Path]:
        """Every blob there is."""
        return list(self._blobs.iterdir())

    def remove_blob(self, path: Path) -> int:
        """Remove a blob and what is known of it; the bytes given back."""
        size = 0
        for each in (path, self._index(path.name)):
            with contextlib.suppress(FileNotFoundError):
                size += each.stat().st_size
                each.unlink()
        return size

    def _load_layer(self, diff_id: str) -> Layer:
        entries = decode_entries(self._index(diff_id).read_bytes())
        return Layer(diff_id, self.blob(diff_id).stat().st_size, entries)

    def _index(self, diff_id: str) -> Path:
        return self._layers / f"{diff_id.removeprefix('sha256:')}.json"

    def _tag_file(self, reference: str) -> Path:
        return self._tags / urllib.parse.quote(reference, safe="")

    def _put(self, path: Path, data: bytes) -> None:
        half_made = self.work_folder / f".{uuid4().hex}"
        try:
            half_made.write_bytes(data)
            half_made.replace(path)
        finally:
            half_made.unlink(missing_ok=True)
