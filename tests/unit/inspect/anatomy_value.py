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
from tutor.inspect.user import user_id


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
    files: Mapping[str, int | tuple[int, int]] | None = None,
    wasted: int = 0,
    hidden: Sequence[tuple[int, int, int]] = (),
    user: str = "",
    passwd: bytes = b"",
    program: BinaryAnatomy | None = None,
    programs: tuple[BinaryAnatomy, ...] = (),
) -> ImageAnatomy:
    """``parts``: kind, layer, bytes; ``files``: bytes, or bytes and layer; ``hidden``: bytes, layer, by."""
    programs = programs or ((program,) if program else ())
    placed = {path: size if isinstance(size, tuple) else (size, 0) for path, size in (files or {}).items()}
    if wasted:
        hidden = [(wasted, 0, 1)]
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
        files=tuple(VisibleFile(path, size, layer) for path, (size, layer) in placed.items()),
        file_count=len(files or {}),
        wasted=tuple(Waste("/old", size, layer, by, WasteReason.REMOVED) for size, layer, by in hidden),
        binaries=programs,
        parts=tuple(ImagePart(kind, layer, size) for kind, layer, size in parts),
        start_path=programs[0].path if programs else "",
        start_program=programs[0] if programs else None,
        user_id=user_id(user, passwd),
    )
