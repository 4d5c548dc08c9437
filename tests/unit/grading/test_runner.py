from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.unit.grading.evidence_value import DYNAMIC, TAG, ended, failed_build, final, good, spec
from tutor.core.errors import LessonError
from tutor.core.evidence import StageFacts
from tutor.core.image import ImageConfig
from tutor.core.lesson import CheckSpec
from tutor.core.verdict import Outcome, Verdict, overall
from tutor.grading import rule
from tutor.grading.check import known_checks
from tutor.grading.runner import judge

LESSON = (
    spec("image_builds"),
    spec("dockerfile_has_stages", "dockerfile", min=2),
    spec("image_is_smaller_than_stage", stage="builder"),
    spec("image_holds_only_allowed_files"),
    spec("container_starts"),
    spec("endpoint_answers", path="/health", json_keys=["status"]),
    spec("binary_is_static"),
    spec("binary_was_built_here", module="example.com/fromscratch/service"),
)


def outcomes(verdicts: list[Verdict]) -> dict[str, Outcome]:
    return {verdict.check_id: verdict.outcome for verdict in verdicts}


def named(check_id: str, check: str, needs: tuple[str, ...] = (), **params: object) -> CheckSpec:
    return replace(spec(check, f"image.{TAG}", **params), id=check_id, needs=needs)


def test_an_image_made_right_passes_everything() -> None:
    verdicts = list(judge(LESSON, good()))
    assert [verdict.check_id for verdict in verdicts] == [item.id for item in LESSON]
    assert overall(tuple(verdicts)) is Outcome.PASSED


def test_after_a_failed_build_all_that_look_at_the_image_wait_and_say_for_what() -> None:
    verdicts = list(judge(LESSON, failed_build("no luck")))
    found = outcomes(verdicts)
    assert found.pop("image-builds") is Outcome.FAILED
    assert found.pop("dockerfile-has-stages") is Outcome.PASSED
    assert set(found.values()) == {Outcome.WAITING}
    waiting = verdicts[-1]
    assert waiting.waits_for == ("image-builds",)
    assert waiting.actual == 'It waits for "The Dockerfile builds".'
    assert overall(tuple(verdicts)) is Outcome.FAILED


def test_endpoints_wait_for_the_start_without_being_told_to() -> None:
    evidence = good(containers={TAG: ended("exec /app: exec format error")}, exchanges={})
    found = outcomes(list(judge(LESSON, evidence)))
    assert found["container-starts"] is Outcome.FAILED
    assert found["endpoint-answers"] is Outcome.WAITING
    assert found["binary-is-static"] is Outcome.PASSED


def test_checks_of_the_program_wait_for_the_start_when_the_start_command_leads_nowhere() -> None:
    image = final(config=ImageConfig(entrypoint=("/bin/sh", "-c", "/app")), entrypoint_path="", elf=None)
    images = good().images | {TAG: image}
    evidence = good(images=images, containers={TAG: ended("stat /bin/sh: no such file or directory")})
    found = outcomes(list(judge(LESSON, evidence)))
    assert [name for name, outcome in found.items() if outcome is Outcome.FAILED] == ["container-starts"]
    assert found["binary-is-static"] is Outcome.WAITING
    alone = next(judge([spec("binary_is_static")], evidence))
    assert alone.outcome is Outcome.FAILED


def test_a_dynamic_program_that_does_not_start_is_judged_all_the_same() -> None:
    images = good().images | {TAG: final(elf=DYNAMIC)}
    evidence = good(images=images, containers={TAG: ended("exec /app: no such file or directory")})
    assert outcomes(list(judge(LESSON, evidence)))["binary-is-static"] is Outcome.FAILED


def test_a_single_stage_fails_on_stages_and_the_ratio_waits() -> None:
    found = outcomes(list(judge(LESSON, good(stages=(StageFacts(0, "", "golang", 1),)))))
    assert found["dockerfile-has-stages"] is Outcome.FAILED
    assert found["image-is-smaller-than-stage"] is Outcome.WAITING


def test_what_waits_for_a_waiting_check_waits_too() -> None:
    specs = [
        named("a", "image_is_smaller_than", max_bytes=1),
        named("b", "binary_is_static", needs=("a",)),
        named("c", "container_starts", needs=("b",)),
    ]
    found = list(judge(specs, good()))
    assert [verdict.outcome for verdict in found] == [Outcome.FAILED, Outcome.WAITING, Outcome.WAITING]
    assert found[2].waits_for == ("b",)


def test_a_check_written_before_what_it_needs_is_judged_after_it() -> None:
    specs = [named("late", "binary_is_static", needs=("early",)), named("early", "container_starts")]
    assert [verdict.check_id for verdict in judge(specs, good())] == ["early", "late"]


def test_checks_on_another_image_do_not_wait_for_this_ones_start() -> None:
    other = replace(named("other", "endpoint_answers", path="/health"), on="image.other")
    evidence = good(containers={TAG: ended("", 1)})
    assert (
        outcomes(list(judge([named("starts", "container_starts"), other], evidence)))["other"]
        is Outcome.UNKNOWN
    )


