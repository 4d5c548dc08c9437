"""``fromscratch xray`` as text: bars that can be read at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tutor.core.anatomy import BinaryAnatomy, Change, ImageAnatomy, PackageSource, SectionGroup
from tutor.core.difference import Difference, DifferenceRow
from tutor.core.dockerfile import Dockerfile
from tutor.core.text import clean_line
from tutor.inspect.decision import fitting_stage, layer_decisions
from tutor.inspect.difference import Anatomy, part_totals
from tutor.inspect.gate import Gate
from tutor.inspect.waterfall import Waterfall
from tutor.ui.cell import cut, padded
from tutor.ui.present import bar, megabytes, reduction, signed

WIDTH = 80
_NAME_CELLS = 30
_BAR_CELLS = 27
_ROW_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One bar."""

    name: str
    size_bytes: int


def image_text(image: ImageAnatomy, dockerfile: Dockerfile | None = None) -> str:
    """One image: sizes, parts, layers, waste, files and its programs."""
    return _joined(_image_lines(image, dockerfile))


def program_text(binary: BinaryAnatomy) -> str:
    """One program that lies in no image."""
    return _joined(_program_lines(binary))


def gates_text(gates: tuple[Gate, ...]) -> str:
    """Every gate with what was found."""
    return "\n".join(
        f"{'✓' if gate.held else '✗'} {gate.name}: expected {gate.expected}; found {gate.actual}"
        for gate in gates
    )


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in lines)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def bars(rows: Iterable[Row], whole_bytes: int) -> Iterator[str]:
    """A bar for each row against the largest, its size, and its share of the whole."""
    shown = list(rows)
    top = max((row.size_bytes for row in shown), default=0)
    for row in shown:
        share = f"{100 * row.size_bytes / whole_bytes:.1f} %" if whole_bytes else ""
        drawn = bar(row.size_bytes, top, _BAR_CELLS)
        yield (
            f"  {padded(cut(row.name, _NAME_CELLS), _NAME_CELLS)} {drawn:<{_BAR_CELLS}}"
            f" {megabytes(row.size_bytes):>8} {share:>7}"
        )


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _image_lines(image: ImageAnatomy, dockerfile: Dockerfile | None) -> Iterator[str]:
    size = megabytes(image.unpacked_bytes)
    yield f"{cut(image.name, 44)}   {size} unpacked, files: {image.file_count}"
    yield from _faces(image)
    yield ""
    yield "Where the bytes are"
    totals = part_totals(image)
    yield from bars((Row(name, size) for name, size in totals.items()), image.unpacked_bytes)
    yield ""
    yield "Layers, oldest first"
    records = tuple(layer.created_by for layer in image.layers)
    decisions = layer_decisions(records, dockerfile, fitting_stage(records, dockerfile))
    for number, (layer, decision) in enumerate(zip(image.layers, decisions, strict=True), 1):
        counts = [sum(change.change is kind for change in layer.changes) for kind in Change]
        marks = f"+{counts[0]} ~{counts[1]} −{counts[2]}"
        wasted = f"  wasted {megabytes(layer.wasted_bytes)}" if layer.wasted_bytes else ""
        yield f"  {number:>2} {megabytes(layer.unpacked_bytes):>8}  {marks}{wasted}"
        yield from _wrapped(clean_line(decision.shown or "(the history does not tell)", 300), "      ")
    yield "  + added  ~ changed  − removed names"
    yield ""
    yield f"Efficiency {image.efficiency_percent:.1f} %: " + (
        f"{megabytes(image.wasted_bytes)} are shipped and cannot be seen"
        if image.wasted
        else "every byte that is shipped can be seen"
    )
    for waste in image.wasted[:_ROW_LIMIT]:
        yield (
            f"  {megabytes(waste.size_bytes):>8}  {cut(waste.path, 40)}"
            f"  layer {waste.layer + 1}, {waste.reason.value}"
        )
    yield from _more(len(image.wasted))
    yield ""
    yield "Largest files"
    for file in image.files[:_ROW_LIMIT]:
        yield f"  {megabytes(file.size_bytes):>8}  {cut(file.path, 58)}  layer {file.layer + 1}"
    yield from _more(len(image.files))
    for binary in image.shown_programs:
        yield ""
        yield from _program_lines(binary)
    for note in image.notes:
        yield from _wrapped(f"Note: {note}", "")


def _more(total: int) -> Iterator[str]:
    if total > _ROW_LIMIT:
        yield f"  … and {total - _ROW_LIMIT} more: --json --files lists all"


def _faces(image: ImageAnatomy) -> Iterator[str]:
    packed = (
        "not computed: --packed compresses to find out"
        if image.packed_bytes is None
        else f"about {megabytes(image.packed_bytes)}"
    )
    yield f"  unpacked  {_grouped(image.unpacked_bytes)} bytes"
    yield "            All files and links of all layers: the same on every engine."
    yield f"  packed    {packed}"
    yield "            What a registry ships, ±3 %: each layer compressed."
    if image.listed_bytes is not None:
        yield f"  listed    {megabytes(image.listed_bytes)}"
        yield "            What this engine's own list shows: its store decides what it counts."


