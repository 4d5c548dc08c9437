from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.grading.evidence_value import (
    APP_DIGEST,
    DYNAMIC,
    GO,
    MODULE,
    STATIC,
    TAG,
    builder,
    final,
    good,
    program,
    spec,
    with_final,
)
from tutor.core.evidence import Evidence, StageFacts
from tutor.core.image import ImageConfig, LayerFacts, Program
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS
from tutor.grading.origin import is_run

ON_THE_PROGRAM = pytest.mark.parametrize(
    "name", ["binary_is_static", "binary_is_stripped", "binary_was_built_here"]
)


def check(name: str, evidence: Evidence, module: str | None = None) -> Verdict:
    on = f"image.{TAG}"
    return CHECKS[name](evidence, spec(name, on) if module is None else spec(name, on, module=module))


def test_a_program_that_asks_for_nothing_is_static() -> None:
    verdict = check("binary_is_static", good())
    assert verdict.outcome is Outcome.PASSED
    assert verdict.where == "/app"


def test_a_program_that_asks_for_a_loader_is_not_and_both_are_named() -> None:
    verdict = check("binary_is_static", with_final(elf=DYNAMIC))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == "It asks for the loader /lib64/ld-linux-x86-64.so.2 and the library libc.so.6."
    assert "CGO_ENABLED=0" in verdict.next_step


def test_a_loader_alone_is_enough_to_fail() -> None:
    pie = replace(DYNAMIC, needed=())
    assert check("binary_is_static", with_final(elf=pie)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("symbols", "debug", "says"),
    [
        (True, False, "It holds a symbol table."),
        (False, True, "It holds debug sections."),
        (True, True, "It holds a symbol table and debug sections."),
    ],
)
def test_a_program_with_symbols_or_debug_data_is_not_stripped(symbols: bool, debug: bool, says: str) -> None:
    elf = replace(STATIC, has_symbol_table=symbols, has_debug_sections=debug)
    verdict = check("binary_is_stripped", with_final(elf=elf))
    assert (verdict.outcome, verdict.actual) == (Outcome.FAILED, says)


def test_a_program_that_hides_its_symbols_is_not_stripped() -> None:
    elf = replace(STATIC, has_symbol_table=False, has_debug_sections=False, unloaded_bytes=2_550_000)
    verdict = check("binary_is_stripped", with_final(elf=elf))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == "It holds 2.55 MB that are never loaded, under other names."


def test_a_program_with_neither_is_stripped() -> None:
    elf = replace(STATIC, has_symbol_table=False, has_debug_sections=False)
    assert check("binary_is_stripped", with_final(elf=elf)).outcome is Outcome.PASSED


@ON_THE_PROGRAM
def test_without_an_image_nothing_is_known(name: str) -> None:
    assert check(name, good(images={})).outcome is Outcome.UNKNOWN


@ON_THE_PROGRAM
def test_an_image_that_starts_nothing_fails_and_says_what_it_holds(name: str) -> None:
    verdict = check(name, with_final(config=ImageConfig(), entrypoint_path="", elf=None))
    assert verdict.outcome is Outcome.FAILED
    assert "names no program" in verdict.actual
    assert "/app" in verdict.actual


@ON_THE_PROGRAM
def test_a_start_command_that_leads_nowhere_fails(name: str) -> None:
    config = ImageConfig(entrypoint=("/bin/sh", "-c", "/app"))
    verdict = check(name, with_final(config=config, entrypoint_path="", elf=None))
    assert verdict.outcome is Outcome.FAILED
    assert "/bin/sh is not in it" in verdict.actual


@ON_THE_PROGRAM
def test_a_script_is_no_program(name: str) -> None:
    verdict = check(name, with_final(elf=None))
    assert verdict.outcome is Outcome.FAILED
    assert "not a compiled program" in verdict.actual


