from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.grading.evidence_value import HEALTH, INFO, TAG, ended, exchange, good, running, spec
from tutor.core.evidence import ContainerEvidence, Evidence
from tutor.core.http import HttpExchange
from tutor.core.image import Listener
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS, UNKNOWN_PATH, probe_paths

TEXT = (("Content-Type", "text/html"),)
REFUSED: dict[str, object] = {
    "status": None,
    "reason": "",
    "body": "",
    "headers": (),
    "error": "connection refused",
}


def check(evidence: Evidence, path: str = "/health", **params: object) -> Verdict:
    return CHECKS["endpoint_answers"](evidence, spec("endpoint_answers", f"image.{TAG}", path=path, **params))


def answered(*exchanges: HttpExchange, container: ContainerEvidence | None = None) -> Evidence:
    return good(exchanges={TAG: exchanges}, containers={TAG: container or running(Listener("::", 8080))})


def test_the_status_alone_is_enough_where_no_more_is_asked() -> None:
    verdict = check(good(), status=200)
    assert verdict.outcome is Outcome.PASSED
    assert verdict.actual == "It answers 200 in 2 ms."
    assert verdict.where == "GET /health"


def test_keys_may_lie_deeper() -> None:
    assert check(good(), "/", json_keys=["service.name", "runtime"]).outcome is Outcome.PASSED


def test_missing_keys_are_told_beside_those_that_are_there() -> None:
    verdict = check(good(), "/", json_keys=["service.name", "system.hostname", "request"])
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == "The JSON lacks system.hostname and request; it has service and runtime."


def test_a_key_without_a_value_is_missing() -> None:
    evidence = answered(exchange("/health", {"status": None}))
    assert check(evidence, json_keys=["status"]).outcome is Outcome.FAILED


@pytest.mark.parametrize("body", [[], "healthy", 7, {}])
def test_json_that_is_no_object_lacks_every_key(body: object) -> None:
    assert "no object with keys" in check(answered(exchange("/health", body)), json_keys=["status"]).actual


def test_another_status_is_told_with_the_body() -> None:
    verdict = check(answered(exchange("/health", {"error": "no such endpoint"}, 404)))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == 'It answers 404 Not Found: {"error": "no such endpoint"}'


def test_a_404_can_be_what_is_wanted() -> None:
    assert check(answered(exchange("/nothing", {}, 404)), "/nothing", status=404).outcome is Outcome.PASSED


def test_json_under_another_type_is_a_canned_page() -> None:
    evidence = answered(exchange("/health", HEALTH, headers=TEXT))
    verdict = check(evidence, json_keys=["status"])
    assert verdict.outcome is Outcome.FAILED
    assert "says it is text/html, not application/json" in verdict.actual


def test_a_body_that_is_no_json_is_quoted() -> None:
    verdict = check(answered(exchange("/health", body="healthy\n")), json_keys=["status"])
    assert (
        'The body is not JSON. The body begins: "healthy"'
        in check(answered(replace(exchange("/health"), body="healthy\n")), json_keys=["status"]).actual
    )
    assert verdict.outcome is Outcome.FAILED


def test_an_endless_body_is_no_answer_of_the_service() -> None:
    evidence = answered(exchange("/health", HEALTH, body_truncated=True))
    assert "longer" in check(evidence, json_keys=["status"]).actual


def test_json_that_is_deeper_than_any_is_refused_without_a_fault() -> None:
    evidence = answered(replace(exchange("/health"), body="[" * 60_000))
    assert check(evidence, json_keys=["status"]).outcome is Outcome.FAILED


class TestTime:
    def test_the_time_of_the_answer_passes(self) -> None:
        assert check(good(), time_key="timestamp").outcome is Outcome.PASSED
        assert check(good(), "/", time_key="runtime.current_time").outcome is Outcome.PASSED

    def test_a_page_made_before_fails(self) -> None:
        evidence = answered(exchange("/health", {"status": "healthy", "timestamp": "2026-11-24T09:00:00Z"}))
        verdict = check(evidence, time_key="timestamp")
        assert verdict.outcome is Outcome.FAILED
        assert "3620 s away" in verdict.actual

    def test_other_zones_are_understood(self) -> None:
        evidence = answered(exchange("/health", {"timestamp": "2026-11-24T13:00:20+03:00"}))
        assert check(evidence, time_key="timestamp").outcome is Outcome.PASSED

    def test_a_server_whose_clock_is_off_agrees_with_itself(self) -> None:
        headers = (("Content-Type", "application/json"), ("Date", "Wed, 25 Nov 2026 10:00:20 GMT"))
        evidence = answered(exchange("/health", {"timestamp": "2026-11-25T10:00:19Z"}, headers=headers))
        assert check(evidence, time_key="timestamp").outcome is Outcome.PASSED

    @pytest.mark.parametrize("date", [(), (("Date", "yesterday"),)])
    def test_without_a_date_the_checkpoints_own_time_counts(self, date: tuple[tuple[str, str], ...]) -> None:
        headers = (("Content-Type", "application/json"), *date)
        fresh = answered(exchange("/health", {"timestamp": "2026-11-24T10:05:00Z"}, headers=headers))
        old = answered(exchange("/health", {"timestamp": "2026-11-23T10:05:00Z"}, headers=headers))
        assert check(fresh, time_key="timestamp").outcome is Outcome.PASSED
        assert check(old, time_key="timestamp").outcome is Outcome.FAILED

    @pytest.mark.parametrize("value", ["soon", "", None, 12, {"a": 1}])
    def test_what_is_no_time_fails(self, value: object) -> None:
        verdict = check(answered(exchange("/health", {"timestamp": value})), time_key="timestamp")
        assert verdict.outcome is Outcome.FAILED
        assert "no time" in verdict.actual

    def test_a_time_without_a_zone_is_taken_as_utc(self) -> None:
        evidence = answered(exchange("/health", {"timestamp": "2026-11-24T10:00:20"}))
        assert check(evidence, time_key="timestamp").outcome is Outcome.PASSED


