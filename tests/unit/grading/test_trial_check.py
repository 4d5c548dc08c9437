from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.grading.evidence_value import APP_DIGEST, TAG, exchange, final, good, spec
from tutor.core.evidence import Evidence
from tutor.core.image import ContainerState, ExecResult, Healthcheck, ImageConfig
from tutor.core.trial import (
    ContextFacts,
    Drain,
    HealthRun,
    LockedDown,
    Rebuild,
    RebuiltStep,
    SecondBuild,
    Sighting,
    Trials,
    WorkspaceFile,
)
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS
from tutor.grading.evidence_json import decode_evidence, encode_evidence

NO_ANSWER: dict[str, Any] = {"status": None}
RUNS = ContainerState("running")
DIED = ContainerState("exited", 1, "open /tmp/x: read-only file system")


def judge(name: str, trials: Trials, **more: object) -> Verdict:
    params = more.pop("params", {})
    evidence: Evidence = good(trials=trials, **more)
    assert decode_evidence(encode_evidence(evidence)) == evidence
    return CHECKS[name](evidence, spec(name, **params))  # type: ignore[arg-type]  # each test names the fields it is about


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("runs_locked_down", {}),
        ("healthcheck_passes", {}),
        ("source_is_unchanged", {}),
        ("requests_are_drained", {}),
        ("rebuild_reuses_dependencies", {}),
        ("context_leaves_out", {}),
        ("secret_is_nowhere", {"marker": "s3cret-text"}),
        ("two_builds_agree", {}),
        ("file_equals_image_file", {"file": "fetched-app"}),
        ("binary_links_token", {}),
    ],
)
def test_what_was_not_tried_is_unknown_and_asks_for_another_run(name: str, params: dict[str, object]) -> None:
    verdict = judge(name, Trials(), params=params)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.next_step


def test_a_trial_that_failed_for_a_fault_of_ours_says_which() -> None:
    verdict = judge("two_builds_agree", Trials(faults={"second_build": "the engine went away"}))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the engine went away" in verdict.actual


def test_answering_while_locked_down_passes() -> None:
    trial = LockedDown(RUNS, (exchange("/"), exchange("/health")))
    assert judge("runs_locked_down", Trials(locked_down=trial)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        (LockedDown(DIED, (), ("open /tmp/x",)), "does not keep running"),
        (LockedDown(RUNS, (exchange("/", status=500, body="read-only"), exchange("/health"))), "/: "),
        (
            LockedDown(RUNS, (exchange("/"), exchange("/health", error="reset", **NO_ANSWER))),
            "/health: reset",
        ),
    ],
)
def test_failing_while_locked_down_fails(trial: LockedDown, says: str) -> None:
    verdict = judge("runs_locked_down", Trials(locked_down=trial))
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


CHECKED = Healthcheck(("CMD", "/app", "-healthcheck"))


def health(trial: HealthRun, check: Healthcheck | None = CHECKED) -> Verdict:
    image = final(config=ImageConfig(entrypoint=("/app",), healthcheck=check))
    return judge("healthcheck_passes", Trials(health=trial), images={TAG: image})


WELL = ExecResult(0, "")
ASKS = ("/app", "-healthcheck")


@pytest.mark.parametrize(
    "alone", [ContainerState("exited", 1), ContainerState("running")], ids=["refused", "goes on asking"]
)
def test_a_health_command_that_ends_with_zero_beside_the_service_only_passes(alone: ContainerState) -> None:
    assert health(HealthRun(ASKS, WELL, RUNS, alone)).outcome is Outcome.PASSED


def test_a_health_command_that_is_content_without_the_service_fails() -> None:
    verdict = health(HealthRun(ASKS, WELL, RUNS, ContainerState("exited", 0)))
    assert verdict.outcome is Outcome.FAILED
    assert "where no service runs, too" in verdict.actual
    assert "alone in a container" in verdict.where


