from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.grading.evidence_value import (
    STATIC,
    TAG,
    entry,
    exchange,
    final,
    good,
    program,
    running,
    spec,
    with_final,
)
from tutor.core.image import FileKind, ImageConfig, Listener
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS, UNKNOWN_PATH

NO_ANSWER: dict[str, Any] = {"status": None}


def on_config(check: str, config: ImageConfig, **params: object) -> Verdict:
    return CHECKS[check](with_final(config=config), spec(check, **params))  # type: ignore[arg-type]  # keys are never 'on'


@pytest.mark.parametrize(
    ("user", "outcome", "says"),
    [
        ("65532", Outcome.PASSED, "65532"),
        ("65532:65532", Outcome.PASSED, "65532"),
        ("1000:app", Outcome.PASSED, "1000"),
        ("", Outcome.FAILED, "no user"),
        ("0", Outcome.FAILED, "root"),
        ("00:5", Outcome.FAILED, "root"),
        ("nonroot:nonroot", Outcome.FAILED, "a name"),
        ("root", Outcome.FAILED, "a name"),
        ("٣", Outcome.FAILED, "a name"),
    ],
)
def test_a_user_is_a_number_other_than_zero(user: str, outcome: Outcome, says: str) -> None:
    verdict = on_config("user_is_numeric_non_root", ImageConfig(user=user))
    assert verdict.outcome is outcome
    assert says in verdict.actual


@pytest.mark.parametrize(
    ("ports", "port", "outcome"),
    [
        (("8080/tcp",), 8080, Outcome.PASSED),
        (("9000/tcp", "8080/tcp"), 8080, Outcome.PASSED),
        (("8080/tcp",), None, Outcome.PASSED),
        (("8080/udp",), 8080, Outcome.FAILED),
        (("80/tcp",), 8080, Outcome.FAILED),
        ((), None, Outcome.FAILED),
    ],
)
def test_the_port_is_exposed(ports: tuple[str, ...], port: int | None, outcome: Outcome) -> None:
    params = {} if port is None else {"port": port}
    assert on_config("port_is_exposed", ImageConfig(exposed_ports=ports), **params).outcome is outcome


def test_a_port_that_is_exposed_and_not_listened_on_fails() -> None:
    evidence = good(containers={TAG: running(Listener("::", 9000))})
    verdict = CHECKS["port_is_exposed"](evidence, spec("port_is_exposed", port=8080))
    assert verdict.outcome is Outcome.FAILED
    assert "listens on 9000" in verdict.actual


@pytest.mark.parametrize(
    ("machine", "says_config", "arch", "outcome"),
    [
        ("x86-64", "amd64", "", Outcome.PASSED),
        ("aarch64", "arm64", "arm64", Outcome.PASSED),
        ("aarch64", "amd64", "", Outcome.FAILED),
        ("x86-64", "arm64", "", Outcome.FAILED),
        ("x86-64", "amd64", "arm64", Outcome.FAILED),
    ],
)
def test_program_and_image_are_made_for_the_machine(
    machine: str, says_config: str, arch: str, outcome: Outcome
) -> None:
    image = final(elf=replace(STATIC, machine=machine), config=ImageConfig(architecture=says_config))
    params = {"arch": arch} if arch else {}
    evidence = good(images={TAG: image}, architecture="amd64")
    verdict = CHECKS["architecture_matches"](evidence, spec("architecture_matches", **params))
    assert verdict.outcome is outcome


def test_an_engine_that_tells_no_architecture_leaves_it_open() -> None:
    verdict = CHECKS["architecture_matches"](good(), spec("architecture_matches"))
    assert verdict.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("size", "par", "params", "outcome"),
    [
        (4_700_000, 4_700_000, {}, Outcome.PASSED),
        (4_800_000, 4_700_000, {}, Outcome.PASSED),
        (5_000_000, 4_700_000, {}, Outcome.FAILED),
        (5_000_000, 4_700_000, {"margin": 0.5}, Outcome.PASSED),
        (5_000_000, None, {"bytes": 6_000_000}, Outcome.PASSED),
        (5_000_000, None, {}, Outcome.UNKNOWN),
    ],
)
def test_an_image_is_within_par(
    size: int, par: int | None, params: dict[str, object], outcome: Outcome
) -> None:
    evidence = good(images={TAG: final(unpacked_bytes=size)}, par_bytes=par)
    assert (
        CHECKS["image_is_within_par"](evidence, spec("image_is_within_par", "image.multi", **params)).outcome
        is outcome
    )


def test_an_image_with_the_program_alone_has_no_shell() -> None:
    assert CHECKS["image_has_no_shell"](good(), spec("image_has_no_shell")).outcome is Outcome.PASSED


def test_a_shell_is_found_by_its_name_and_by_its_bytes() -> None:
    named = entry("/bin/sh", kind=FileKind.SYMLINK, target="/bin/busybox")
    disguised = entry("/helper", content="elf", mode=0o755)
    programs = (program(), program("/helper", "c" * 64, looks_like="BusyBox"))
    for evidence in (with_final(named), with_final(disguised, programs=programs)):
        verdict = CHECKS["image_has_no_shell"](evidence, spec("image_has_no_shell"))
        assert verdict.outcome is Outcome.FAILED
        assert verdict.where.startswith("layer 1: /")


def test_a_shell_by_name_in_a_linked_folder_of_notes_is_no_shell() -> None:
    notes = entry("/docs/sh", content="", mode=0o644)
    assert CHECKS["image_has_no_shell"](with_final(notes), spec("image_has_no_shell")).outcome is (
        Outcome.PASSED
    )


@pytest.mark.parametrize(("status", "outcome"), [(404, Outcome.PASSED), (200, Outcome.FAILED)])
def test_an_unknown_path_is_not_found(status: int, outcome: Outcome) -> None:
    evidence = good(exchanges={TAG: (exchange(UNKNOWN_PATH, status=status),)})
    verdict = CHECKS["unknown_path_is_not_found"](evidence, spec("unknown_path_is_not_found"))
    assert verdict.outcome is outcome


def test_an_unknown_path_without_an_answer_fails_and_one_not_asked_is_unknown() -> None:
    silent = good(exchanges={TAG: (exchange(UNKNOWN_PATH, error="refused", **NO_ANSWER),)})
    check = CHECKS["unknown_path_is_not_found"]
    assert check(silent, spec("unknown_path_is_not_found")).outcome is Outcome.FAILED
    assert check(good(exchanges={}), spec("unknown_path_is_not_found")).outcome is Outcome.UNKNOWN


def test_a_missing_time_is_told_by_its_key() -> None:
    evidence = good(exchanges={TAG: (exchange("/health", {"status": "ok"}),)})
    verdict = CHECKS["endpoint_answers"](
        evidence, spec("endpoint_answers", path="/health", time_key="timestamp")
    )
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == "The JSON lacks timestamp, the time of the answer."
