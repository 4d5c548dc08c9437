"""Kits for tests: real ones by the writer, and bent ones member by member."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from tutor.core.kit import KIT_KIND, KIT_SCHEMA, KitManifest, KitMember
from tutor.storage.kit_file import measured, write_kit
from tutor.storage.kit_manifest import MANIFEST, encode_manifest

CONTENT = {"lessons/01-a/lesson.md": b"# a\n", "lessons/01-a/start/Dockerfile": b"FROM scratch\n",
           "service/main.go": b"package main\n", "busybox/busybox": b"\x7fELF" * 100}  # fmt: skip


def manifest(*members: KitMember, **changes: Any) -> KitManifest:
    values: dict[str, Any] = {
        "kind": KIT_KIND,
        "schema": KIT_SCHEMA,
        "tool_version": "0.1.0",
        "made_at": "2026-11-27T10:00:00+00:00",
        "architecture": "amd64",
        "members": members,
    }
    return KitManifest(**(values | changes))


def laid(folder: Path, content: dict[str, bytes]) -> tuple[tuple[KitMember, ...], dict[str, Path]]:
    """The content as files, and as members."""
    members, sources = [], {}
    for number, (path, data) in enumerate(content.items()):
        source = folder / f"source-{number}"
        source.write_bytes(data)
        members.append(measured(path, source, executable=path.startswith("busybox")))
        sources[path] = source
    return tuple(members), sources


def made(folder: Path, content: dict[str, bytes] | None = None, **changes: Any) -> Path:
    """A whole kit, as the writer writes it."""
    members, sources = laid(folder, CONTENT if content is None else content)
    write_kit(folder / "class.fsk.tar", manifest(*members, **changes), sources)
    return folder / "class.fsk.tar"


def bent(path: Path, first: KitManifest | bytes, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """A tar with this list, and then whatever entries."""
    document = first if isinstance(first, bytes) else encode_manifest(first)
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry, data in ((info(MANIFEST, len(document)), document), *entries):
            tar.addfile(entry, io.BytesIO(data))
    return path


def info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname = size, kind, target
    return entry
