from __future__ import annotations

import io
import os
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from tutor.engine.embedded.entry import Draft, Entry, Kind, Source, decode_entries, encode_entries
from tutor.engine.embedded.image_config import StageConfig, decode_stage_config
from tutor.engine.embedded.layer import Layer, Stopped, write_layer
from tutor.engine.embedded.stage_folder import StageFolder
from tutor.engine.embedded.store import Store, Tag, normalised
from tutor.engine.embedded.toolchain_pool import Pool
from tutor.engine.embedded.tree import remove_tree
from tutor.engine.embedded.view import View


def file(path: str, data: bytes = b"x", mode: int = 0o644) -> Draft:
    return Draft(Entry(path, Kind.FILE, mode, size=len(data)), Source(data=data))


def folder(path: str, mode: int = 0o755) -> Draft:
    return Draft(Entry(path, Kind.DIRECTORY, mode))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def add(store: Store, *drafts: Draft) -> Layer:
    return store.add_layer(drafts, store.work_folder)


def test_a_layer_is_a_tar_archive_whose_digest_names_it_whatever_the_order() -> None:
    drafts = [file("b", b"two"), folder("a"), file("a/x", b"one")]
    first, second = io.BytesIO(), io.BytesIO()
    layer = write_layer(drafts, first)
    assert write_layer(drafts[::-1], second).diff_id == layer.diff_id
    assert layer.size == len(first.getvalue())
    with tarfile.open(fileobj=io.BytesIO(first.getvalue())) as archive:
        assert archive.getnames() == ["a", "a/x", "b"]
        assert {member.mtime for member in archive} == {0}
    for entry in layer.entries:
        if entry.kind is Kind.FILE:
            assert first.getvalue()[entry.offset : entry.offset + entry.size] in (b"one", b"two")


def test_names_of_any_length_and_bytes_survive() -> None:
    odd = os.fsdecode(b"\xff\xfe")
    long = "d/" * 120 + "f"
    buffer = io.BytesIO()
    layer = write_layer([file(odd), file(long), file("é")], buffer)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        assert set(archive.getnames()) == {odd, long, "é"}
    assert decode_entries(encode_entries(layer.entries)) == layer.entries


def test_writing_stops_when_told() -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        write_layer([file("a")], io.BytesIO(), stopped=stopped)


def test_layers_lie_over_each_other_and_whiteouts_take_away() -> None:
    view = View()
    view.lay_over([Entry("d", Kind.DIRECTORY), Entry("d/a", Kind.FILE), Entry("f", Kind.FILE)], "one")
    view.lay_over([Entry("d", Kind.WHITEOUT), Entry("f", Kind.SYMLINK, target="/x")], "two")
    assert [entry.path for entry, _ in view] == ["f"]
    view.lay_over([Entry("f", Kind.DIRECTORY), Entry("f/g", Kind.FILE)], "three")
    assert [(entry.path, layer) for entry, layer in view] == [("f", "three"), ("f/g", "three")]


def test_links_are_followed_inside_and_loops_end() -> None:
    view = View()
    links = {"a": "/b", "b": "../../c", "loop": "loop", "d/up": "../.."}
    view.lay_over([Entry(path, Kind.SYMLINK, target=target) for path, target in links.items()], "x")
    assert view.resolve("/a/x") == "c/x"
    assert view.resolve("/d/up/etc") == "etc"
    assert view.resolve("a", follow_last=False) == "a"
    assert view.resolve("loop/x").endswith("x")


def test_a_reference_is_found_however_it_is_written(store: Store) -> None:
    image_id = store.put_image(StageConfig(env={"A": "1=2"}))
    store.tag(Tag("golang:1.21", image_id, "now", stand_in=True))
    for name in ("golang:1.21", "docker.io/library/golang:1.21", image_id):
        found = store.find(name)
        assert found is not None
        assert (found.image_id, found.stand_in) == (image_id, True)
    assert store.find("golang") is None
    assert normalised("localhost:5000/x") == "localhost:5000/x:latest"
    assert decode_stage_config(store.blob(image_id).read_bytes()).env == {"A": "1=2"}


def test_a_remembered_step_whose_layer_is_gone_is_forgotten(store: Store) -> None:
    layer = add(store, file("a"))
    store.remember("key", {"diff_id": layer.diff_id})
    assert store.recall("key") == {"diff_id": layer.diff_id}
    store.remove_blob(store.blob(layer.diff_id))
    assert store.recall("key") is None
    assert store.recall("other") is None


