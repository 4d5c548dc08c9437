from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tutor.catalog.location import shipped_folders

REPOSITORY = Path(__file__).resolve().parents[3]

LOAD = """
from tutor.catalog.answer import load_answers
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
lessons, service = shipped_folders()
course = load_course(lessons, service)
for lesson in course.lessons:
    load_answers(lesson)
print(lessons, service, len(course.lessons), len(course.problems), sep="\\n")
"""


def test_checkout_has_its_lessons_beside_the_package() -> None:
    assert shipped_folders() == (REPOSITORY / "lessons", REPOSITORY / "assets" / "service")


def test_wheel_holds_the_lessons_and_the_service(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="builds the wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=installed, check=True, capture_output=True, text=True
    )
    lessons, service, count, problems = done.stdout.split()
    assert (Path(lessons), Path(service)) == (
        installed / "tutor" / "data" / "lessons",
        installed / "tutor" / "data" / "assets" / "service",
    )
    assert int(count) == len([f for f in (REPOSITORY / "lessons").iterdir() if f.is_dir()])
    assert problems == "0"
    for folder, copy in zip(shipped_folders(), (Path(lessons), Path(service)), strict=True):
        assert _files(folder) == _files(copy)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
