from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tutor.core.errors import StorageError
from tutor.storage.workspace import Workspace, lay_answer


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_go", ".go")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return write(
        tmp_path / "context", main_go="package main", inner__doors_go="doors", Dockerfile="FROM context"
    )


@pytest.fixture
def start(tmp_path: Path) -> Path:
    return write(tmp_path / "start", Dockerfile="FROM start")


@pytest.fixture
def workspace(tmp_path: Path, context: Path, start: Path) -> Workspace:
    workspace = Workspace(tmp_path / "learner" / "02-two-stages")
    workspace.create(context, start)
    return workspace


def test_the_start_lies_over_the_context(workspace: Workspace) -> None:
    assert contents(workspace.folder) == {
        "Dockerfile": "FROM start",
        "main.go": "package main",
        "inner/doors.go": "doors",
    }
    assert workspace.dockerfile_path.read_text() == "FROM start"
    assert workspace.names() == ("Dockerfile", "inner/doors.go", "main.go")


def test_a_folder_that_holds_anything_is_left_alone(workspace: Workspace, context: Path, start: Path) -> None:
    workspace.write_text("Dockerfile", "FROM mine")
    assert workspace.create(context, start) is False
    assert workspace.read_text("Dockerfile") == "FROM mine"


def test_an_empty_folder_is_filled(tmp_path: Path, context: Path, start: Path) -> None:
    (tmp_path / "w").mkdir()
    assert Workspace(tmp_path / "w").create(context, start) is True
    assert (tmp_path / "w" / "Dockerfile").is_file()


def test_a_link_to_an_empty_folder_is_filled(tmp_path: Path, context: Path, start: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "w").symlink_to("real")
    assert Workspace(tmp_path / "w").create(context, start) is True
    assert (tmp_path / "real" / "Dockerfile").is_file()


def test_read_only_lesson_files_become_writable(tmp_path: Path, context: Path, start: Path) -> None:
    (start / "Dockerfile").chmod(0o444)
    (context / "main.go").chmod(0o555)
    workspace = Workspace(tmp_path / "w")
    workspace.create(context, start)
    assert workspace.dockerfile_path.stat().st_mode & 0o777 == 0o644
    assert (workspace.folder / "main.go").stat().st_mode & 0o777 == 0o755


