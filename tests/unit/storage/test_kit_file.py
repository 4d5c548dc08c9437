from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.storage.kit_maker import CONTENT, bent, info, laid, made, manifest
from tutor.core.errors import KitRefused, StorageError
from tutor.core.kit import KitImage, KitMember, short_id
from tutor.storage.kit_file import open_kit, write_kit
from tutor.storage.kit_manifest import MANIFEST, MEMBER_LIMIT, TOTAL_LIMIT_BYTES


def refusal(path: Path) -> KitRefused:
    with pytest.raises(KitRefused) as caught, open_kit(path) as reader:
        reader.verify()
    assert caught.value.exit_code == 2
    assert caught.value.next_step
    assert str(path) in caught.value.where
    return caught.value


def member(path: str, data: bytes = b"x") -> KitMember:
    return KitMember(path, hashlib.sha256(data).hexdigest(), len(data))


def test_a_kit_brings_back_what_went_in_and_says_so_before_it_is_read(tmp_path: Path) -> None:
    with open_kit(made(tmp_path, lessons=("a",), go_version="1.21.13")) as reader:
        assert reader.manifest.lessons == ("a",)
        assert reader.manifest.total_bytes == sum(len(data) for data in CONTENT.values())
        back = {each.path: b"".join(pieces) for each, pieces in reader.members()}
    assert back == CONTENT


def test_an_ordinary_tar_reads_a_kit_and_finds_its_list_first(tmp_path: Path) -> None:
    with tarfile.open(made(tmp_path), "r:") as tar:
        assert tar.getnames() == [MANIFEST, *CONTENT]
        assert tar.getmember("busybox/busybox").mode == 0o755


def test_the_id_covers_every_byte(tmp_path: Path) -> None:
    ids = set()
    for number, data in enumerate((b"a", b"b")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with open_kit(made(folder, {"lessons/x": data})) as reader:
            ids.add(reader.kit_id)
    assert len(ids) == 2
    assert all(short_id(each).replace("-", "") == each[:12] for each in ids)


def test_a_file_that_changes_meanwhile_is_noticed_and_no_kit_is_left(tmp_path: Path) -> None:
    members, sources = laid(tmp_path, {"lessons/x": b"old"})
    sources["lessons/x"].write_bytes(b"new")
    with pytest.raises(KitRefused, match="changed while"):
        write_kit(tmp_path / "class.fsk.tar", manifest(*members), sources)
    assert [path.name for path in tmp_path.iterdir()] == ["source-0"]


def test_a_changed_byte_is_told_with_the_file_that_holds_it(tmp_path: Path) -> None:
    path = made(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"package main", b"package mein"))
    assert "service/main.go is damaged" in refusal(path).what


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_kit_that_is_cut_short_says_so(tmp_path: Path, kept: float) -> None:
    path = made(tmp_path, {"lessons/x": b"y" * 100_000})
    path.write_bytes(path.read_bytes()[: int(100_000 * kept)])
    assert "cut short" in refusal(path).what


def test_a_kit_of_a_newer_tutor_names_it(tmp_path: Path) -> None:
    document = b'{"kind": "fromscratch class kit", "schema": 2, "tool_version": "3.1", "anything": []}'
    told = refusal(bent(tmp_path / "kit", document))
    assert "3.1" in told.what
    assert "Install that version" in told.next_step


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b"[1]", b'{"kind": "other"}', b'{"kind": "fromscratch class kit", "schema": 1}', b"\xff\xfe",
     b'{"kind": "fromscratch class kit", "schema": 1, "members": [{"path": 7}]}'],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(tmp_path: Path, document: bytes) -> None:
    refusal(bent(tmp_path / "kit", document))


