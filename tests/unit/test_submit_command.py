from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from tutor.cli import cli
from tutor.core.submission import BundleManifest
from tutor.storage.bundle import MANIFEST

WHO = ("--learner", "name=Ada Lovelace", "--learner", "id=1815")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "token.txt").write_text("7f3a9c\n")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["submit", "two-stages", *words])


def test_a_bundle_says_who_and_what(workspace: Path, tmp_path: Path) -> None:
    done = run(*WHO, "--workspace", str(workspace), "--out", str(tmp_path / "ada.fsb.zip"))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(tmp_path / "ada.fsb.zip") as archive:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=BundleManifest)
    assert manifest.learner == {"name": "Ada Lovelace", "id": "1815"}
    assert manifest.lesson == "two-stages"
    assert manifest.token == "7f3a9c"
    assert [file.path for file in manifest.files] == ["Dockerfile", "token.txt"]


def test_a_dry_run_lists_and_writes_nothing(workspace: Path, tmp_path: Path) -> None:
    done = run(*WHO, "--workspace", str(workspace), "--dry-run")
    assert done.exit_code == 0
    assert "Dockerfile" in done.output
    assert not list(Path.cwd().glob("*.zip"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "missing: name, id"),
        (("--learner", "name=Ada"), "missing: id"),
        ((*WHO, "--learner", "mail=x"), "not asked for: mail"),
        (("--learner", "Ada"), "NAME=VALUE"),
    ],
)
def test_who_it_is_has_to_be_told(words: tuple[str, ...], says: str, workspace: Path) -> None:
    done = run(*words, "--workspace", str(workspace))
    assert done.exit_code == 2
    assert says in done.output


def test_the_course_says_which_fields_name_a_learner(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "course.yaml").write_text("course: Small\nlearner: [email]\n")
    words = ("--course", str(tmp_path / "course.yaml"), "--workspace", str(workspace))
    done = run(*words, "--learner", "email=ada@example.com", "--out", str(tmp_path / "a.zip"))
    assert done.exit_code == 0, done.output


def test_a_lesson_that_was_never_opened_has_nothing_to_hand_in() -> None:
    done = run(*WHO)
    assert done.exit_code == 2
    assert "no workspace" in done.output
