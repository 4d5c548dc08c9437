from __future__ import annotations

from tests.unit.grading.evidence_value import spec
from tutor.core.trial import Demand
from tutor.grading.check import UNKNOWN_PATH, demand_of, probe_paths


def test_nothing_more_is_asked_for_than_the_checks_want() -> None:
    assert demand_of([spec("image_builds"), spec("binary_is_static")]) == Demand()


def test_every_trial_is_asked_for_by_its_check() -> None:
    specs = [
        spec("runs_locked_down", paths=["/health"]),
        spec("healthcheck_passes"),
        spec("requests_are_drained", path="/slow?for=1s"),
        spec("rebuild_reuses_dependencies", file="routes.go"),
        spec("context_leaves_out"),
        spec("source_is_unchanged", on="dockerfile"),
        spec("secret_is_nowhere", marker="s3cret-text"),
        spec("two_builds_agree"),
        spec("file_equals_image_file", file="fetched-app"),
        spec("choices_meet_needs", needs={}),
        spec("binary_links_token"),
    ]
    assert demand_of(specs) == Demand(
        files=("fetched-app", "choice.yaml", "token.txt"),
        locked_down=("/health",),
        health=True,
        drain_path="/slow?for=1s",
        rebuild_file="routes.go",
        second_build=True,
        context=True,
        source=True,
        markers=("s3cret-text",),
    )


def test_paths_are_asked_once_each_in_order() -> None:
    specs = [
        spec("endpoint_answers", path="/health", unknown_path_status=404),
        spec("endpoint_answers", path="/health"),
        spec("binary_links_token"),
        spec("unknown_path_is_not_found", path="/nothing"),
        spec("unknown_path_is_not_found"),
    ]
    assert probe_paths(specs) == ("/health", UNKNOWN_PATH, "/whoami", "/nothing")
