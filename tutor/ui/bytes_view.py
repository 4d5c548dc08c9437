"""What each view of an opened image shows in the Bytes pane. Pure: values in, rows out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tutor.core.anatomy import (
    BinaryAnatomy,
    Change,
    FileChange,
    ImageAnatomy,
    PackageSource,
    SectionGroup,
)
from tutor.core.image import FileKind
from tutor.ui import present
from tutor.ui.bytes_row import ROW_LIMIT, BytesRow, bar_row, limited
from tutor.ui.cell import cut

if TYPE_CHECKING:
    from tutor.inspect.decision import Decision
    from tutor.session.opening import AttemptSize, Comparison

ATTEMPT_LIMIT = 20
"""Attempts that are shown: the newest."""

_SIGN = {Change.ADDED: "+", Change.CHANGED: "~", Change.REMOVED: "−"}
_STYLE = {Change.ADDED: "$success", Change.CHANGED: "$warning", Change.REMOVED: "$error"}


def way_rows(
    comparison: Comparison | None,
    attempts: tuple[AttemptSize, ...],
    width: int,
    par_bytes: int | None = None,
) -> Iterator[BytesRow]:
    """From the large image to this one; then, on a scale of their own, this one, par and every attempt."""
    finals = [attempt.unpacked_bytes for attempt in attempts[-ATTEMPT_LIMIT:]]
    after = comparison.waterfall.after_bytes if comparison is not None else 0
    top = max((*finals, after, par_bytes or 0), default=0)
    if comparison is not None:
        waterfall = comparison.waterfall
        whole = waterfall.before_bytes
        large = max(whole, 1)
        yield bar_row(waterfall.before_name, whole, large, whole, width, style="$bar-large")
        for step in waterfall.steps:
            if step.delta_bytes:
                yield bar_row(
                    f"  {step.kind.value}",
                    step.delta_bytes,
                    large,
                    whole,
                    width,
                    style="$success" if step.delta_bytes < 0 else "$error",
                    fact=step.decision.shown if step.decision is not None else "",
                    signed=True,
                )
        share = f"{waterfall.after_name} is {100 * after / large:.1f} % of {waterfall.before_name}."
        fact = f"{share} From here on bars have a scale of their own."
        yield BytesRow((("from here on, bars on a scale of their own", "$quiet"),), fact)
        yield bar_row(waterfall.after_name, after, top, 0, width, fact=fact)
    if par_bytes is not None:
        yield bar_row("par", par_bytes, top, 0, width, style="$quiet", fact=_against_par(after, par_bytes))
    if len(attempts) > ATTEMPT_LIMIT:
        yield BytesRow(((f"… {len(attempts) - ATTEMPT_LIMIT} earlier attempts", "$quiet"),))
    for attempt in attempts[-ATTEMPT_LIMIT:]:
        sign = "passed" if attempt.passed else "not passed"
        if par_bytes is not None:
            sign += ", within par" if attempt.unpacked_bytes <= par_bytes else ", above par"
        style = "$bar-final" if attempt.passed else "$warning"
        name = f"attempt {attempt.number} {'✓' if attempt.passed else '✗'}"
        yield bar_row(name, attempt.unpacked_bytes, top, 0, width, style=style, fact=f"{sign}.")


def _against_par(size_bytes: int, par_bytes: int) -> str:
    if not size_bytes:
        return "Par: what this lesson holds to be a good size."
    return f"Par: this image is {'within' if size_bytes <= par_bytes else 'above'} it."


def layer_rows(image: ImageAnatomy, decisions: tuple[Decision, ...], width: int) -> Iterator[BytesRow]:
    """Each layer with its files, then what was wasted."""
    top = max((layer.unpacked_bytes for layer in image.layers), default=0)
    for number, layer in enumerate(image.layers, 1):
        decision = decisions[number - 1].shown if number <= len(decisions) else layer.created_by
        counts = [sum(change.change is kind for change in layer.changes) for kind in Change]
        yield bar_row(
            f"{number} {decision or 'layer'}",
            layer.unpacked_bytes,
            top,
            image.unpacked_bytes,
            width - 2,
            fact=f"{decision or 'The history does not tell.'}   +{counts[0]} ~{counts[1]} −{counts[2]} names",
            below=lambda layer=layer: folder_rows(layer.changes, ""),  # type: ignore[misc]  # bound at once
            is_line=True,
        )
    if image.wasted:
        yield BytesRow(
            ((f"wasted {present.megabytes(image.wasted_bytes)}: shipped, and never seen", "$warning"),),
            f"A container sees {image.efficiency_percent:.1f} % of what is shipped.",
            lambda: _waste_rows(image),
        )


def _waste_rows(image: ImageAnatomy) -> list[BytesRow]:
    return limited(
        [
            BytesRow(
                ((f"{present.megabytes(waste.size_bytes):>9} ", "$warning"), (cut(waste.path, 60), "")),
                f"In layer {waste.layer + 1}, {waste.reason.value} by layer {waste.hidden_by + 1}.",
            )
            for waste in image.wasted
        ]
    )


def folder_rows(changes: tuple[FileChange, ...], folder: str) -> list[BytesRow]:
    """What a layer does in one folder: folders as one row each, largest first."""
    prefix = f"{folder}/"
    sizes: dict[str, int] = {}
    counts: dict[str, int] = {}
    own: dict[str, FileChange] = {}
    for change in changes:
        if not change.path.startswith(prefix):
            continue
        name, _, rest = change.path[len(prefix) :].partition("/")
        sizes[name] = sizes.get(name, 0) + change.size_bytes
        counts[name] = counts.get(name, 0) + 1
        if not rest:
            own[name] = change
    rows = []
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        here = own.get(name)
        path = f"{prefix}{name}"
        kind = here.change if here is not None else Change.CHANGED
        is_folder = counts[name] > 1 or here is None
        is_named_folder = here is not None and here.kind is FileKind.DIRECTORY
        removed = (
            f"  freed nothing: {present.megabytes(here.before_bytes)} stay below"
            if (here is not None and here.change is Change.REMOVED and here.before_bytes)
            else ""
        )
        rows.append(
            BytesRow(
                (
                    (f"{_SIGN[kind]} ", _STYLE[kind]),
                    (f"{cut(name, 44)}{'/' if is_folder or is_named_folder else ''}", ""),
                    (f"  {present.megabytes(sizes[name])}", "$quiet"),
                ),
                f"{path}   {kind.value}{removed}",
                (lambda path=path: folder_rows(changes, path)) if is_folder else None,  # type: ignore[misc]  # bound at once
            )
        )
    return limited(rows)


def file_rows(image: ImageAnatomy, width: int) -> list[BytesRow]:
    """Everything a container sees, largest first."""
    top = image.files[0].size_bytes if image.files else 0
    shown = [
        bar_row(
            file.path,
            file.size_bytes,
            top,
            image.unpacked_bytes,
            width,
            fact=f"{file.path}   from layer {file.layer + 1}",
        )
        for file in image.files[:ROW_LIMIT]
    ]
    if len(image.files) > ROW_LIMIT:
        shown.append(BytesRow(((f"… and {len(image.files) - ROW_LIMIT} more", "$quiet"),)))
    return shown


def program_rows(binary: BinaryAnatomy, width: int) -> Iterator[BytesRow]:
    """What the program asks for and claims, and its sections by what they are for."""
    elf, go = binary.elf, binary.go
    asks = ", ".join((*filter(None, (elf.interpreter,)), *elf.needed))
    yield BytesRow(
        (
            (f"{binary.path}  {elf.machine}, ", "bold"),
            ("static", "$success") if elf.is_static else (f"asks for {asks}", "$warning"),
            (", stripped" if elf.is_stripped else ", not stripped", ""),
        ),
        "Read from the file itself: the loader and the libraries that it asks for.",
    )
    groups = [(group, binary.group_bytes(group)) for group in SectionGroup]
    top = max((size for _, size in groups), default=0)
    for group, size in groups:
        if size:
            yield bar_row(
                group.value,
                size,
                top,
                binary.size_bytes,
                width - 2,
                below=lambda group=group: _section_rows(binary, group),  # type: ignore[misc]  # bound at once
            )
    if go is not None:
        yield BytesRow(
            ((f"claims: {go.version}, {go.main_module or 'unknown module'}", ""),),
            "Build info is what the Go tool wrote of its own build; -trimpath hides some of it.",
            lambda: [
                *(BytesRow(((f"{key}={value}", ""),)) for key, value in go.settings),
                *(BytesRow(((f"{path} {version}", ""),)) for path, version in go.modules[:ROW_LIMIT]),
            ],
        )
    for note in binary.notes:
        yield BytesRow(((note, "$warning"),), note)


def _section_rows(binary: BinaryAnatomy, group: SectionGroup) -> list[BytesRow]:
    return limited(
        [
            BytesRow(((f"{part.name:<26} ", ""), (f"{present.megabytes(part.size_bytes):>9}", "$quiet")))
            for part in binary.sections
            if part.group is group
        ]
    )


def package_rows(binary: BinaryAnatomy, width: int) -> list[BytesRow]:
    """Bytes per Go package, and at last what belongs to none."""
    if binary.source is PackageSource.NONE:
        return [BytesRow(((note, "$warning"),), note) for note in binary.notes]
    with_data = binary.source is PackageSource.SYMBOLS
    what = "Code and data" if with_data else "Code alone: a stripped program names no data"
    rest = [
        ("(code of no function)", binary.unattributed_code_bytes),
        ("(data no symbol names)", binary.unattributed_data_bytes),
    ]
    top = max((part.size_bytes for part in binary.packages), default=0)
    rows = [
        bar_row(
            part.name,
            part.size_bytes,
            top,
            binary.size_bytes,
            width,
            fact=f"{part.name}: functions: {part.function_count}. {what}, from the {binary.source.value}.",
        )
        for part in binary.packages
    ]
    rows = limited(rows)
    rows += [
        bar_row(name, size, top, binary.size_bytes, width, style="$quiet", fact=f"{what}.")
        for name, size in rest
        if size
    ]
    return rows