def _program_lines(binary: BinaryAnatomy) -> Iterator[str]:
    elf, go = binary.elf, binary.go
    yield f"Program {cut(binary.path, 50)}   {megabytes(binary.size_bytes)}, {elf.machine}"
    if binary.packed_bytes is not None:
        yield f"  packed: about {megabytes(binary.packed_bytes)}"
    if elf.is_static:
        yield "  static: it asks for no loader and needs no libraries"
    else:
        yield from _wrapped(
            f"not static: loader {elf.interpreter or 'none'}; libraries {', '.join(elf.needed) or 'none'}"
        )
    yield (
        "  stripped: no symbol table and no debug records"
        if elf.is_stripped
        else "  not stripped: symbols or debug records are in it"
    )
    if go is not None:
        settings = " ".join(f"{key}={value}" for key, value in go.settings if value)
        yield from _wrapped(
            f"build info claims: {go.version}, module {go.main_module or 'unknown'},"
            f" {len(go.modules)} dependencies; {settings}"
        )
        yield "    (a claim: -trimpath hides some of its settings)"
    yield "  Sections"
    groups = ((group.value, binary.group_bytes(group)) for group in SectionGroup)
    yield from bars((Row(name, size) for name, size in groups if size), binary.size_bytes)
    yield from _package_lines(binary)
    for note in binary.notes:
        yield from _wrapped(f"Note: {note}")


def _package_lines(binary: BinaryAnatomy) -> Iterator[str]:
    if binary.source is PackageSource.NONE:
        return
    what = "code and data" if binary.source is PackageSource.SYMBOLS else "code alone"
    yield f"  Go packages, {what}, from the {binary.source.value}"
    rows = [Row(part.name, part.size_bytes) for part in binary.packages[:_ROW_LIMIT]]
    others = binary.packages[_ROW_LIMIT:]
    if others:
        rows.append(Row(f"({len(others)} other packages)", sum(part.size_bytes for part in others)))
    if binary.unattributed_code_bytes:
        rows.append(Row("(code of no function)", binary.unattributed_code_bytes))
    rows.append(Row("(data no symbol names)", binary.unattributed_data_bytes))
    yield from bars(rows, binary.size_bytes)


def difference_text(
    difference: Difference, waterfall: Waterfall | None, before: Anatomy, after: Anatomy
) -> str:
    """Two against each other; of two images the waterfall first."""
    return _joined(_difference_lines(difference, waterfall, before, after))


def _difference_lines(
    difference: Difference, waterfall: Waterfall | None, before: Anatomy, after: Anatomy
) -> Iterator[str]:
    yield f"{cut(difference.before_name, 56)}   {megabytes(difference.before_bytes)}"
    yield (
        f"{cut(difference.after_name, 56)}   {megabytes(difference.after_bytes)}   "
        f"{reduction(difference.after_bytes, difference.before_bytes)}".rstrip()
    )
    if before.packed_bytes is not None and after.packed_bytes is not None:
        packed = after.packed_bytes, before.packed_bytes
        yield f"packed: about {megabytes(packed[1])} → {megabytes(packed[0])}   {reduction(*packed)}".rstrip()
    if waterfall is not None:
        yield from _waterfall_lines(waterfall)
    for title, rows in (
        ("Layers", difference.layers),
        ("Files", difference.files),
        ("Sections", difference.sections),
        (f"Go packages{', code alone' if difference.packages_are_code else ''}", difference.packages),
    ):
        if rows:
            yield ""
            yield title
            yield from _difference_rows(rows)
    if not difference.delta_bytes and not difference.files and not difference.sections:
        yield "Nothing differs that has a size."
    for note in (*before.notes, *after.notes):
        yield from _wrapped(f"Note: {note}", "")


def _waterfall_lines(waterfall: Waterfall) -> Iterator[str]:
    yield ""
    yield "From the one to the other"
    top = max((abs(step.delta_bytes) for step in waterfall.steps), default=0)
    for step in waterfall.steps:
        if not step.delta_bytes:
            continue
        drawn = bar(abs(step.delta_bytes), top, _BAR_CELLS)
        yield (
            f"  {step.kind.value:<{_NAME_CELLS}} {drawn:<{_BAR_CELLS}}"
            f" {signed(step.delta_bytes):>8} {f'{step.share_percent:.1f} %':>7}"
        )
        if step.decision is not None and step.decision.shown:
            yield from _wrapped(clean_line(step.decision.shown, 300), "    ")


def _difference_rows(rows: tuple[DifferenceRow, ...]) -> Iterator[str]:
    top = max(abs(row.delta_bytes) for row in rows)
    for row in rows[:_ROW_LIMIT]:
        drawn = bar(abs(row.delta_bytes), top, 20)
        yield (
            f"  {padded(cut(row.name, 36), 36)} {drawn:<20} {signed(row.delta_bytes):>9} {row.trend.value:>8}"
        )
    if len(rows) > _ROW_LIMIT:
        rest = sum(row.delta_bytes for row in rows[_ROW_LIMIT:])
        yield f"  … and {len(rows) - _ROW_LIMIT} more, {signed(rest)} in all: --json lists every one"
