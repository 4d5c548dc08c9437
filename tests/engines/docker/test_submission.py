"""Folders in the manner of real submissions, graded by the shipped rubric as a person labelled them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from tests.engine_guard import engine_contents
from tests.engines import warm_base
from tests.engines.docker.conftest import left_since
from tests.engines.docker.submission_base import submission_bases
from tutor.command.grade import GradeRequest, grade_all
from tutor.core.errors import EngineUnavailable
from tutor.core.verdict import Outcome
from tutor.session.regrade import GradingTerms
from tutor.wiring import Wiring

pytestmark = [pytest.mark.docker, pytest.mark.prove]
ROOT = Path(__file__).parents[3]
FOLDERS = ROOT / "tests" / "data" / "submissions"
LABELS = yaml.safe_load((FOLDERS / "labels.yaml").read_text("utf-8"))
TRIED = sorted(LABELS)


@pytest.fixture(scope="module")
def home(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("submissions")
    before = engine_contents()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROMSCRATCH_HOME", str(place))
        try:
            asyncio.run(_warm())
        except EngineUnavailable as missing:
            pytest.skip(missing.what)
        with submission_bases():
            yield place
        asyncio.run(_clean())
    assert left_since(before) == []


async def _warm() -> None:
    with contextlib.closing(Wiring("docker", "classic")) as wiring:
        engine = await wiring.engine()
        await warm_base.make(engine)
        await engine.close()


async def _clean() -> None:
    with contextlib.closing(Wiring("docker", "classic")) as wiring:
        engine = await wiring.engine()
        await engine.clean()
        await engine.close()


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    path = tmp_path / "lab.yaml"
    text = (ROOT / "assets" / "rubrics" / "lab.yaml").read_text("utf-8")
    path.write_text(f"{text}\nstand_in: true\n")
    return path


def test_every_folder_has_a_label() -> None:
    assert sorted(LABELS) == sorted(path.name for path in FOLDERS.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", TRIED)
def test_a_submission_is_graded_as_a_person_labelled_it(
    name: str,
    home: Path,
    rubric: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine_is_missing: Callable[[str], NoReturn],
) -> None:
    monkeypatch.setenv("FROMSCRATCH_HOME", str(home))
    label = LABELS[name]
    request = GradeRequest(
        (FOLDERS / name,),
        tmp_path / "out",
        rubric=str(rubric),
        terms=GradingTerms(use_cache=True),
        quiet=True,
    )
    (result,) = grade_all(request)
    told = "\n".join(f"{i.verdict.check_id}: {i.verdict.outcome} {i.verdict.actual}" for i in result.items)
    assert result.outcome == label["outcome"], f"{result.fault} {result.refused}\n{told}"
    if label["outcome"] == "unknown":
        assert "BuildKit" in result.fault
        return
    failed = [i.verdict.check_id for i in result.items if i.verdict.outcome is Outcome.FAILED and i.required]
    lost = [
        i.verdict.check_id for i in result.items if i.verdict.outcome is Outcome.FAILED and not i.required
    ]
    assert (failed, lost) == (label["failed"], label["lost"]), told
    for item in result.items:
        if item.verdict.outcome is Outcome.FAILED:
            assert item.verdict.expected
            assert item.verdict.actual
            assert item.verdict.next_step