@pytest.mark.parametrize(
    "path",
    ["../outside", "lessons/../../outside", "/etc/passwd", "lessons//x", "lessons/./x", "lessons\\x",
     "other/x", "lessons/a\nb", "lessons/" + "x" * 300, "busybox/other", "lessons/\x1b[2J", ""],
)  # fmt: skip
def test_a_path_that_leads_out_or_has_no_place_is_refused(tmp_path: Path, path: str) -> None:
    told = refusal(bent(tmp_path / "kit", manifest(member(path)), (info("lessons/x", 1), b"x")))
    assert "\x1b" not in str(told)


def test_a_path_named_twice_or_as_file_and_folder_is_refused(tmp_path: Path) -> None:
    assert "twice" in refusal(bent(tmp_path / "a", manifest(member("lessons/x"), member("lessons/x")))).what
    both = manifest(member("lessons/x"), member("lessons/x/y"))
    assert "folder" in refusal(bent(tmp_path / "b", both)).what


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE,
     tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE],
)  # fmt: skip
def test_a_link_or_a_device_under_a_right_name_is_refused(tmp_path: Path, kind: bytes) -> None:
    listed = manifest(KitMember("lessons/x", hashlib.sha256(b"").hexdigest(), 0))
    refusal(bent(tmp_path / "kit", listed, (info("lessons/x", 0, kind, "/etc/passwd"), b"")))


def test_what_the_list_does_not_name_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    listed = manifest(member("lessons/x"))
    extra, wanted = (info("../evil", 1), b"e"), (info("lessons/x", 1), b"x")
    assert "'../evil'" in refusal(bent(tmp_path / "a", listed, extra, wanted)).what
    assert "'../evil'" in refusal(bent(tmp_path / "b", listed, wanted, extra)).what


def test_absurd_numbers_are_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    huge = KitMember("lessons/x", "0" * 64, TOTAL_LIMIT_BYTES + 1)
    assert "bytes" in refusal(bent(tmp_path / "a", manifest(huge))).what
    assert "bytes" in refusal(bent(tmp_path / "b", manifest(KitMember("lessons/x", "0" * 64, -1)))).what
    many = manifest(*(member(f"lessons/{number}") for number in range(MEMBER_LIMIT + 1)))
    assert "files" in refusal(bent(tmp_path / "c", many)).what


def test_a_header_that_claims_gigabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    header = info("lessons/x", 40_000_000_000, tarfile.GNUTYPE_LONGNAME).tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "kit").write_bytes(header + b"x" * 2000)
    refusal(tmp_path / "kit")


def test_an_image_that_is_named_but_not_there_is_refused(tmp_path: Path) -> None:
    listed = manifest(images=(KitImage("golang:1.21-alpine", "amd64", "images/0.tar"),))
    assert "image" in refusal(bent(tmp_path / "kit", listed)).what


def test_other_files_are_no_kits(tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"PK\x03\x04" + b"x" * 2000, b"hello\n" * 1000, b"\0" * 4096)):
        path = tmp_path / str(number)
        path.write_bytes(data)
        assert "no class kit" in refusal(path).what
    with tarfile.open(tmp_path / "tar", "w") as tar:
        tar.addfile(info("other", 1), io.BytesIO(b"x"))
    assert "no class kit" in refusal(tmp_path / "tar").what
    with pytest.raises(StorageError), open_kit(tmp_path / "missing"):
        pass


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(at=st.integers(0, 8_000), data=st.binary(min_size=1, max_size=40))
def test_whatever_is_overwritten_a_kit_is_refused_or_gives_what_its_list_says(
    tmp_path: Path, at: int, data: bytes
) -> None:
    whole = tmp_path / "class.fsk.tar"
    if not whole.exists():
        made(tmp_path)
    bad = bytearray(whole.read_bytes())
    bad[at : at + len(data)] = data
    (tmp_path / "bad").write_bytes(bad)
    try:
        with open_kit(tmp_path / "bad") as reader:
            back = {each.path: b"".join(pieces) for each, pieces in reader.members()}
    except KitRefused:
        return
    assert {each.path: each.sha256 for each in reader.manifest.members} == {
        path: hashlib.sha256(content).hexdigest() for path, content in back.items()
    }