@pytest.mark.parametrize(
    "alone", [None, ContainerState("exited", 128, "no space left on device")], ids=["not tried", "disk full"]
)
def test_a_health_command_that_could_not_be_tried_alone_is_not_judged(alone: ContainerState | None) -> None:
    assert health(HealthRun(ASKS, WELL, RUNS, alone)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("trial", "check", "says"),
    [
        (HealthRun(()), None, "no HEALTHCHECK"),
        (HealthRun(()), Healthcheck(("NONE",)), "HEALTHCHECK NONE"),
        (HealthRun(("/app",), ExecResult(1, "refused")), CHECKED, "exit code 1: refused"),
        (
            HealthRun(("/bin/sh", "-c", "curl x"), ExecResult(126, "", "stat /bin/sh: no such file")),
            CHECKED,
            "cannot be run",
        ),
        (HealthRun(("/app",), None, DIED), CHECKED, "had ended"),
    ],
)
def test_a_health_command_that_does_not_pass_fails(
    trial: HealthRun, check: Healthcheck | None, says: str
) -> None:
    verdict = health(trial, check)
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


def drain(code: int | None, **changes: object) -> Drain:
    return Drain(exchange("/slow?for=2s", **changes), ContainerState("exited", code), 1.4)  # type: ignore[arg-type]  # each test names the fields it is about


def test_an_answer_and_a_clean_end_pass() -> None:
    assert judge("requests_are_drained", Trials(drain=drain(0))).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        (drain(2, status=None, error="connection reset"), "was cut: connection reset"),
        (drain(2), "exit code 2"),
        (drain(137), "had to be killed"),
        (drain(0, status=503), "got 503"),
        (Drain(None, DIED), "had ended before"),
    ],
)
def test_a_cut_request_or_an_unclean_end_fails(trial: Drain, says: str) -> None:
    verdict = judge("requests_are_drained", Trials(drain=trial))
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


def steps(*, download: bool | None, before: bool = True) -> tuple[RebuiltStep, ...]:
    fetch = [] if download is None else [RebuiltStep("builder", "RUN go mod download", download, 4)]
    return (
        RebuiltStep("builder", "RUN apk add git", before, 2),
        RebuiltStep("builder", "COPY go.mod ./", True, 3),
        *fetch,
        RebuiltStep("builder", "COPY . .", False, 5),
        RebuiltStep("builder", "RUN go build -o /app .", False, 6),
        RebuiltStep("", "COPY --from=builder /app /app", False, 8),
    )


def test_a_second_build_that_takes_dependencies_from_the_cache_passes() -> None:
    rebuild = Rebuild("main.go", True, steps(download=True), "", 2.0)
    assert judge("rebuild_reuses_dependencies", Trials(rebuild=rebuild)).outcome is Outcome.PASSED


def test_a_download_written_as_a_list_counts_as_a_step_that_fetches() -> None:
    listed = RebuiltStep("b", 'RUN ["go","mod", "download"]', True, 3)
    compiling = RebuiltStep("b", 'RUN ["go", "build", "."]', False, 5)
    rebuild = Rebuild("main.go", True, (listed, compiling))
    assert judge("rebuild_reuses_dependencies", Trials(rebuild=rebuild)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("rebuild", "says"),
    [
        (Rebuild("main.go", True, steps(download=False)), "RUN go mod download (line 4)"),
        (Rebuild("main.go", True, steps(download=None)), "No step of its own"),
        (Rebuild("main.go", True, steps(download=True, before=False)), "RUN apk add git (line 2)"),
        (
            Rebuild("main.go", True, (RebuiltStep("b", "RUN go mod download && go build .", False, 3),)),
            "1 step ran again",
        ),
        (Rebuild("main.go", False, (), "boom"), "The second build failed: boom"),
        (Rebuild(""), "no main.go"),
    ],
)
def test_a_second_build_that_does_too_much_fails(rebuild: Rebuild, says: str) -> None:
    verdict = judge("rebuild_reuses_dependencies", Trials(rebuild=rebuild))
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


CONTEXT = ContextFacts(2, 900, ("Dockerfile", "main.go"), 5, 9_000_000, True)


def test_a_context_without_the_listed_paths_passes_and_says_what_stays_behind() -> None:
    verdict = judge("context_leaves_out", Trials(context=CONTEXT), params={"paths": [".git/**", "*.env"]})
    assert verdict.outcome is Outcome.PASSED
    assert "leaves out 3 files" in verdict.actual


