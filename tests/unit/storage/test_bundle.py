from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tutor.core.errors import StorageError, SubmissionRefused, UsageError
from tutor.core.submission import BundledAttempt, BundledFile, BundleManifest, IntakeLimits
from tutor.storage.bundle import FILES, MANIFEST, bundled_files, unpack_bundle, write_bundle
from tutor.storage.intake import discard, submission_name, take

LIMITS = IntakeLimits(files=20, total_bytes=100_000, file_bytes=50_000, path_length=100)


def manifest(*files: BundledFile, **changes: Any) -> BundleManifest:
    values: dict[str, Any] = {
        "schema": 1,
        "lesson": "two-stages",
        "created_at": "2026-11-24T10:00:00+00:00",
        "tool_version": "0.1.0",
        "lesson_sha256": "0" * 64,
        "learner": {"name": "Ada", "id": "1815"},
        "course": "",
        "token": "",
        "workspace_sha256": "1" * 64,
        "files": files,
    }
    return BundleManifest(**(values | changes))


def listed(name: str, content: bytes) -> BundledFile:
    return BundledFile(name, hashlib.sha256(content).hexdigest(), len(content))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "sub").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "sub" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "sub" / "run.sh").chmod(0o755)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    (folder / "Dockerfile~").write_text("old")
    return folder


def test_a_bundle_brings_the_files_back_and_nothing_else(workspace: Path, tmp_path: Path) -> None:
    files = bundled_files(workspace)
    assert [file.path for file in files] == ["Dockerfile", "sub/run.sh"]
    path = tmp_path / "a.fsb.zip"
    write_bundle(path, workspace, manifest(*files))
    back = unpack_bundle(path, tmp_path / "out", LIMITS)
    assert back == manifest(*files)
    assert (tmp_path / "out/Dockerfile").read_text() == "FROM scratch\n"
    assert (tmp_path / "out/sub/run.sh").stat().st_mode & 0o111
    assert not (tmp_path / "out/.git").exists()


def test_the_same_workspace_gives_the_same_bytes(workspace: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_bundle(tmp_path / name, workspace, manifest(*bundled_files(workspace)))
        os.utime(workspace / "Dockerfile", (1, 1))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_bundle_tells_no_path_of_this_machine(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_bundle(path, workspace, manifest(*bundled_files(workspace)))
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert all(name == MANIFEST or name.startswith(FILES) for name in archive.namelist())
    assert str(tmp_path).encode() not in everything


def test_a_link_out_of_the_workspace_is_not_packed(workspace: Path) -> None:
    (workspace / "link").symlink_to("/etc/passwd")
    with pytest.raises(StorageError, match="leads out"):
        bundled_files(workspace)


def test_the_claim_is_the_last_verdict_on_the_very_files() -> None:
    attempts = (
        BundledAttempt("t1", "failed", "docker", "1" * 64),
        BundledAttempt("t2", "passed", "docker", "1" * 64),
        BundledAttempt("t3", "passed", "docker", "2" * 64),
    )
    claimed = manifest(attempts=attempts).claimed
    assert claimed is not None
    assert claimed.taken_at == "t2"
    assert manifest().claimed is None


def zipped(tmp_path: Path, *members: tuple[Any, bytes], document: bytes | None = None) -> Path:
    path = tmp_path / "hostile.zip"
    files = tuple(
        listed(str(getattr(name, "filename", name)).removeprefix(FILES), content) for name, content in members
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, document or msgspec.json.encode(manifest(*files)))
        for name, content in members:
            archive.writestr(name, content)
    return path


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    "name",
    [
        "workspace/../../outside",
        "/etc/passwd",
        "workspace//etc/../../../x",
        "workspace/a\\..\\b",
        "elsewhere/x",
        "workspace/C:/x",
        "workspace/a\nb",
        f"workspace/{'x' * 200}",
    ],
)
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SubmissionRefused):
        unpack_bundle(zipped(tmp_path, (name, b"x")), tmp_path / "out", LIMITS)
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFBLK | 0o600, stat.S_IFIFO | 0o600])
def test_links_and_devices_are_refused(mode: int, tmp_path: Path) -> None:
    path = zipped(tmp_path, (entry("workspace/x", mode), b"/etc/passwd"))
    with pytest.raises(SubmissionRefused, match="link or a device"):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_a_zip_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("workspace/zeros", b"\0" * 60_000))
    with pytest.raises(SubmissionRefused, match="unpacks to more"):
        unpack_bundle(path, tmp_path / "out", LIMITS)
    assert sum(file.stat().st_size for file in (tmp_path / "out").rglob("*")) <= LIMITS.file_bytes


