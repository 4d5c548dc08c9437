from __future__ import annotations

import pytest

from tests.unit.grading.evidence_value import failed_build, good, spec
from tutor.core.evidence import StageFacts
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS

BUILDS = spec("image_builds")
STAGES = spec("dockerfile_has_stages", "dockerfile", min=2)


def builds(error: str, line: int | None = None) -> Verdict:
    return CHECKS["image_builds"](failed_build(error, line), BUILDS)


def test_a_build_that_ended_well_passes_and_says_how_long_it_took() -> None:
    verdict = CHECKS["image_builds"](good(), BUILDS)
    assert verdict.outcome is Outcome.PASSED
    assert "12.5 s" in verdict.actual
    assert verdict.next_step == ""


def test_a_build_that_failed_says_where_and_in_the_builders_own_words() -> None:
    verdict = builds("Step 4/5\nsome noise\nfork/exec: no luck today", 4)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.where == "Dockerfile:4"
    assert "no luck today" in verdict.actual
    assert verdict.expected
    assert verdict.why
    assert verdict.next_step


@pytest.mark.parametrize(
    "error",
    [
        "invalid from flag value biulder: pull access denied for biulder, repository does not exist",
        "pull access denied for biulder, repository does not exist",
        "failed to solve: docker.io/library/biulder: not found",
        "biulder: failed to resolve source metadata for docker.io/library/biulder:latest: failed",
    ],
)
def test_a_misspelt_stage_is_named_with_the_one_that_was_meant(error: str) -> None:
    verdict = builds(error)
    assert 'Did you mean "builder"?' in verdict.next_step
    assert "biulder" in verdict.why


def test_a_registry_that_refuses_a_real_name_is_not_called_a_misspelt_stage() -> None:
    assert "Did you mean" not in builds("pull access denied for builder, repository does not exist").next_step


@pytest.mark.parametrize(
    "error",
    [
        "COPY failed: not in build context or excluded by .dockerignore: stat nope: file does not exist",
        'failed to compute cache key: "/nope" not found: not found',
        'failed to calculate checksum of ref x::y: "/nope": not found',
    ],
)
def test_a_missing_file_is_named(error: str) -> None:
    assert "nope where COPY looks" in builds(error).why


def test_run_after_from_scratch_is_explained() -> None:
    error = 'runc create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown'
    assert "RUN needs a shell" in builds(error).why


def test_an_error_of_the_compiler_is_quoted_with_its_place() -> None:
    assert builds("# service\n./main.go:12:2: undefined: serve").actual == (
        "The compiler refused main.go:12:2: undefined: serve"
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("go: errors parsing go.mod: go.mod requires go >= 1.25", "newer Go"),
        ("go: go.mod file not found in current directory", "no source"),
        ("no Go files in /src", "no source"),
        ("/bin/sh: apt-get: not found", "no program named apt-get"),
    ],
)
def test_usual_faults_of_go_builds_are_explained(error: str, says: str) -> None:
    assert says in builds(error).why


def test_a_build_without_a_reason_says_so() -> None:
    assert "no reason" in builds("").actual


def test_two_stages_are_enough_for_two() -> None:
    verdict = CHECKS["dockerfile_has_stages"](good(), STAGES)
    assert verdict.outcome is Outcome.PASSED
    assert "builder (line 1, on golang:1.21-alpine)" in verdict.actual
    assert "number 1 (line 6, on scratch)" in verdict.actual


def test_one_stage_is_not_enough_for_two() -> None:
    verdict = CHECKS["dockerfile_has_stages"](good(stages=(StageFacts(0, "", "golang", 3),)), STAGES)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == "It has 1 stage: number 0 (line 3, on golang)."
    assert verdict.where == "Dockerfile:3"
    assert "COPY --from" in verdict.next_step


def test_a_file_without_from_fails() -> None:
    assert CHECKS["dockerfile_has_stages"](good(stages=()), STAGES).outcome is Outcome.FAILED