def stage(store: Store, path: Path, *layers: Layer) -> StageFolder:
    made = StageFolder(path, store, Pool(store), real_owners=False)
    for layer in layers:
        made.lay(layer)
    return made


def changes(made: StageFolder, uid: int = 0) -> dict[str, str]:
    return {draft.entry.path: draft.entry.kind.value for draft in made.differences(uid, 0)}


def test_an_untouched_folder_has_no_differences(store: Store, tmp_path: Path) -> None:
    layer = add(
        store, folder("d", 0o500), file("d/a", mode=0o400), Draft(Entry("l", Kind.SYMLINK, target="x"))
    )
    assert changes(stage(store, tmp_path / "root", layer)) == {}
    remove_tree(tmp_path / "root")


def test_differences_are_what_a_command_did(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "root"
    layer = add(store, folder("d"), file("d/keep"), file("d/edit"), file("d/gone"), folder("e"), file("e/f"))
    made = stage(store, root, layer)
    (root / "d/edit").write_text("longer")
    (root / "d/gone").unlink()
    (root / "new").mkdir()
    (root / "new/x").write_text("x")
    (root / "new/y").hardlink_to(root / "new/x")
    remove_tree(root / "e")
    assert changes(made) == {
        "d": "d",
        "d/edit": "f",
        "d/gone": "w",
        "e": "w",
        "new": "d",
        "new/x": "f",
        "new/y": "h",
    }
    made.accept(store.add_layer(made.differences(0, 0), store.work_folder))
    assert changes(made) == {}


def test_a_change_of_mode_alone_is_a_difference(store: Store, tmp_path: Path) -> None:
    made = stage(store, tmp_path / "root", add(store, file("a")))
    (tmp_path / "root/a").chmod(0o700)
    (draft,) = made.differences(0, 0)
    assert draft.entry.mode == 0o700


def test_what_may_not_be_read_is_read_all_the_same_and_keeps_its_mode(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "root"
    made = stage(store, root, add(store, folder("d")))
    (root / "d/secret").write_text("s")
    (root / "d/secret").chmod(0)
    (root / "d").chmod(0)
    drafts = made.differences(0, 0)
    layer = store.add_layer(drafts, store.work_folder)
    assert {entry.path: entry.mode for entry in layer.entries} == {"d": 0, "d/secret": 0}
    made.accept(layer)
    assert changes(made) == {}
    made.prepare_for(0, 0)
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0
    made.remove()
    assert not root.exists()


def test_another_user_gets_the_permissions_of_others_and_root_gets_its_own_back(
    store: Store, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    mine = Draft(Entry("mine", Kind.FILE, 0o640, 5, 6, 1), Source(data=b"x"))
    made = stage(
        store, root, add(store, folder("d", 0o700), file("d/a", mode=0o644), file("b", mode=0o755), mine)
    )

    def modes() -> dict[str, int]:
        return {name: stat.S_IMODE((root / name).stat().st_mode) >> 6 for name in ("b", "mine", "")}

    made.prepare_for(5, 0)
    assert modes() == {"b": 0o5, "mine": 0o6, "": 0o5}
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0
    made.prepare_for(9, 6)
    assert modes()["mine"] == 0o4
    made.prepare_for(0, 0)
    assert modes() == {"b": 0o7, "mine": 0o6, "": 0o7}
    assert changes(made) == {}


def test_a_shared_file_that_was_changed_in_place_is_made_anew_for_the_next(
    store: Store, tmp_path: Path
) -> None:
    layer = add(store, file("a", b"right"))
    Pool(store).share(layer.diff_id)
    first = stage(store, tmp_path / "one", layer)
    second = stage(store, tmp_path / "two", layer)
    assert (tmp_path / "one/a").samefile(tmp_path / "two/a")
    (tmp_path / "one/a").write_text("wrong")
    assert changes(first) == {"a": "f"}
    stage(store, tmp_path / "three", layer)
    assert (tmp_path / "three/a").read_text() == "right"
    assert second.laid == [layer.diff_id]


def test_a_tree_is_removed_whatever_its_permissions_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/f").write_text("f")
    (root / "a/link").symlink_to(outside)
    (root / "a/b").chmod(0)
    (root / "a").chmod(0)
    remove_tree(root)
    assert not root.exists()
    assert (outside / "kept").exists()
    remove_tree(root)