def test_a_lie_about_the_size_does_not_help(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("workspace/zeros", b"\0" * 60_000))
    data = bytearray(path.read_bytes())
    # The size in the central directory, which zip readers go by.
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(SubmissionRefused):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_too_many_names_are_refused(tmp_path: Path) -> None:
    members = [(f"workspace/{number}", b"x") for number in range(30)]
    with pytest.raises(SubmissionRefused, match="31 names"):
        unpack_bundle(zipped(tmp_path, *members), tmp_path / "out", LIMITS)


def test_two_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("workspace/a", b"x"), ("workspace/A", b"y"))
    with pytest.raises(SubmissionRefused, match="twice"):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_files_that_were_edited_after_packing_are_refused(tmp_path: Path) -> None:
    document = msgspec.json.encode(manifest(listed("Dockerfile", b"FROM scratch\n")))
    path = zipped(tmp_path, ("workspace/Dockerfile", b"FROM alpine\n"), document=document)
    with pytest.raises(SubmissionRefused, match="not what the bundle's list says"):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    document = msgspec.json.encode(manifest(listed("Dockerfile", b"FROM scratch\n")))
    with pytest.raises(SubmissionRefused, match="lacks Dockerfile"):
        unpack_bundle(zipped(tmp_path, document=document), tmp_path / "out", LIMITS)


@pytest.mark.parametrize("document", [b"{}", b"[", b"\xff", b'{"schema": 1}', b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_refused(document: bytes, tmp_path: Path) -> None:
    with pytest.raises(SubmissionRefused):
        unpack_bundle(zipped(tmp_path, document=document), tmp_path / "out", LIMITS)


def test_a_bundle_of_a_later_schema_says_so(tmp_path: Path) -> None:
    document = msgspec.json.encode(manifest(schema=9))
    with pytest.raises(SubmissionRefused, match="schema 9"):
        unpack_bundle(zipped(tmp_path, document=document), tmp_path / "out", LIMITS)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_zip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(SubmissionRefused):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_a_zip_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("Dockerfile", "FROM scratch\n")
    path = tmp_path / "x.zip"
    path.write_bytes(data.getvalue())
    with pytest.raises(SubmissionRefused, match="no bundle"):
        unpack_bundle(path, tmp_path / "out", LIMITS)


def test_a_folder_is_taken_without_what_leads_out_or_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "alias").symlink_to("Dockerfile")
    (folder / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    taken = take(folder, tmp_path / "out", LIMITS)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Dockerfile", "alias"]
    assert len(taken.notes) == 3
    assert taken.kind == "folder"


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: [(folder / f"f{number}").write_text("x") for number in range(30)],
        lambda folder: (folder / "large").write_bytes(b"x" * 60_000),
        lambda folder: [(folder / f"f{number}").write_bytes(b"x" * 40_000) for number in range(4)],
        lambda folder: (folder / "/".join(["d"] * 30)).mkdir(parents=True),
    ],
)
def test_a_folder_that_holds_too_much_is_refused(make: Any, tmp_path: Path) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    make(folder)
    with pytest.raises(SubmissionRefused):
        take(folder, tmp_path / "out", LIMITS)


def test_a_submission_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no submission"):
        take(tmp_path / "nobody", tmp_path / "out", LIMITS)


def test_names_of_results_are_plain() -> None:
    assert submission_name(Path("/x/ada lovelace;rm.fsb.zip")) == "ada_lovelace_rm"


def test_a_folder_that_was_taken_is_discarded_whatever_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "ada" / "sub"
    folder.mkdir(parents=True)
    (folder / "x").write_text("x")
    folder.chmod(0)
    discard(tmp_path / "ada")
    assert not (tmp_path / "ada").exists()
