from __future__ import annotations

from pathlib import Path

from tutor.core.image import BuiltImage
from tutor.session.origin import note_origin, origin_of
from tutor.storage.database import SqliteProgressStore

IMAGE = BuiltImage("it:multi", "sha256:1")


def test_an_image_is_remembered_with_the_last_text_it_was_built_from(tmp_path: Path) -> None:
    store = SqliteProgressStore(tmp_path / "progress.sqlite3")
    note_origin(store, [IMAGE], "FROM scratch\nCOPY a /\n")
    note_origin(store, [IMAGE], "# moved down\nFROM scratch\nCOPY a /\n")
    store.close()
    store = SqliteProgressStore(tmp_path / "progress.sqlite3")
    found = origin_of(store, "sha256:1")
    assert found is not None
    assert found.stages[0].instructions[0].first_line == 3
    assert origin_of(store, "sha256:2") is None
    store.close()


def test_a_text_that_is_no_dockerfile_explains_nothing(tmp_path: Path) -> None:
    store = SqliteProgressStore(tmp_path / "progress.sqlite3")
    for text in ("", "\x00", "FROM"):
        note_origin(store, [IMAGE], text)
        assert origin_of(store, "sha256:1") is None
    store.close()
