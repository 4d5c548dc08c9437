"""Answers that lessons ship, graded by the command line on real engines.

Every right answer and every second wrong one on one engine, a sample on the others, and a sample of the
proof of the grader; :mod:`tests.prove` tries all on all. They compile on a base whose cache is warm
(:mod:`tests.engines.warm_base`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tutor.catalog.answer import RightAnswer, WrongAnswer, load_answers
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders

ROOT = Path(__file__).parents[2]
WAYS = ("embedded", "docker-buildx", "docker-classic")
"""Most answers go the first way, which is the quickest; the sample goes all of them."""
EVERYWHERE = {
    ("two-stages", "named-stage"),
    ("two-stages", "misspelt-stage"),
    ("two-stages", "asks-for-a-loader"),
    ("two-stages", "brings-a-shell"),
    ("two-stages", "shell-form"),
    ("static-linking", "keeps-pie"),
    ("static-linking", "turns-cgo-on"),
    ("stripping", "renames-the-sections"),
    ("inside-scratch", "list"),
    ("inside-scratch", "all-in-one-word"),
    ("what-scratch-lacks", "one-tree"),
    ("what-scratch-lacks", "folder-of-root"),
    ("attack-surface", "nobody-may-write"),
    ("attack-surface", "user-by-name"),
    ("attack-surface", "root-by-the-program"),
}
"""Of the sample: answers whose words come from the engine itself."""

Check = Callable[..., tuple[int, dict[str, Any]]]


def answers() -> list[Any]:
    cases = []
    for lesson in load_course(*shipped_folders()).lessons:
        given = load_answers(lesson)
        rows: list[tuple[str, RightAnswer | WrongAnswer, str]] = [("right", each, "") for each in given.right]
        rows += [("wrong", each, each.caught_by) for each in given.wrong]
        # The sample: the first right answer of each lesson on buildx, and some on every engine.
        first_right = given.right[0].name
        passed_over = {each.name for each in given.wrong[1::2]}
        for kind, answer, caught_by in rows:
            for way in WAYS:
                engine = way.partition("-")[0]
                # An answer that the first way cannot try is tried on the second.
                first = next(each for each in WAYS if each.partition("-")[0] in answer.engines)
                sampled = way == first and answer.name not in passed_over
                sampled = sampled or (lesson.slug, answer.name) in EVERYWHERE
                sampled = sampled or (way == "docker-buildx" and answer.name == first_right)
                if engine not in answer.engines or not sampled:
                    continue
                cases.append(
                    pytest.param(
                        lesson.folder, kind, answer.name, caught_by, way,
                        id=f"{way}-{lesson.slug}-{answer.name}",
                        marks=[getattr(pytest.mark, engine)],
                    )
                )  # fmt: skip
    return cases


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("answers")
    yield folder
    run(folder, "tutor", "clean")


@pytest.fixture(scope="module")
def warm(home: Path) -> Callable[[str], None]:
    """Makes the warm base of an engine, once."""

    @cache
    def make(engine: str) -> None:
        done = run(home, "tests.engines.warm_base", engine)
        assert done.returncode == 0, done.stderr

    return make


def run(home: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"FROMSCRATCH_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", program, *words],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture
def check(home: Path, warm: Callable[[str], None], engine_is_missing: Callable[[str], NoReturn]) -> Check:
    def grade(lesson: Path, folder: Path, way: str) -> tuple[int, dict[str, Any]]:
        engine, _, builder = way.partition("-")
        if builder == "buildx":
            plugin = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)
            if plugin.returncode != 0:
                engine_is_missing("the docker buildx plug-in is not installed")
        warm(engine)
        words = ["--engine", engine, "--builder", builder or "auto", "--format", "json"]
        done = run(home, "tutor", "check", lesson.name, "--answer", str(folder), *words)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return grade


@pytest.mark.parametrize(("lesson", "kind", "name", "caught_by", "way"), answers())
def test_an_answer_is_judged_as_the_lesson_says(
    check: Check, lesson: Path, kind: str, name: str, caught_by: str, way: str
) -> None:
    code, report = check(lesson, lesson / kind / name, way)
    told = {verdict["check_id"]: verdict for verdict in report["checks"]}
    failed = [name for name, verdict in told.items() if verdict["outcome"] == "failed"]
    if kind == "right":
        assert (code, failed) == (0, []), json.dumps(report["checks"], indent=2)
        return
    assert code == 1, json.dumps(report["checks"], indent=2)
    assert caught_by in failed
    assert told[caught_by]["actual"]
    assert told[caught_by]["expected"]


@pytest.mark.parametrize(
    "engine", [pytest.param(each, marks=getattr(pytest.mark, each)) for each in ("embedded", "docker")]
)
def test_a_sample_of_the_proof_finds_the_grader_right(
    home: Path, warm: Callable[[str], None], engine: str
) -> None:
    warm(engine)
    done = run(home, "tutor", "grade", "--prove", "--every", "60", "--json", "--quiet", "--engine", engine)
    told = json.loads(done.stdout)
    assert told["cases"] >= 10
    assert set(told["kinds"]) == {"right", "wrong", "mutant"}
    assert (told["false_accepts"], told["false_rejects"], told["not_judged"]) == (0, 0, 0), told["wrong"]
    assert done.returncode == 0
