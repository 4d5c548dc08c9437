"""Every answer that a lesson ships, graded by the command line on real engines.

All of them on one engine, a sample on the others (:mod:`tests.prove` tries all on all), and a sample of
the proof of the grader. They compile on a base whose cache is warm (:mod:`tests.engines.warm_base`).
Two are graded at a time: Docker's one after the other, the embedded engine's beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tutor.catalog.answer import RightAnswer, WrongAnswer, load_answers
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders

ROOT = Path(__file__).parents[2]
WAYS = ("embedded", "docker-buildx", "docker-classic")
"""All answers go the first way, which is the quickest; the sample goes all of them."""
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

ENVIRON = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("FROMSCRATCH_", "XDG_", "TEXTUAL")) or name == "XDG_RUNTIME_DIR"
} | {"DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG") or str(Path.home() / ".docker"), "TZ": "UTC"}
"""Of the session, not of a test: a lane outlives the test that started it, and the home of that one."""
JUDGED = "test_an_answer_is_judged_as_the_lesson_says"


def answers() -> list[Any]:
    cases = []
    for lesson in load_course(*shipped_folders()).lessons:
        given = load_answers(lesson)
        rows: list[tuple[str, RightAnswer | WrongAnswer, str]] = [("right", each, "") for each in given.right]
        rows += [("wrong", each, each.caught_by) for each in given.wrong]
        # The sample: the first right answer of each lesson on buildx, and some on every engine.
        first_right = given.right[0].name
        for kind, answer, caught_by in rows:
            for way in WAYS:
                engine = way.partition("-")[0]
                # An answer that the first way cannot try is tried on the second.
                first = next(each for each in WAYS if each.partition("-")[0] in answer.engines)
                sampled = way == first or (lesson.slug, answer.name) in EVERYWHERE
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


@dataclass(frozen=True, slots=True)
class Case:
    """One answer and the way it goes."""

    lesson: str
    folder: Path
    way: str

    @property
    def engine(self) -> str:
        return self.way.partition("-")[0]


class Lanes:
    """Grades answers in two threads. Each has a home and thereby a build lock of its own."""

    def __init__(self, place: Path, cases: Iterable[Case]) -> None:
        self._told: dict[Case, Future[subprocess.CompletedProcess[str]]] = {each: Future() for each in cases}
        self._waiting = {
            engine: deque(each for each in self._told if each.engine == engine)
            for engine in ("docker", "embedded")
        }
        self._homes = {name: place / name for name in ("one", "two")}
        self._pool = ThreadPoolExecutor(2)
        self._pool.submit(self._work, self._homes["one"], ("docker", "embedded"))
        self._pool.submit(self._work, self._homes["two"], ("embedded",))

    def told(self, case: Case) -> subprocess.CompletedProcess[str]:
        """What grading it ended with."""
        return self._told[case].result()

    def close(self) -> None:
        for cases in self._waiting.values():
            cases.clear()
        self._pool.shutdown()
        for home in self._homes.values():
            run(home, "tutor", "clean")

    def _work(self, home: Path, engines: tuple[str, ...]) -> None:
        for engine in engines:
            base: subprocess.CompletedProcess[str] | None = None
            while self._waiting[engine]:
                try:
                    case = self._waiting[engine].popleft()
                except IndexError:  # the other lane took the last one
                    break
                future = self._told[case]
                try:
                    base = base or run(home, "tests.engines.warm_base", engine)
                    future.set_result(base if base.returncode else grade(home, case))
                except Exception as fault:  # noqa: BLE001 - told by the test that waits for it
                    future.set_exception(fault)


def grade(home: Path, case: Case) -> subprocess.CompletedProcess[str]:
    builder = case.way.partition("-")[2] or "auto"
    words = ["--engine", case.engine, "--builder", builder, "--format", "json"]
    return run(home, "tutor", "check", case.lesson, "--answer", str(case.folder), *words)


@pytest.fixture(scope="module")
def lanes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lanes]:
    """All cases that this session has chosen, under way since the first one asked."""
    chosen: list[dict[str, Any]] = [
        item.callspec.params
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == JUDGED
    ]
    cases = [
        Case(each["lesson"].name, each["lesson"] / each["kind"] / each["name"], each["way"])
        for each in chosen
    ]
    found = Lanes(tmp_path_factory.mktemp("answers"), cases)
    yield found
    found.close()


def run(home: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    (home / "home").mkdir(parents=True, exist_ok=True)
    environ = ENVIRON | {
        "HOME": str(home / "home"),
        "FROMSCRATCH_HOME": str(home),
        "BUILDX_CONFIG": str(home / "buildx"),
    }
    return subprocess.run(
        [sys.executable, "-m", program, *words],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.parametrize(("lesson", "kind", "name", "caught_by", "way"), answers())
@pytest.mark.timeout(1800)  # it waits for those before it
def test_an_answer_is_judged_as_the_lesson_says(
    lanes: Lanes,
    engine_is_missing: Callable[[str], NoReturn],
    lesson: Path,
    kind: str,
    name: str,
    caught_by: str,
    way: str,
) -> None:
    if way == "docker-buildx":
        plugin = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)
        if plugin.returncode != 0:
            engine_is_missing("the docker buildx plug-in is not installed")
    done = lanes.told(Case(lesson.name, lesson / kind / name, way))
    assert done.stdout, done.stderr
    code, report = done.returncode, json.loads(done.stdout)
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
def test_a_sample_of_the_proof_finds_the_grader_right(tmp_path: Path, engine: str) -> None:
    made = run(tmp_path, "tests.engines.warm_base", engine)
    assert made.returncode == 0, made.stderr
    try:
        words = ["--every", "60", "--json", "--quiet", "--engine", engine]
        done = run(tmp_path, "tutor", "grade", "--prove", *words)
    finally:
        run(tmp_path, "tutor", "clean", "--engine", engine)
    told = json.loads(done.stdout)
    assert told["cases"] >= 10
    assert set(told["kinds"]) == {"right", "wrong", "mutant"}
    assert (told["false_accepts"], told["false_rejects"], told["not_judged"]) == (0, 0, 0), told["wrong"]
    assert done.returncode == 0
