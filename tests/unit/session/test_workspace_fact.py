from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tutor.core.trial import TEXT_LIMIT_BYTES
from tutor.session.workspace_fact import changed_sources, read_context, read_workspace_file


def test_a_file_is_told_by_digest_size_and_text(tmp_path: Path) -> None:
    (tmp_path / "choice.yaml").write_text("a: b\n")
    found = read_workspace_file(tmp_path, "choice.yaml")
    assert found is not None
    assert (found.sha256, found.size_bytes, found.text) == (
        hashlib.sha256(b"a: b\n").hexdigest(),
        5,
        "a: b\n",
    )


@pytest.mark.parametrize("content", [b"\0\1\2", b"\xff\xfe", b"x" * (TEXT_LIMIT_BYTES + 1)])
def test_long_files_and_programs_have_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "app").write_bytes(content)
    found = read_workspace_file(tmp_path, "app")
    assert found is not None
    assert (found.text, found.size_bytes) == ("", len(content))


def test_nothing_is_read_outside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "outside").write_text("x")
    (folder / "link").symlink_to(tmp_path / "outside")
    for name in ("link", "../outside", "missing", ".", "a\0b"):
        assert read_workspace_file(folder, name) is None


def test_the_context_is_what_the_ignore_file_leaves(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("secret")
    (tmp_path / "main.go").write_text("package main\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    everything = read_context(tmp_path)
    assert ".git/config" in everything.files
    assert everything.size_bytes == everything.whole_size_bytes
    assert not everything.has_ignore_file
    (tmp_path / ".dockerignore").write_text(".git\n")
    less = read_context(tmp_path)
    assert ".git/config" not in less.files
    assert less.has_ignore_file
    assert less.whole_file_count == less.file_count + 1


def test_source_that_was_changed_added_or_removed_is_named(tmp_path: Path) -> None:
    given, start, folder = (tmp_path / name for name in ("given", "start", "work"))
    for path in (given, start, folder / "more"):
        path.mkdir(parents=True)
    for name in ("main.go", "doors.go", "info.go", "main_test.go", "README.md"):
        (given / name).write_text(f"package main // {name}\n")
    (start / "info.go").write_text("package main // the lesson's own\n")
    (folder / "main.go").write_text("package main // main.go\n")
    (folder / "info.go").write_text("package main // the lesson's own\n")
    assert changed_sources(folder, (start, given)) == ("doors.go",)
    (folder / "doors.go").write_text("package main // edited\n")
    (folder / "more" / "go.mod").write_text("module more\n")
    (folder / "notes.txt").write_text("x")
    assert changed_sources(folder, (start, given)) == ("doors.go", "more/go.mod")