def test_when_evidence_could_not_be_gathered_everything_is_unknown_and_nothing_failed() -> None:
    evidence = replace(failed_build("half of an answer"), fault="The engine does not answer any more.")
    verdicts = list(judge(LESSON, evidence))
    assert {verdict.outcome for verdict in verdicts} == {Outcome.UNKNOWN}
    assert all("does not answer any more" in verdict.actual for verdict in verdicts)
    assert all("not your fault" in verdict.next_step for verdict in verdicts)


def test_a_fault_in_a_check_is_ours_and_costs_no_other_verdict(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(evidence: object, item: object) -> Verdict:
        raise KeyError("secret\x1b[31m")

    monkeypatch.setitem(
        rule.RULES, "binary_is_static", replace(known_checks()["binary_is_static"], check=broken)
    )
    with caplog.at_level(logging.CRITICAL):
        verdicts = {verdict.check_id: verdict for verdict in judge(LESSON, good())}
    assert verdicts["binary-is-static"].outcome is Outcome.UNKNOWN
    assert "KeyError" in verdicts["binary-is-static"].actual
    assert "\x1b" not in verdicts["binary-is-static"].actual
    assert verdicts["binary-was-built-here"].outcome is Outcome.PASSED


def test_a_lessons_own_words_are_shown() -> None:
    item = replace(
        named("x", "image_is_smaller_than", max_bytes=1),
        title="It is tiny",
        why="Because.",
        next_step="Look there.",
    )
    verdict = next(judge([item], good()))
    assert (verdict.title, verdict.why, verdict.next_step) == ("It is tiny", "Because.", "Look there.")


def test_words_on_this_very_fault_come_before_a_lessons_general_ones() -> None:
    item = replace(named("x", "image_builds"), why="Because.", next_step="Look there.")
    verdict = next(judge([item], failed_build("invalid from flag value biulder: x")))
    assert 'Did you mean "builder"?' in verdict.next_step


def test_every_failure_gives_expected_actual_why_and_next() -> None:
    evidence = good(
        stages=(), images={TAG: good().images[f"{TAG}/builder"]}, containers={TAG: ended("", 1)}, exchanges={}
    )
    for item in LESSON[1:]:
        verdict = next(judge([item], evidence))
        assert verdict.outcome is Outcome.FAILED or item.check == "image_holds_only_allowed_files"
        assert all((verdict.expected, verdict.actual, verdict.why, verdict.next_step, verdict.title))


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (spec("binary_is_statik"), r'no check "binary_is_statik".*\n.*binary_is_static\?'),
        (spec("zzzzzz"), "It knows: .*binary_is_static"),
        (spec("endpoint_answers"), "missing required field `path`"),
        (spec("image_is_smaller_than", max_bytes="many"), "max_bytes"),
        (spec("dockerfile_has_stages", "dockerfile", minimum=2), "unknown field `minimum`"),
        (spec("binary_is_static", "dockerfile"), "cannot be made on"),
        (named("a", "binary_is_static", needs=("b",)), 'needs "b", which does not exist'),
        (named("a", "binary_is_static", needs=("a",)), "need each other: a"),
    ],
)
def test_a_mistake_in_a_lesson_is_told_before_anything_is_judged(item: CheckSpec, says: str) -> None:
    with pytest.raises(LessonError, match=f"(?s){says}"):
        judge([item], good())


def test_a_mistake_is_told_with_its_line() -> None:
    with pytest.raises(LessonError, match="line 12"):
        judge([replace(spec("nothing"), line=12)], good())


def test_two_checks_of_one_id_are_a_mistake() -> None:
    with pytest.raises(LessonError, match="Two checks"):
        judge([spec("image_builds"), spec("image_builds")], good())


def test_checks_that_need_each_other_are_a_mistake() -> None:
    specs = [named("a", "binary_is_static", ("b",)), named("b", "binary_is_stripped", ("a",))]
    with pytest.raises(LessonError, match="need each other: a and b"):
        judge(specs, good())


def test_no_checks_judge_nothing() -> None:
    assert list(judge([], good())) == []


class TestKnownChecks:
    def test_names_read_as_sentences_and_each_explains_itself(self) -> None:
        known = known_checks()
        assert {"image_builds", "container_starts", "endpoint_answers", "binary_was_built_here"} <= set(known)
        for name, info in known.items():
            assert info.name == name
            assert info.about
            assert info.title
            assert info.why
            assert info.next_step
            assert info.subjects
            assert set(info.after) <= set(known)

    def test_parameters_tell_their_type_and_default(self) -> None:
        params = {param.name: param for param in known_checks()["endpoint_answers"].params}
        assert (params["path"].type, params["path"].required) == ("text", True)
        assert (params["status"].type, params["status"].default) == ("integer", 200)
        assert params["json_keys"].type == "list of text"
        assert params["unknown_path_status"].type == "integer"
        assert all(param.about for param in params.values())

    def test_problems_of_parameters_are_told_in_words(self) -> None:
        info = known_checks()["image_is_smaller_than_stage"]
        assert info.problems({"stage": "builder", "ratio": 0.1}) == ()
        assert "ratio" in info.problems({"ratio": 2})[0]
        assert "It takes" not in info.problems({"x": 1})[0]
        assert "takes: stage, ratio" in info.problems({"x": 1})[0]

    def test_a_check_without_parameters_takes_none(self) -> None:
        assert "takes: none" in known_checks()["binary_is_static"].problems({"x": 1})[0]