class TestBuiltHere:
    def check(self, evidence: Evidence, module: str = MODULE) -> Verdict:
        return check("binary_was_built_here", evidence, module=module)

    def with_builder(self, *programs: Program, **changes: object) -> Evidence:
        return good(images={TAG: final(), f"{TAG}/builder": builder(programs=programs, **changes)})

    def test_a_program_that_run_made_in_a_stage_passes_and_names_the_step(self) -> None:
        verdict = self.check(good())
        assert verdict.outcome is Outcome.PASSED
        assert "go build -o /app" in verdict.actual
        assert verdict.where == "stage builder, layer 3"

    def test_a_program_under_another_name_is_the_same_program(self) -> None:
        assert self.check(self.with_builder(program("/src/bin/x", layer=2))).outcome is Outcome.PASSED

    def test_a_program_that_was_built_and_deleted_again_still_counts(self) -> None:
        layers = (*builder().layers, LayerFacts("sha256:m", 1, 1, "RUN mv /app /out"))
        programs = (program(layer=2), program("/out", layer=3))
        assert self.check(self.with_builder(*programs, layers=layers)).outcome is Outcome.PASSED

    def test_a_program_from_the_context_fails(self) -> None:
        verdict = self.check(self.with_builder(program(layer=1)))
        assert verdict.outcome is Outcome.FAILED
        assert "COPY go.mod *.go" in verdict.actual
        assert ".dockerignore" in verdict.next_step

    def test_a_program_from_the_context_that_run_copied_on_fails(self) -> None:
        assert (
            self.check(self.with_builder(program("/x", layer=1), program(layer=2))).outcome is Outcome.FAILED
        )

    def test_a_program_of_the_base_image_fails(self) -> None:
        verdict = self.check(self.with_builder(program("/bin/busybox", layer=0), program(layer=2)))
        assert verdict.outcome is Outcome.FAILED
        assert "the base image" in verdict.actual

    def test_a_program_that_no_stage_holds_fails(self) -> None:
        verdict = self.check(self.with_builder(program(sha256="c" * 64, layer=2)))
        assert verdict.outcome is Outcome.FAILED
        assert "/app is in no earlier stage (builder)" in verdict.actual

    def test_a_stage_that_only_hands_on_is_passed_over_for_the_one_that_built(self) -> None:
        hand_on = builder(layers=(LayerFacts("sha256:h", 1, 1, "COPY /app /app"),), programs=(program(),))
        stages = (
            StageFacts(0, "builder", "golang", 1),
            StageFacts(1, "pack", "scratch", 4),
            StageFacts(2, "", "scratch", 6),
        )
        images = {f"{TAG}/pack": hand_on, TAG: final(), f"{TAG}/builder": builder()}
        assert self.check(good(stages=stages, images=images)).outcome is Outcome.PASSED

    def test_a_stage_that_brings_it_in_before_another_copies_it_fails(self) -> None:
        brought = builder(layers=(LayerFacts("sha256:h", 1, 1, "COPY app /x"),), programs=(program("/x"),))
        stages = (
            StageFacts(0, "pack", "scratch", 1),
            StageFacts(1, "builder", "golang", 4),
            StageFacts(2, "", "scratch", 6),
        )
        images = {TAG: final(), f"{TAG}/builder": builder(), f"{TAG}/pack": brought}
        assert self.check(good(stages=stages, images=images)).outcome is Outcome.FAILED

    def test_another_module_is_not_the_service(self) -> None:
        verdict = self.check(with_final(go=replace(GO, main_module="github.com/caddyserver/caddy")))
        assert verdict.outcome is Outcome.FAILED
        assert "caddy" in verdict.actual

    def test_a_single_file_build_has_no_module_and_passes(self) -> None:
        assert self.check(with_final(go=replace(GO, main_module=""))).outcome is Outcome.PASSED

    def test_any_module_passes_where_the_lesson_names_none(self) -> None:
        assert self.check(with_final(go=replace(GO, main_module="other")), "").outcome is Outcome.PASSED

    def test_a_program_that_go_did_not_build_fails(self) -> None:
        verdict = self.check(with_final(go=None))
        assert verdict.outcome is Outcome.FAILED
        assert "no mark of the Go toolchain" in verdict.actual

    def test_a_single_stage_is_judged_by_its_own_layers(self) -> None:
        stages = (StageFacts(0, "", "golang", 1),)
        image = final(layers=builder().layers, programs=(program(layer=2),))
        assert self.check(good(stages=stages, images={TAG: image})).outcome is Outcome.PASSED
        image = final(layers=builder().layers, programs=(program(layer=1),))
        assert self.check(good(stages=stages, images={TAG: image})).outcome is Outcome.FAILED

    def test_stages_that_were_not_kept_are_not_the_learners_fault(self) -> None:
        assert self.check(good(images={TAG: final()})).outcome is Outcome.UNKNOWN

    def test_an_image_without_history_cannot_be_judged(self) -> None:
        layers = tuple(replace(layer, created_by="") for layer in builder().layers)
        assert self.check(self.with_builder(program(layer=2), layers=layers)).outcome is Outcome.UNKNOWN

    def test_a_program_without_a_digest_cannot_be_judged(self) -> None:
        assert self.check(with_final(programs=())).outcome is Outcome.UNKNOWN

    def test_digests_are_what_is_compared(self) -> None:
        assert (
            self.check(self.with_builder(program("/app", APP_DIGEST[:-1] + "b", 2))).outcome is Outcome.FAILED
        )


@pytest.mark.parametrize(
    ("record", "run"),
    [
        ("RUN /bin/sh -c go build -o /app . # buildkit", True),
        ("/bin/sh -c CGO_ENABLED=0 go build -o /app .", True),
        ("go build -o /app .", True),
        ("|1 VERSION=1 /bin/sh -c go build .", True),
        ("COPY go.mod ./ # buildkit", False),
        ("/bin/sh -c #(nop) COPY file:abc in /app ", False),
        ("ADD app.tar / # buildkit", False),
        ("WORKDIR /src", False),
        ("", False),
    ],
)
def test_records_of_every_builder_are_told_apart(record: str, run: bool) -> None:
    assert is_run(record) is run
