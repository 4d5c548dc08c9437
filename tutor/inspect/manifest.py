"""Which layers make up an image, and in what order: ``manifest.json``, else an OCI ``index.json``."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from tutor.core.errors import InspectError
from tutor.core.text import clean_line
from tutor.inspect.layer import clean_path

_LAYER_LIMIT = 1_000
_DEPTH_LIMIT = 4
_NOT_JSON = "A part of the image's archive is not the JSON it should be."
_NOT_AN_IMAGE = "This is no image archive: it has neither a manifest.json nor an index.json."


@dataclass(frozen=True, slots=True)
class Manifest:
    """The layers of one image, oldest first."""

    layers: tuple[str, ...]
    """Their names in the archive."""
    diff_ids: tuple[str, ...]
    created_by: tuple[str, ...]
    """The instruction that made each layer; empty where the history does not tell."""
    document: Mapping[str, object] = field(default_factory=dict)
    """The image's configuration as its archive holds it."""


def read_manifest(
    documents: Mapping[str, bytes],
    image_id: str,
    architecture: str,
    links: Mapping[str, str] | None = None,
    unreadable: Container[str] = (),
) -> Manifest:
    """Find the image ``image_id`` in an archive, or the only one it holds.

    Raises:
        InspectError: the archive names no image, several others, or cannot be read.
    """
    links = links or {}
    if "manifest.json" in documents:
        layers, config_name = _docker_manifest(documents, image_id)
    elif "index.json" in documents:
        layers, config_name = _oci_manifest(documents, image_id, architecture)
    elif named := [name for name in ("manifest.json", "index.json") if name in unreadable]:
        raise InspectError(_NOT_JSON, where=named[0])
    else:
        raise InspectError(_NOT_AN_IMAGE)
    config = _object(_parsed(documents, links.get(config_name, config_name)))
    diff_ids = _strings(_object(config.get("rootfs")).get("diff_ids"))
    if len(layers) > _LAYER_LIMIT:
        raise InspectError(f"The image has {len(layers)} layers; no engine takes so many.")
    if diff_ids and len(diff_ids) != len(layers):
        raise InspectError(
            f"The image's manifest names {len(layers)} layers and its configuration {len(diff_ids)}."
        )
    return Manifest(layers, diff_ids or ("",) * len(layers), _created_by(config, len(layers)), config)


def _docker_manifest(documents: Mapping[str, bytes], image_id: str) -> tuple[tuple[str, ...], str]:
    images = [_object(item) for item in _list(_parsed(documents, "manifest.json"))]
    wanted = image_id.removeprefix("sha256:")
    named = [image for image in images if wanted and wanted in str(image.get("Config", ""))]
    if len(images) != 1 and not named:
        raise InspectError(_which(images, image_id))
    image = (named or images)[0]
    return _strings(image.get("Layers")), clean_path(str(image.get("Config", "")))


def _which(images: list[dict[str, object]], image_id: str) -> str:
    if image_id:
        return f"The archive holds {len(images)} images, and none of them is {clean_line(image_id, 80)}."
    tags = [str(tag) for image in images for tag in _tags(image)]
    named = clean_line(", ".join(tags), 200)
    return f"The archive holds {len(images)} images{f': {named}' if named else ''}. Save one at a time."


def _tags(image: Mapping[str, object]) -> list[object]:
    tags = image.get("RepoTags")
    return tags if isinstance(tags, list) else []


def _oci_manifest(
    documents: Mapping[str, bytes], image_id: str, architecture: str
) -> tuple[tuple[str, ...], str]:
    document = _object(_parsed(documents, "index.json"))
    for _ in range(_DEPTH_LIMIT):
        if "layers" in document:
            layers = tuple(_blob_name(_object(layer)) for layer in _list(document.get("layers")))
            return layers, _blob_name(_object(document.get("config")))
        choices = [_object(item) for item in _list(document.get("manifests"))]
        # An attestation says that its platform is unknown; it holds no files.
        choices = [item for item in choices if _object(item.get("platform")).get("os") != "unknown"]
        choices = [item for item in choices if _blob_name(item) in documents]
        if not choices:
            break
        choices.sort(
            key=lambda item: (
                item.get("digest") != image_id,
                _object(item.get("platform")).get("architecture", architecture) != architecture,
            )
        )
        document = _object(_parsed(documents, _blob_name(choices[0])))
    raise InspectError("The archive's index names no image for this machine.")


def _created_by(config: Mapping[str, object], count: int) -> tuple[str, ...]:
    history = config.get("history")
    records = [_object(item) for item in history] if isinstance(history, list) else []
    made = [
        clean_line(str(record.get("created_by") or ""))
        for record in records
        if record.get("empty_layer") is not True
    ]
    return tuple(made) if len(made) == count else ("",) * count


def _blob_name(descriptor: Mapping[str, object]) -> str:
    return "blobs/" + str(descriptor.get("digest", "")).replace(":", "/")


def _parsed(documents: Mapping[str, bytes], name: str) -> object:
    try:
        return json.loads(documents[name])
    except KeyError:
        raise InspectError(
            "The image's archive lacks a part that its manifest names.", where=clean_line(name, 120)
        ) from None
    except (ValueError, RecursionError):
        raise InspectError(_NOT_JSON, where=clean_line(name, 120)) from None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise InspectError("The image's archive is damaged: a list is missing in its manifest.")


def _strings(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in _list(value))
