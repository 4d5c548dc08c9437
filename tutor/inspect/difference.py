"""Two images or programs compared by part, layer, file, section and package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy, PackageSource, PartKind
from tutor.core.difference import Difference, DifferenceRow, Trend
from tutor.inspect.decision import plain_record

Anatomy = ImageAnatomy | BinaryAnatomy


def compare(before: Anatomy, after: Anatomy) -> Difference:
    """What was added, removed, grew or shrank between two images, two programs, or one of each."""
    old, new = program_of(before), program_of(after)
    images = isinstance(before, ImageAnatomy) and isinstance(after, ImageAnatomy)
    only_code = not (_has_symbols(old) and _has_symbols(new))
    return Difference(
        before_name=name_of(before),
        after_name=name_of(after),
        before_bytes=size_of(before),
        after_bytes=size_of(after),
        parts=_rows(part_totals(before), part_totals(after)) if images else (),
        layers=_rows(_layers(before), _layers(after), _digests(before), _digests(after)) if images else (),
        files=_rows(_files(before), _files(after)) if images else (),
        sections=_rows(_sections(old), _sections(new)) if old and new else (),
        packages=_rows(_packages(old, only_code), _packages(new, only_code)) if old and new else (),
        packages_are_code=bool(old and new) and only_code,
    )


def program_of(anatomy: Anatomy) -> BinaryAnatomy | None:
    """The program itself, or the one that the image is about."""
    return anatomy.program if isinstance(anatomy, ImageAnatomy) else anatomy


def name_of(anatomy: Anatomy) -> str:
    """What it is called."""
    return anatomy.name if isinstance(anatomy, ImageAnatomy) else anatomy.path


def size_of(anatomy: Anatomy) -> int:
    """The unpacked size of an image, the bytes of a program's file."""
    return anatomy.unpacked_bytes if isinstance(anatomy, ImageAnatomy) else anatomy.size_bytes


def part_totals(anatomy: Anatomy) -> dict[str, int]:
    """Bytes of each kind over all layers, in the order a waterfall tells them; none for a program."""
    totals: dict[str, int] = {}
    if isinstance(anatomy, ImageAnatomy):
        order = list(PartKind)
        for part in sorted(anatomy.parts, key=lambda part: order.index(part.kind)):
            totals[part.kind.value] = totals.get(part.kind.value, 0) + part.size_bytes
    return totals


def _has_symbols(binary: BinaryAnatomy | None) -> bool:
    return binary is not None and binary.source is PackageSource.SYMBOLS


def _layer_names(image: ImageAnatomy) -> list[str]:
    """The instruction of each layer, numbered where it comes more than once."""
    seen: Counter[str] = Counter()
    names = []
    for number, layer in enumerate(image.layers, 1):
        text = plain_record(layer.created_by) or f"layer {number}"
        seen[text] += 1
        names.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return names


def _layers(anatomy: Anatomy) -> dict[str, int]:
    if not isinstance(anatomy, ImageAnatomy):
        return {}
    sizes = (layer.unpacked_bytes for layer in anatomy.layers)
    return dict(zip(_layer_names(anatomy), sizes, strict=True))


def _digests(anatomy: Anatomy) -> dict[str, str]:
    if not isinstance(anatomy, ImageAnatomy):
        return {}
    digests = (layer.diff_id for layer in anatomy.layers)
    return dict(zip(_layer_names(anatomy), digests, strict=True))


def _files(anatomy: Anatomy) -> dict[str, int]:
    if not isinstance(anatomy, ImageAnatomy):
        return {}
    return {file.path: file.size_bytes for file in anatomy.files}


def _sections(binary: BinaryAnatomy) -> dict[str, int]:
    totals: dict[str, int] = {}
    for part in binary.sections:
        totals[part.name] = totals.get(part.name, 0) + part.size_bytes
    return totals


def _packages(binary: BinaryAnatomy, only_code: bool) -> dict[str, int]:
    if only_code:
        # A package may have data alone, which one of the sides cannot tell of.
        return {part.name: part.code_bytes for part in binary.packages if part.code_bytes}
    return {part.name: part.size_bytes for part in binary.packages}


def _rows(
    before: Mapping[str, int],
    after: Mapping[str, int],
    before_content: Mapping[str, str] | None = None,
    after_content: Mapping[str, str] | None = None,
) -> tuple[DifferenceRow, ...]:
    rows: Iterable[DifferenceRow] = (
        DifferenceRow(
            name,
            before.get(name),
            after.get(name),
            is_other=(before_content or {}).get(name) != (after_content or {}).get(name),
        )
        for name in dict.fromkeys((*before, *after))
    )
    changed = [row for row in rows if row.trend is not Trend.SAME]
    return tuple(sorted(changed, key=lambda row: (-abs(row.delta_bytes), row.name)))
