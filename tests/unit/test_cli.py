from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tutor import __version__
from tutor.cli import cli

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutor", *words],
        env=os.environ | NO_DOCKER | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_command_has_help_with_an_example() -> None:
    for name, command in {"": cli, **cli.commands}.items():
        words = [name, "--help"] if name else ["--help"]
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0
        assert "Example" in result.output, name
        assert "\\b" not in result.output, name
        assert command.help


def test_the_version_is_told() -> None:
    assert run("--version").stdout.strip() == f"fromscratch, version {__version__}"


def test_without_a_terminal_the_course_says_what_works_without_one() -> None:
    done = run()
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "fromscratch check" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_that_is_down_ends_a_check_with_2() -> None:
    done = run("check", "two-stages", "--engine", "docker")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nowhere/docker.sock" in done.stderr


def test_an_engine_that_is_down_is_told_as_json() -> None:
    done = run("check", "2", "--engine", "docker", "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["exit_code"], report["outcome"]) == (2, 2, "unknown")
    assert report["error"]["what"]


@pytest.mark.parametrize("name", ["three-stages", "99", ""])
def test_an_unknown_lesson_is_a_usage_fault(name: str) -> None:
    done = run("check", name, "--engine", "docker")
    assert done.returncode == 2
    assert "no lesson" in done.stderr
    assert "Traceback" not in done.stderr


def test_workspace_and_answer_exclude_each_other(tmp_path: Path) -> None:
    done = run("check", "two-stages", "--workspace", str(tmp_path), "--answer", str(tmp_path))
    assert done.returncode == 2
    assert "exclude each other" in done.stderr


def test_doctor_tells_that_no_docker_answers_and_what_to_do() -> None:
    done = run("doctor", "--engine", "docker", "--json")
    diagnosis = json.loads(done.stdout)
    assert (done.returncode, diagnosis["engine"]) == (2, None)
    [docker] = [row for row in diagnosis["findings"] if row["name"] == "docker"]
    assert docker["state"] == "missing"
    assert docker["next_step"]


def test_doctor_speaks_to_people_too() -> None:
    done = run("doctor", "--engine", "docker")
    assert done.returncode == 2
    assert "✗ docker" in done.stdout


def test_lessons_are_listed_for_people_and_programs() -> None:
    assert "two-stages" in run("lessons").stdout
    listed = json.loads(run("lessons", "--json").stdout)
    assert [row["slug"] for row in listed["lessons"]][:2] == ["one-big-image", "two-stages"]
    assert listed["problems"] == []
    assert {row["state"] for row in listed["lessons"]} == {"open"}


def test_what_is_said_before_a_command_holds_for_it(tmp_path: Path) -> None:
    made = CliRunner().invoke(cli, ["--lessons", str(tmp_path), "lesson", "new", "tiny-things"])
    assert made.exit_code == 0

    told = CliRunner().invoke(cli, ["--lessons", str(tmp_path), "lessons"])
    assert "tiny-things" in told.output
    assert "two-stages" not in told.output
    checked = CliRunner().invoke(cli, ["--lessons", str(tmp_path), "lesson", "check", "--all", "--static"])
    assert (checked.exit_code, "tiny-things" in checked.output) == (0, True)


def test_a_folder_without_lessons_is_named(tmp_path: Path) -> None:
    for words in (["lessons"], ["lesson", "check", "--all", "--static"], ["check", "two-stages"]):
        done = run(*words, FROMSCRATCH_LESSONS=str(tmp_path))
        assert done.returncode == 2
        assert f"{tmp_path}: There is no lesson in this folder." in done.stderr
        assert "lesson new" in done.stderr
