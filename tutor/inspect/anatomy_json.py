"""What ``fromscratch xray --json`` prints. ``docs/xray.md`` documents every key."""

from __future__ import annotations

from collections.abc import Iterable

from tutor.core.anatomy import BinaryAnatomy, ImageAnatomy, SectionGroup
from tutor.core.difference import Difference, DifferenceRow
from tutor.core.dockerfile import Dockerfile
from tutor.inspect.decision import fitting_stage, layer_decisions
from tutor.inspect.difference import Anatomy
from tutor.inspect.gate import Gate
from tutor.inspect.waterfall import Waterfall, WaterfallStep

SCHEMA = 1
"""Grows when a key goes or changes its meaning; a new key alone changes nothing."""

LARGEST_FILES = 20

Json = dict[str, object]


def anatomy_as_json(
    anatomy: Anatomy,
    gates: Iterable[Gate] = (),
    *,
    all_files: bool = False,
    dockerfile: Dockerfile | None = None,
) -> Json:
    """An image or a program.

    ``all_files`` lists every name of every layer, not the largest alone; ``dockerfile`` is what the
    image was built from.
    """
    if isinstance(anatomy, BinaryAnatomy):
        found: Json = {
            "unpacked_bytes": anatomy.size_bytes,
            "packed_bytes": anatomy.packed_bytes,
            "schema": SCHEMA,
            "kind": "program",
            "name": anatomy.path,
            "program": _program(anatomy),
        }
    else:
        found = _image(anatomy, all_files, dockerfile)
    return found | {"gates": [_gate(gate) for gate in gates]}


def _gate(gate: Gate) -> Json:
    return {"name": gate.name, "held": gate.held, "expected": gate.expected, "actual": gate.actual}


def _image(image: ImageAnatomy, all_files: bool, dockerfile: Dockerfile | None) -> Json:
    records = tuple(layer.created_by for layer in image.layers)
    decisions = layer_decisions(records, dockerfile, fitting_stage(records, dockerfile))
    config = image.config
    files = image.files if all_files else image.files[:LARGEST_FILES]
    return {
        "unpacked_bytes": image.unpacked_bytes,
        "packed_bytes": image.packed_bytes,
        "schema": SCHEMA,
        "kind": "image",
        "name": image.name,
        "image_id": image.image_id,
        "listed_bytes": image.listed_bytes,
        "wasted_bytes": image.wasted_bytes,
        "efficiency_percent": round(image.efficiency_percent, 4),
        "file_count": image.file_count,
        "architecture": config.architecture,
        "user": config.user,
        "user_id": image.user_id,
        "start_command": list(config.start_command),
        "start_path": image.start_path,
        "parts": [
            {"kind": part.kind.value, "layer": part.layer, "bytes": part.size_bytes} for part in image.parts
        ],
        "layers": [
            {
                "diff_id": layer.diff_id,
                "created_by": layer.created_by,
                "line": decision.line,
                "unpacked_bytes": layer.unpacked_bytes,
                "wasted_bytes": layer.wasted_bytes,
                "changes": [
                    {
                        "path": change.path,
                        "change": change.change.value,
                        "kind": change.kind.value,
                        "bytes": change.size_bytes,
                        "before_bytes": change.before_bytes,
                    }
                    for change in layer.changes
                ]
                if all_files
                else None,
            }
            for layer, decision in zip(image.layers, decisions, strict=True)
        ],
        "files": [{"path": each.path, "bytes": each.size_bytes, "layer": each.layer} for each in files],
        "wasted": [
            {
                "path": waste.path,
                "bytes": waste.size_bytes,
                "layer": waste.layer,
                "hidden_by": waste.hidden_by,
                "reason": waste.reason.value,
            }
            for waste in (image.wasted if all_files else image.wasted[:LARGEST_FILES])
        ],
        "programs": [_program(binary) for binary in image.shown_programs],
        "notes": list(image.notes),
    }


def _program(binary: BinaryAnatomy) -> Json:
    elf, go = binary.elf, binary.go
    return {
        "path": binary.path,
        "bytes": binary.size_bytes,
        "sha256": binary.sha256 or None,
        "machine": elf.machine,
        "loader": elf.interpreter or None,
        "needed": list(elf.needed),
        "is_static": elf.is_static,
        "is_stripped": elf.is_stripped,
        "groups": {group.value: binary.group_bytes(group) for group in SectionGroup},
        "sections": [
            {"name": part.name, "group": part.group.value, "bytes": part.size_bytes}
            for part in binary.sections
        ],
        "packages_from": binary.source.value,
        "packages": [
            {
                "name": part.name,
                "code_bytes": part.code_bytes,
                "data_bytes": part.data_bytes,
                "functions": part.function_count,
            }
            for part in binary.packages
        ],
        "unattributed_code_bytes": binary.unattributed_code_bytes,
        "unattributed_data_bytes": binary.unattributed_data_bytes,
        "build_info_claims": None
        if go is None
        else {
            "go": go.version,
            "main_module": go.main_module,
            "settings": dict(go.settings),
            "modules": [{"path": path, "version": version} for path, version in go.modules],
        },
        "notes": list(binary.notes),
    }


def difference_as_json(
    difference: Difference,
    before: Anatomy,
    after: Anatomy,
    gates: Iterable[Gate] = (),
    waterfall: Waterfall | None = None,
) -> Json:
    """Two against each other. The gates were judged on the second."""
    new = anatomy_as_json(after)
    return {
        "unpacked_bytes": difference.after_bytes,
        "packed_bytes": new["packed_bytes"],
        "schema": SCHEMA,
        "kind": "comparison",
        "before": {"name": difference.before_name, "unpacked_bytes": difference.before_bytes},
        "after": {"name": difference.after_name, "unpacked_bytes": difference.after_bytes},
        "delta_bytes": difference.delta_bytes,
        "way": [_step(step) for step in waterfall.steps if step.delta_bytes] if waterfall else [],
        "parts": _rows(difference.parts),
        "layers": _rows(difference.layers),
        "files": _rows(difference.files),
        "sections": _rows(difference.sections),
        "packages": _rows(difference.packages),
        "packages_are_code": difference.packages_are_code,
        "notes": [*before.notes, *after.notes],
        "gates": [_gate(gate) for gate in gates],
    }


def _step(step: WaterfallStep) -> Json:
    return {
        "kind": step.kind.value,
        "before_bytes": step.before_bytes,
        "after_bytes": step.after_bytes,
        "delta_bytes": step.delta_bytes,
        "share_percent": round(step.share_percent, 4),
        "line": step.decision.line if step.decision is not None else None,
        "decided_by": step.decision.text if step.decision is not None else None,
    }


def _rows(rows: tuple[DifferenceRow, ...]) -> list[Json]:
    return [
        {
            "name": row.name,
            "trend": row.trend.value,
            "before_bytes": row.before_bytes,
            "after_bytes": row.after_bytes,
            "delta_bytes": row.delta_bytes,
        }
        for row in rows
    ]