def test_a_creation_that_was_killed_leaves_no_half_workspace(
    tmp_path: Path, context: Path, start: Path
) -> None:
    program = f"""
import os, shutil, signal
from pathlib import Path
from tutor.storage.workspace import Workspace
real, left = shutil.copyfile, [1]
def copyfile(source, target):
    if not left.pop():
        os.kill(os.getpid(), signal.SIGKILL)
    left.append(0)
    real(source, target)
shutil.copyfile = copyfile
Workspace(Path({str(tmp_path / "w")!r})).create(Path({str(context)!r}), Path({str(start)!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "w").exists()
    assert Workspace(tmp_path / "w").create(context, start) is True
    assert contents(tmp_path / "w")["main.go"] == "package main"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["context", "start", "w"]


def test_a_lab_is_laid_and_undone(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_text("Dockerfile", "FROM mine")
    before = contents(workspace.folder)
    lab = write(tmp_path / "lab", Dockerfile="FROM lab", extra__new_go="new")
    can_restore = [workspace.can_restore]
    assert workspace.lay(lab) == ("Dockerfile", "extra/new.go")
    assert workspace.read_text("Dockerfile") == "FROM lab"
    can_restore.append(workspace.can_restore)
    assert workspace.restore_last() == ("Dockerfile", "extra/new.go")
    assert contents(workspace.folder) == before
    assert not (workspace.folder / "extra").exists()
    assert [*can_restore, workspace.can_restore] == [False, True, False]


def test_labs_are_undone_newest_first(workspace: Workspace, tmp_path: Path) -> None:
    workspace.lay(write(tmp_path / "one", Dockerfile="FROM one"))
    workspace.lay(write(tmp_path / "two", Dockerfile="FROM two"))
    workspace.restore_last()
    assert workspace.read_text("Dockerfile") == "FROM one"
    workspace.restore_last()
    assert workspace.read_text("Dockerfile") == "FROM start"


def test_what_was_edited_after_a_lab_survives_its_undoing(workspace: Workspace, tmp_path: Path) -> None:
    workspace.lay(write(tmp_path / "lab", Dockerfile="FROM lab"))
    workspace.write_text("Dockerfile", "FROM an hour of work")
    workspace.restore_last()
    kept = [path.read_text() for path in workspace.kept_folder.rglob("Dockerfile")]
    assert kept == ["FROM an hour of work"]


def test_kept_files_lie_outside_of_the_build_context(workspace: Workspace, tmp_path: Path) -> None:
    workspace.lay(write(tmp_path / "lab", Dockerfile="FROM lab"))
    assert not workspace.kept_folder.is_relative_to(workspace.folder)
    assert workspace.names() == ("Dockerfile", "inner/doors.go", "main.go")


def test_a_reset_gives_the_start_back_and_keeps_everything_else_aside(
    workspace: Workspace, context: Path, start: Path
) -> None:
    clean = contents(workspace.folder)
    workspace.write_text("Dockerfile", "FROM mine")
    workspace.write_text("notes/mine.txt", "remember")
    (workspace.folder / "main.go").unlink()
    mine = contents(workspace.folder)
    workspace.reset(context, start)
    assert contents(workspace.folder) == clean
    assert not (workspace.folder / "notes").exists()
    workspace.restore_last()
    assert contents(workspace.folder) == mine


def test_a_reset_brings_back_a_folder_that_was_deleted(
    workspace: Workspace, context: Path, start: Path
) -> None:
    workspace.folder.rename(workspace.folder.with_name("moved away"))
    workspace.reset(context, start)
    assert workspace.read_text("Dockerfile") == "FROM start"


def test_a_learners_own_links_survive_a_reset_and_its_undoing(
    workspace: Workspace, context: Path, start: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (workspace.folder / "link").symlink_to(tmp_path / "outside")
    workspace.reset(context, start)
    workspace.restore_last()
    assert (workspace.folder / "link").readlink() == tmp_path / "outside"


def test_a_file_name_that_is_not_utf8_survives_a_reset(
    workspace: Workspace, context: Path, start: Path
) -> None:
    odd = os.fsdecode(b"odd\xff")
    (workspace.folder / odd).write_text("odd")
    workspace.reset(context, start)
    workspace.restore_last()
    assert (workspace.folder / odd).read_text() == "odd"


def test_undoing_nothing_is_said_in_words(workspace: Workspace) -> None:
    with pytest.raises(StorageError, match="nothing to put back"):
        workspace.restore_last()


def test_a_full_disk_while_keeping_aside_changes_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lab = write(tmp_path / "lab", Dockerfile="FROM lab")
    monkeypatch.setattr("shutil.copy2", no_room)
    with pytest.raises(StorageError) as told:
        workspace.lay(lab)
    assert "disk is full" in told.value.what
    assert told.value.next_step
    assert workspace.read_text("Dockerfile") == "FROM start"
    assert list(workspace.kept_folder.iterdir()) == []


def test_the_hash_follows_names_and_contents(workspace: Workspace) -> None:
    seen = {workspace.sha256()}
    workspace.write_text("Dockerfile", "FROM other")
    seen.add(workspace.sha256())
    (workspace.folder / "main.go").rename(workspace.folder / "other.go")
    seen.add(workspace.sha256())
    workspace.write_text("empty", "")
    seen.add(workspace.sha256())
    assert len(seen) == 4


def test_the_hash_is_the_same_for_the_same_files_elsewhere(
    workspace: Workspace, tmp_path: Path, context: Path, start: Path
) -> None:
    other = Workspace(tmp_path / "elsewhere")
    other.create(context, start)
    assert other.sha256() == workspace.sha256()


@pytest.mark.parametrize("name", [".Dockerfile.swp", "Dockerfile~", ".git/index", "4913", ".#Dockerfile"])
def test_what_an_editor_leaves_does_not_make_a_pass_stale(workspace: Workspace, name: str) -> None:
    before = workspace.sha256()
    workspace.write_text(name, "x")
    assert workspace.sha256() == before


def test_the_hash_of_a_huge_file_is_bounded_and_still_follows_its_size(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutor.storage.tree.HASH_LIMIT_BYTES", 1000)
    huge = workspace.folder / "huge"
    huge.write_bytes(b"x" * 1001)
    before = workspace.sha256()
    huge.write_bytes(b"x" * 1002)
    assert workspace.sha256() != before


def test_a_missing_folder_hashes_as_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Workspace(tmp_path / "gone").sha256() == Workspace(tmp_path / "empty").sha256()


def test_text_is_written_and_read_as_it_is(workspace: Workspace) -> None:
    text = "FROM scratch\r\n# ⚙ é\n\tx"
    workspace.write_text("Dockerfile", text)
    assert workspace.read_text("Dockerfile") == text


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside", "", ".", "a\0b"])
def test_a_path_that_leaves_the_workspace_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(StorageError):
        workspace.read_text(name)
    with pytest.raises(StorageError):
        workspace.write_text(name, "x")


def test_a_link_that_leaves_the_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (workspace.folder / "link").symlink_to(secret)
    (workspace.folder / "folder").symlink_to(tmp_path)
    for name in ("link", "folder/secret"):
        with pytest.raises(StorageError, match="out of the workspace"):
            workspace.read_text(name)
        with pytest.raises(StorageError, match="out of the workspace"):
            workspace.write_text(name, "overwritten")
    assert secret.read_text() == "secret"


def test_a_lab_does_not_write_through_a_link(workspace: Workspace, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", main_go="precious")
    (workspace.folder / "Dockerfile").unlink()
    (workspace.folder / "Dockerfile").symlink_to(outside / "main.go")
    workspace.lay(write(tmp_path / "lab", Dockerfile="FROM lab"))
    assert (outside / "main.go").read_text() == "precious"
    assert workspace.read_text("Dockerfile") == "FROM lab"
    (workspace.folder / "extra").symlink_to(outside)
    with pytest.raises(StorageError, match="out of the workspace"):
        workspace.lay(write(tmp_path / "lab2", extra__main_go="overwritten"))
    assert (outside / "main.go").read_text() == "precious"


def test_a_link_within_the_workspace_is_followed(workspace: Workspace) -> None:
    (workspace.folder / "real").write_text("old")
    (workspace.folder / "link").symlink_to("real")
    workspace.write_text("link", "new")
    assert (workspace.folder / "real").read_text() == "new"
    assert (workspace.folder / "link").is_symlink()


def test_links_in_a_circle_are_said_in_words(workspace: Workspace) -> None:
    (workspace.folder / "a").symlink_to("b")
    (workspace.folder / "b").symlink_to("a")
    with pytest.raises(StorageError):
        workspace.read_text("a")


def test_a_missing_file_is_said_in_words(workspace: Workspace) -> None:
    workspace.dockerfile_path.unlink()
    with pytest.raises(StorageError) as told:
        workspace.read_text("Dockerfile")
    assert "not there any more" in told.value.what
    assert "reset" in told.value.next_step


def test_a_folder_where_a_file_should_be_is_said_in_words(workspace: Workspace) -> None:
    with pytest.raises(StorageError, match="folder"):
        workspace.read_text("inner")
    with pytest.raises(StorageError, match="folder"):
        workspace.write_text("inner", "x")


def test_bytes_that_are_no_text_are_said_with_their_line(workspace: Workspace) -> None:
    workspace.dockerfile_path.write_bytes(b"FROM scratch\n# caf\xe9\n")
    with pytest.raises(StorageError) as told:
        workspace.read_text("Dockerfile")
    assert told.value.where.endswith("Dockerfile:2")


def test_a_file_of_more_than_a_megabyte_is_refused(workspace: Workspace) -> None:
    workspace.dockerfile_path.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(StorageError, match="larger than a megabyte"):
        workspace.read_text("Dockerfile")


def test_a_folder_deleted_while_open_is_said_in_words(workspace: Workspace, tmp_path: Path) -> None:
    lab = write(tmp_path / "lab", Dockerfile="FROM lab")
    workspace.folder.rename(tmp_path / "moved")
    for act in (
        lambda: workspace.write_text("Dockerfile", "x"),
        lambda: workspace.lay(lab),
    ):
        with pytest.raises(StorageError, match="gone") as told:
            act()
        assert "reset" in told.value.next_step
    with pytest.raises(StorageError):
        workspace.names()


@pytest.mark.parametrize(
    ("number", "words", "way_out"),
    [
        (errno.EROFS, "read-only", "FROMSCRATCH_HOME"),
        (errno.EACCES, "permission denied", "FROMSCRATCH_HOME"),
        (errno.ENOSPC, "disk is full", "clean"),
        (errno.EIO, "Input/output error", "Look at the disk"),
    ],
)
def test_a_folder_that_cannot_be_written_is_said_in_words(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, number: int, words: str, way_out: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(StorageError, match=words) as told:
        workspace.write_text("Dockerfile", "x")
    assert way_out in told.value.next_step
    assert workspace.read_text("Dockerfile") == "FROM start"


def test_a_named_pipe_is_told_and_nothing_is_removed(
    workspace: Workspace, context: Path, start: Path
) -> None:
    os.mkfifo(workspace.folder / "pipe")
    workspace.write_text("Dockerfile", "FROM mine")
    with pytest.raises(StorageError):
        workspace.reset(context, start)
    assert workspace.read_text("Dockerfile") == "FROM mine"


def test_an_answer_lies_over_a_clean_start(tmp_path: Path, context: Path, start: Path) -> None:
    answer = write(tmp_path / "answer", Dockerfile="FROM answer", new_go="new")
    lay_answer(context, start, answer, tmp_path / "graded")
    assert contents(tmp_path / "graded") == {
        "Dockerfile": "FROM answer",
        "inner/doors.go": "doors",
        "main.go": "package main",
        "new.go": "new",
    }


def test_an_answer_is_not_laid_into_a_folder_with_files(tmp_path: Path, context: Path, start: Path) -> None:
    target = write(tmp_path / "graded", precious="precious")
    with pytest.raises(StorageError, match="holds files"):
        lay_answer(context, start, None, target)
    assert contents(target) == {"precious": "precious"}


def test_an_answer_that_is_not_there_is_said_in_words(tmp_path: Path, context: Path, start: Path) -> None:
    with pytest.raises(StorageError, match="lesson's files"):
        lay_answer(context, start, tmp_path / "nowhere", tmp_path / "graded")
    assert not (tmp_path / "graded").exists()


def test_an_answer_whose_link_leads_out_is_refused(tmp_path: Path, context: Path, start: Path) -> None:
    answer = tmp_path / "answer"
    answer.mkdir()
    (answer / "Dockerfile").symlink_to("/etc/passwd")
    with pytest.raises(StorageError, match="out of the workspace"):
        lay_answer(context, start, answer, tmp_path / "graded")
