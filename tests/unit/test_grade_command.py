"""A class without any engine: results are written all the same, and nothing is graded twice."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from tests.unit.grading.evidence_value import good
from tutor.cli import cli
from tutor.command.grade import GradeRequest, grade_all, tasks_of
from tutor.core.errors import UsageError
from tutor.core.verdict import Outcome
from tutor.grading.evidence_json import encode_evidence
from tutor.grading.result_report import decode_result


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, ...]:
    found = []
    for name in ("ada", "bob", "eve"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM scratch\n")
        found.append(tmp_path / name)
    return tuple(found)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["grade", *words])


@pytest.mark.parametrize("jobs", [1, 2])
def test_without_an_engine_every_submission_has_a_result_that_says_so(
    jobs: int, folders: tuple[Path, ...], tmp_path: Path
) -> None:
    results = grade_all(GradeRequest(folders, tmp_path / "out", jobs=jobs, quiet=True))
    assert [result.name for result in results] == ["ada", "bob", "eve"]
    assert {result.outcome for result in results} == {Outcome.UNKNOWN}
    assert all("engine" in result.fault for result in results)


def test_progress_tells_what_is_done_running_and_left(
    folders: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grade_all(GradeRequest(folders[:1], tmp_path / "out", quiet=True))
    grade_all(GradeRequest(folders, tmp_path / "out"))
    before, first, last = capsys.readouterr().err.splitlines()
    assert before == "1 of 3 are graded already."
    assert "2/3, 1 running, 1 left" in first
    assert first.endswith("bob: unknown")
    assert last.startswith("[####################] 3/3, 0 running, 0 left")


def test_what_is_graded_is_not_graded_again_until_it_changes(
    folders: tuple[Path, ...], tmp_path: Path
) -> None:
    request = GradeRequest(folders, tmp_path / "out", quiet=True)
    grade_all(request)
    ada, bob = tmp_path / "out/ada.json", tmp_path / "out/bob.json"
    for path in (ada, bob):
        marked = json.loads(path.read_bytes()) | {"notes": ["kept"]}
        path.write_text(json.dumps(marked))
    (folders[1] / "main.go").write_text("package main\n")
    ada_again, bob_again, _ = grade_all(request)
    assert (ada_again.notes, bob_again.notes) == (("kept",), ())


def test_a_damaged_result_is_graded_again(folders: tuple[Path, ...], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/ada.json").write_text("{")
    grade_all(GradeRequest(folders[:1], tmp_path / "out", quiet=True))
    assert decode_result((tmp_path / "out/ada.json").read_bytes()).name == "ada"


def test_two_submissions_of_one_name_keep_apart(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "lab").mkdir(parents=True)
    request = GradeRequest((tmp_path / "a/lab", tmp_path / "b/lab"), tmp_path / "out")
    assert [task.name for task in tasks_of(request)] == ["lab", "lab-2"]


def test_a_path_that_is_not_there_is_told_before_anything_is_graded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no submission"):
        tasks_of(GradeRequest((tmp_path / "nobody",), tmp_path / "out"))
    assert run(str(tmp_path / "nobody")).exit_code == 2
    assert run().exit_code == 2


@pytest.mark.parametrize("form", ["text", "json", "junit", "csv", "html", "gradescope"])
def test_every_form_is_written_also_for_what_could_not_be_judged(
    form: str, folders: tuple[Path, ...]
) -> None:
    done = run(str(folders[0]), "--format", form, "--quiet")
    assert done.exit_code == 2
    assert "ada" in done.output or form == "gradescope"


def test_every_learner_gets_a_page_and_the_class_another(folders: tuple[Path, ...], tmp_path: Path) -> None:
    done = run(*map(str, folders), "--format", "html", "--quiet", "--out", str(tmp_path / "out"))
    assert 'id="class"' in done.output
    for folder in folders:
        page = (tmp_path / "out" / f"{folder.name}.html").read_text("utf-8")
        assert folder.name in page
        assert page.count("<section") == 1
        assert not [other for other in folders if other != folder and other.name in page]


def test_json_has_a_schema_and_all_results(folders: tuple[Path, ...]) -> None:
    done = run(*map(str, folders), "--format", "json", "--quiet")
    document = json.loads(done.output)
    assert document["schema"] == 1
    assert [each["name"] for each in document["results"]] == ["ada", "bob", "eve"]


def test_stored_evidence_is_judged_again_without_an_engine(tmp_path: Path) -> None:
    path = tmp_path / "ada.evidence.json"
    path.write_text(encode_evidence(good()))
    done = run("--evidence", str(path), "--lesson", "two-stages", "--format", "json")
    (result,) = json.loads(done.output)["results"]
    assert result["kind"] == "evidence"
    verdicts = {item["verdict"]["check_id"]: item["verdict"]["outcome"] for item in result["items"]}
    assert verdicts["static"] == "passed"


def test_damaged_evidence_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(msgspec.json.encode({"kind": "report", "schema": 1, "value": {}}))
    done = run("--evidence", str(path))
    assert done.exit_code == 2
    assert "This is report" in done.output