class TestNoAnswer:
    def refused(self, container: ContainerEvidence) -> Verdict:
        verdict = check(answered(exchange("/health", **REFUSED), container=container))  # type: ignore[arg-type]  # each test names the fields it is about
        assert verdict.outcome is Outcome.FAILED
        assert "connection refused" in verdict.actual
        return verdict

    def test_an_address_that_only_the_container_reaches_is_explained(self) -> None:
        verdict = self.refused(running(Listener("127.0.0.1", 8080)))
        assert "open on 127.0.0.1 only" in verdict.actual
        assert "all addresses: :8080" in verdict.next_step

    def test_another_port_is_explained(self) -> None:
        verdict = self.refused(running(Listener("::", 3000)))
        assert "inside, port 3000 is open" in verdict.actual
        assert "EXPOSE is a note" in verdict.why

    def test_a_port_that_nobody_opened_is_explained(self) -> None:
        container = replace(running(), listeners=())
        assert "Nothing listens inside" in self.refused(container).actual

    def test_an_open_port_without_an_answer_is_told(self) -> None:
        assert "does not answer" in self.refused(running(Listener("::", 8080))).why

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("listening on :3000", "port 8080, and its log says"),
            ("Server started at 127.0.0.1:8080", "from within the container alone"),
            ("serving on localhost:8080", "from within the container alone"),
            ("ready", "connection refused"),
        ],
    )
    def test_where_listeners_cannot_be_told_the_log_is_read(self, line: str, says: str) -> None:
        verdict = self.refused(replace(running(), log=(line,)))
        assert says in verdict.actual + verdict.why

    def test_a_container_that_ended_meanwhile_is_told(self) -> None:
        assert "ended meanwhile (exit code 2)" in self.refused(ended("", 2)).actual


def test_a_container_that_does_not_run_answers_nothing() -> None:
    for exchanges in ({}, {TAG: ()}):
        verdict = check(good(exchanges=exchanges, containers={TAG: ended("", 1)}))
        assert verdict.outcome is Outcome.FAILED
        assert "does not run" in verdict.actual


def test_a_path_that_was_not_asked_is_not_the_learners_fault() -> None:
    assert check(good(), "/other").outcome is Outcome.UNKNOWN
    assert check(good(containers={}, exchanges={})).outcome is Outcome.UNKNOWN


def test_the_last_answer_to_a_path_counts() -> None:
    evidence = answered(exchange("/health", {}, 503), exchange("/health", HEALTH))
    assert check(evidence).outcome is Outcome.PASSED


class TestUnknownPath:
    def with_unknown(self, *status: int) -> Verdict:
        others = [exchange(UNKNOWN_PATH, {}, code) for code in status]
        return check(answered(exchange("/", INFO), *others), "/", unknown_path_status=404)

    def test_a_404_for_it_passes(self) -> None:
        assert self.with_unknown(404).outcome is Outcome.PASSED

    def test_a_catch_all_fails(self) -> None:
        verdict = self.with_unknown(200)
        assert verdict.outcome is Outcome.FAILED
        assert verdict.where == f"GET {UNKNOWN_PATH}"
        assert "asking proves nothing" in verdict.why

    def test_not_asked_is_unknown(self) -> None:
        assert self.with_unknown().outcome is Outcome.UNKNOWN


def test_the_paths_to_ask_are_those_of_the_checks_each_once() -> None:
    specs = [
        spec("image_builds"),
        spec("endpoint_answers", path="/health"),
        spec("endpoint_answers", path="/", unknown_path_status=404),
        spec("endpoint_answers", path="/health", status=200),
    ]
    assert probe_paths(specs) == ("/health", "/", UNKNOWN_PATH)
