from __future__ import annotations

import inspect

import pytest

from tutor.core import errors
from tutor.core.errors import DockerfileError, EngineError, LearnerError, TutorError

ALL = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TutorError)
]  # fmt: skip


@pytest.mark.parametrize("kind", ALL)
def test_the_tree_in_the_docstring_names_every_error(kind: type[TutorError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", ALL)
def test_only_the_learners_own_mistakes_end_with_one(kind: type[TutorError]) -> None:
    assert kind.exit_code == (1 if issubclass(kind, LearnerError) else 2)


def test_an_error_reads_as_place_what_and_next_step() -> None:
    error = EngineError("No answer.", where="unix:///x.sock", next_step="Start it.")
    assert str(error) == "unix:///x.sock: No answer.\nStart it."
    assert str(EngineError("No answer.")) == "No answer."


def test_an_error_in_a_dockerfile_stands_at_its_line() -> None:
    assert str(DockerfileError("Unknown stage.", line=7)) == "Dockerfile:7: Unknown stage."
    assert DockerfileError("Empty.").where == "Dockerfile"
