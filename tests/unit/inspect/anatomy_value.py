"""Images and programs as they are after opening, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutor.core.anatomy import (
    BinaryAnatomy,
    ImageAnatomy,
    ImagePart,
    LayerAnatomy,
    PackagePart,
    PackageSource,
    PartKind,
    SectionGroup,
    SectionPart,
    VisibleFile,
    Waste,
    WasteReason,
)
from tutor.core.image import ElfFacts, ImageConfig


def binary(
    sections: Mapping[str, int] | None = None,
    packages: Mapping[str, int] | None = None,
    *,
    source: PackageSource = PackageSource.SYMBOLS,
    interpreter: str = "",
    symbols: bool = False,
    path: str = "/app",
) -> BinaryAnatomy:
    sections = sections or {".text": 100}
    return BinaryAnatomy(
        path,
        ElfFacts(
            "x86-64",
            "EXEC",
            interpreter,
            has_symbol_table=symbols,
            has_debug_sections=symbols,
            size_bytes=sum(sections.values()),
        ),
        None,
        tuple(
            SectionPart(name, SectionGroup.CODE if name == ".text" else SectionGroup.DATA, size)
            for name, size in sections.items()
        ),
        tuple(PackagePart(name, size, 0, 1, size) for name, size in (packages or {}).items()),
        source,
    )


def image(
    parts: Sequence[tuple[PartKind, int, int]],
    created_by: Sequence[str] = ("COPY /app /app # buildkit",),
    *,
    name: str = "image",
    files: Mapping[str, int] | None = None,
    wasted: int = 0,
    user: str = "",
    program: BinaryAnatomy | None = None,
) -> ImageAnatomy:
    """``parts`` as kind, layer, bytes."""
    sizes = [sum(size for _, layer, size in parts if layer == index) for index in range(len(created_by))]
    return ImageAnatomy(
        name=name,
        image_id=f"sha256:{name}",
        config=ImageConfig(user=user),
        unpacked_bytes=sum(sizes),
        layers=tuple(
            LayerAnatomy(f"sha256:{name}{index}", text, sizes[index], wasted if not index else 0, ())
            for index, text in enumerate(created_by)
        ),
        files=tuple(VisibleFile(path, size, 0) for path, size in (files or {}).items()),
        file_count=len(files or {}),
        wasted=(Waste("/old", wasted, 0, 1, WasteReason.REMOVED),) if wasted else (),
        binaries=(program,) if program else (),
        parts=tuple(ImagePart(kind, layer, size) for kind, layer, size in parts),
        start_path=program.path if program else "",
    )
