from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest

from tests.unit.inspect.image_archive import config_json, digest, file, legacy, oci, one_way, symlink, tar
from tutor.core.errors import InspectError
from tutor.core.trial import Sighting
from tutor.inspect.search import SIGHTING_LIMIT, find_markers

MARKER = "correct-horse-battery"
SECRET = tar([file("etc/secret.env", b"KEY=" + MARKER.encode() + b"\n")])
GONE = tar([file("etc/.wh.secret.env")])
PLAIN = tar([file("app", b"nothing here" * 50_000)])


def find(archive: bytes, *markers: str, history: Any = None, **more: Any) -> tuple[Sighting, ...]:
    layers = more.pop("layers", None)
    image_id = f"sha256:{digest(config_json(layers, history))}" if layers else ""
    return find_markers(one_way(archive), markers or (MARKER,), image_id=image_id, **more)


@pytest.mark.parametrize("shape", [legacy, oci, lambda layers: oci(layers, packed="gzip")])
def test_a_file_that_a_later_layer_hides_is_found(shape: Any) -> None:
    layers = [PLAIN, SECRET, GONE]
    assert find(shape(layers), layers=layers) == (Sighting(MARKER, "layer 2: /etc/secret.env"),)


def test_an_image_without_it_gives_nothing() -> None:
    assert find(legacy([PLAIN]), layers=[PLAIN]) == ()


def test_a_text_across_the_seam_of_two_pieces_is_found() -> None:
    data = b"x" * (256 * 1024 - 600 - 5) + MARKER.encode() + b"y" * 9_000
    for shift in range(4):
        layer = tar([file("blob", b"z" * shift + data)])
        assert find(legacy([layer]), layers=[layer]) == (Sighting(MARKER, "layer 1: /blob"),)


def test_history_is_searched() -> None:
    history: list[dict[str, object]] = [{"created_by": f"RUN curl -H {MARKER} https://example.com"}]
    found = find(legacy([PLAIN], history), layers=[PLAIN], history=history)
    assert found == (Sighting(MARKER, "history"),)


def test_settings_are_searched() -> None:
    document = json.loads(config_json([PLAIN]))
    document["config"] = {"Env": [f"KEY={MARKER}"], "Labels": {"a": "b"}}
    config = json.dumps(document).encode()
    manifest = [{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]
    archive = tar(
        [
            file("layer.tar", PLAIN),
            file("config.json", config),
            file("manifest.json", json.dumps(manifest).encode()),
        ]
    )
    assert find(archive) == (Sighting(MARKER, "image configuration"),)


def test_names_and_targets_of_links_are_searched() -> None:
    layer = tar([file(f"srv/{MARKER}"), symlink("etc/link", f"/srv/{MARKER}")])
    where = [seen.where for seen in find(legacy([layer]), layers=[layer])]
    assert where == [f"layer 1: /srv/{MARKER} (its name)", "layer 1: /etc/link (its name)"]


def test_each_marker_is_told_and_no_more_often_than_the_limit() -> None:
    layer = tar([file(f"f{number}", b"aaaaaa bbbbbb") for number in range(SIGHTING_LIMIT + 5)])
    found = find(legacy([layer]), "aaaaaa", "bbbbbb", "cccccc", layers=[layer])
    counts = {marker: sum(seen.marker == marker for seen in found) for marker in ("aaaaaa", "bbbbbb")}
    assert counts == {"aaaaaa": SIGHTING_LIMIT, "bbbbbb": SIGHTING_LIMIT}


def test_a_damaged_archive_is_told_in_words() -> None:
    with pytest.raises(InspectError):
        find(legacy([SECRET])[:900])


def test_a_search_can_be_stopped() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(InspectError, match="stopped"):
        find_markers(io.BytesIO(legacy([PLAIN])), (MARKER,), image_id="", cancelled=cancelled)
