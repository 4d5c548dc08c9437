from pathlib import Path

import pytest

from tutor.core.dockerfile import parse_dockerfile
from tutor.core.errors import LearnerError
from tutor.core.ports import BuildRequest
from tutor.engine.docker.build_plan import BuildPlan, read_plan


def test_a_file_that_our_parser_refuses_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x y z\n")
    plan = read_plan(BuildRequest("run", tmp_path, "t"))
    assert plan.dockerfile is None
    assert plan.bases == ()
    assert plan.stages == ()
    assert plan.text_at(1) == ""
    assert plan.line_naming("x") is None


def test_a_file_that_is_not_there_is_the_learners_error(tmp_path: Path) -> None:
    with pytest.raises(LearnerError) as raised:
        read_plan(BuildRequest("run", tmp_path, "t"))
    assert "there is no Dockerfile" in raised.value.what


def test_a_folder_in_its_place_is_the_learners_error(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").mkdir()
    with pytest.raises(LearnerError):
        read_plan(BuildRequest("run", tmp_path, "t"))


def test_a_stage_without_a_name_is_given_one_without_moving_a_line() -> None:
    text = "# x\nFROM a\nRUN b\nFROM c \\\n  --platform=d\nRUN e\n"
    text = text.replace(" \\\n  --platform=d", "")
    plan = BuildPlan(parse_dockerfile(text))
    named = plan.named_copy(text, plan.stages[1])
    assert named.splitlines()[3] == "FROM c AS stage-1"
    assert parse_dockerfile(named).stages[1].name == "stage-1"
    assert len(named.splitlines()) == len(text.splitlines())


def test_a_stage_on_a_stage_on_nothing_has_no_shell() -> None:
    plan = BuildPlan(parse_dockerfile('FROM scratch AS a\nFROM a\nRUN x\nRUN ["y"]\nFROM z\nRUN x\n'))
    assert plan.has_no_shell_at(3)
    assert not plan.has_no_shell_at(4)
    assert not plan.has_no_shell_at(6)
    assert not plan.has_no_shell_at(None)