@pytest.mark.parametrize(
    ("context", "params", "says"),
    [
        (replace(CONTEXT, files=("a.env", "main.go")), {"paths": ["*.env"]}, "sends a.env"),
        (replace(CONTEXT, files=(".git/config",), has_ignore_file=False), {}, "There is no .dockerignore"),
        (CONTEXT, {"paths": ["bin"], "max_bytes": 500}, "sends 2 files, 900 bytes"),
    ],
)
def test_a_context_with_more_than_it_may_hold_fails(
    context: ContextFacts, params: dict[str, object], says: str
) -> None:
    verdict = judge("context_leaves_out", Trials(context=context), params=params)
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.actual


def test_a_secret_that_is_nowhere_passes_and_one_in_a_hidden_layer_fails() -> None:
    params = {"marker": "s3cret-text"}
    clean = Trials(sightings=(), searched=("s3cret-text",))
    assert judge("secret_is_nowhere", clean, params=params).outcome is Outcome.PASSED
    other = Trials(sightings=(Sighting("another", "history"),), searched=("another", "s3cret-text"))
    assert judge("secret_is_nowhere", other, params=params).outcome is Outcome.PASSED
    seen = Trials(sightings=(Sighting("s3cret-text", "layer 1: /.env"),), searched=("s3cret-text",))
    verdict = judge("secret_is_nowhere", seen, params=params)
    assert (verdict.outcome, verdict.where) == (Outcome.FAILED, "layer 1: /.env")


def test_a_search_for_another_text_says_nothing() -> None:
    trials = Trials(sightings=(), searched=("another",))
    assert judge("secret_is_nowhere", trials, params={"marker": "s3cret"}).outcome is Outcome.UNKNOWN


def test_two_builds_with_one_digest_pass_and_others_fail() -> None:
    same = Trials(second_build=SecondBuild(True, APP_DIGEST))
    assert judge("two_builds_agree", same).outcome is Outcome.PASSED
    for other in (SecondBuild(True, "b" * 64), SecondBuild(True, ""), SecondBuild(False, "", "boom")):
        assert judge("two_builds_agree", Trials(second_build=other)).outcome is Outcome.FAILED


def test_a_fetched_file_with_the_programs_bytes_passes_and_others_fail() -> None:
    params = {"file": "fetched-app"}
    same = Trials(files={"fetched-app": WorkspaceFile(APP_DIGEST, 6_900_000)})
    assert judge("file_equals_image_file", same, params=params).outcome is Outcome.PASSED
    for file in (None, WorkspaceFile("b" * 64, 12)):
        verdict = judge("file_equals_image_file", Trials(files={"fetched-app": file}), params=params)
        assert verdict.outcome is Outcome.FAILED


TOKEN = Trials(files={"token.txt": WorkspaceFile("0" * 64, 7, "abc123\n")})


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"token": "abc123"}, Outcome.PASSED),
        ({"token": "other1"}, Outcome.FAILED),
        ({"token": ""}, Outcome.FAILED),
        ([], Outcome.FAILED),
    ],
)
def test_the_token_is_told_by_the_program_itself(body: object, outcome: Outcome) -> None:
    exchanges = {TAG: (exchange("/whoami", body),)}
    assert judge("binary_links_token", TOKEN, exchanges=exchanges).outcome is outcome


def test_a_token_given_to_the_grader_counts_more_than_a_file() -> None:
    exchanges = {TAG: (exchange("/whoami", {"token": "abc123"}),)}
    verdict = judge("binary_links_token", TOKEN, exchanges=exchanges, token="from-the-course")
    assert verdict.outcome is Outcome.FAILED
    assert "from-the-course" in verdict.actual


def test_a_missing_or_empty_token_file_fails() -> None:
    for file in (None, WorkspaceFile("0" * 64, 1, "\n")):
        verdict = judge("binary_links_token", Trials(files={"token.txt": file}))
        assert verdict.outcome is Outcome.FAILED


def test_changed_source_is_named() -> None:
    assert judge("source_is_unchanged", Trials(changed_sources=())).outcome is Outcome.PASSED
    verdict = judge("source_is_unchanged", Trials(changed_sources=("labtls.go", "more.go")))
    assert (verdict.outcome, verdict.where) == (Outcome.FAILED, "labtls.go")
    assert verdict.actual == "Changed, added or missing: labtls.go and more.go."
