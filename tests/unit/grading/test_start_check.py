from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.grading.evidence_value import DYNAMIC, STATIC, TAG, ended, entry, final, good, running, spec
from tutor.core.evidence import ContainerEvidence, ImageEvidence
from tutor.core.image import ContainerState, ImageConfig, Listener
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS

NO_SUCH_FILE = "exec /app: no such file or directory"
NO_SHELL = (
    "OCI runtime create failed: runc create failed: unable to start container process: "
    'exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown'
)
OLD_RUNC = "standard_init_linux.go:228: exec user process caused: no such file or directory"


def starts(container: ContainerEvidence | None, image: ImageEvidence | None = None) -> Verdict:
    containers = {TAG: container} if container is not None else {}
    evidence = good(containers=containers, images={TAG: image or final()})
    return CHECKS["container_starts"](evidence, spec("container_starts", f"container.{TAG}"))


def test_a_running_container_passes_and_says_where_it_listens() -> None:
    verdict = starts(running(Listener("::", 8080)))
    assert verdict.outcome is Outcome.PASSED
    assert verdict.actual == "It runs, and listens on port 8080."


def test_a_port_that_only_the_container_reaches_is_told() -> None:
    assert "port 9000 (from within only)" in starts(running(Listener("127.0.0.1", 9000))).actual


def test_a_running_container_passes_where_listeners_cannot_be_told() -> None:
    assert starts(running()).outcome is Outcome.PASSED


@pytest.mark.parametrize("on", [f"image.{TAG}", f"container.{TAG}"])
def test_image_and_container_name_the_same_run(on: str) -> None:
    assert CHECKS["container_starts"](good(), spec("container_starts", on)).outcome is Outcome.PASSED


@pytest.mark.parametrize("text", [NO_SUCH_FILE, OLD_RUNC])
def test_a_missing_loader_is_explained_and_not_taken_for_a_missing_file(text: str) -> None:
    verdict = starts(ended(text), final(elf=DYNAMIC))
    assert verdict.outcome is Outcome.FAILED
    assert "no such file or directory" in verdict.actual
    assert "/app is there" in verdict.why
    assert "/lib64/ld-linux-x86-64.so.2" in verdict.why
    assert "CGO_ENABLED=0" in verdict.next_step
    assert verdict.where == "start of /app"


def test_the_kernels_refusal_is_found_in_the_log_too() -> None:
    verdict = starts(ended("", 255, NO_SUCH_FILE), final(elf=DYNAMIC))
    assert "the loader it asks for" in verdict.why


def test_a_missing_program_is_told_with_what_is_there() -> None:
    image = final(config=ImageConfig(entrypoint=("/bin/server",)), entrypoint_path="", elf=None)
    text = 'exec: "/bin/server": stat /bin/server: no such file or directory: unknown'
    verdict = starts(ended(text, 127), image)
    assert verdict.why == "There is no /bin/server in the image. The image holds /app."


def test_a_bare_name_is_told_to_be_looked_for_in_path() -> None:
    image = final(config=ImageConfig(command=("app",)), entrypoint_path="", elf=None)
    verdict = starts(ended('exec: "app": executable file not found in $PATH: unknown', 127), image)
    assert "no slash" in verdict.why
    assert "whole path" in verdict.next_step


def test_the_shell_form_on_scratch_is_explained() -> None:
    image = final(config=ImageConfig(entrypoint=("/bin/sh", "-c", "/app")), entrypoint_path="", elf=None)
    verdict = starts(ended(NO_SHELL, 127), image)
    assert "no shell" in verdict.why
    assert 'ENTRYPOINT ["/app"]' in verdict.next_step


def test_a_list_in_single_quotes_is_explained() -> None:
    image = final(config=ImageConfig(command=("/bin/sh", "-c", "['/app']")), entrypoint_path="", elf=None)
    assert "double quotes only" in starts(ended(NO_SHELL, 127), image).why


def test_a_script_without_its_interpreter_is_explained() -> None:
    image = final(
        files=(entry("/app", mode=0o755, content="script"),),
        elf=None,
    )
    assert "is a script" in starts(ended(NO_SUCH_FILE), image).why


def test_another_machine_is_named() -> None:
    image = final(elf=replace(STATIC, machine="aarch64"))
    verdict = starts(ended("exec /app: exec format error"), image)
    assert "made for aarch64, and the image says x86-64" in verdict.why
    assert "GOARCH" in verdict.next_step


def test_a_program_for_the_images_machine_on_another_engine_is_told() -> None:
    assert "another kind of machine" in starts(ended("exec /app: exec format error")).why


def test_a_file_that_is_no_program_is_told() -> None:
    verdict = starts(ended("exec /app: exec format error"), final(elf=None))
    assert "neither a compiled program nor a script" in verdict.why


def test_a_program_that_may_not_be_executed_shows_its_mode() -> None:
    image = final(files=(entry("/app", mode=0o644, content="elf"),))
    verdict = starts(ended('exec: "/app": permission denied: unknown', 126), image)
    assert "mode 0644" in verdict.why
    assert "--chmod" in verdict.next_step


def test_a_folder_that_may_not_be_entered_is_told() -> None:
    assert "enter a folder" in starts(ended('exec: "/app": permission denied: unknown', 126)).why


def test_no_command_is_explained() -> None:
    image = final(config=ImageConfig(), entrypoint_path="", elf=None)
    verdict = starts(ended("Error response from daemon: No command specified", None), image)
    assert "do not carry over" in verdict.why
    assert "ENTRYPOINT" in verdict.next_step
    assert verdict.where == "start of the container"


@pytest.mark.parametrize(
    "text",
    ["unable to find user app: no matching entries in passwd file", "no matching entries in group file"],
)
def test_a_user_without_a_passwd_file_is_explained(text: str) -> None:
    assert "USER 65532" in starts(ended(text, None)).next_step


def test_too_little_memory_is_told() -> None:
    assert "more memory" in starts(ended("", 137, out_of_memory=True)).actual


def test_a_program_that_ends_by_itself_is_told_with_its_last_word() -> None:
    verdict = starts(ended("", 0, "go version go1.21.13 linux/amd64"))
    assert verdict.outcome is Outcome.FAILED
    assert 'Its log says: "go version go1.21.13 linux/amd64".' in verdict.actual
    assert "lives as long as its program" in verdict.why


def test_a_panic_is_quoted_rather_than_the_last_line_of_its_trace() -> None:
    verdict = starts(ended("", 2, "starting", "panic: no port", "goroutine 1 [running]:", "main.go:12"))
    assert 'exit code 2. Its log says: "panic: no port".' in verdict.actual


def test_a_silent_end_is_told() -> None:
    assert "wrote nothing to its log" in starts(ended("", 3)).actual


def test_a_refusal_in_the_log_of_a_running_program_is_not_its_start() -> None:
    log = ("a", "b", "c", "open /etc/x: no such file or directory")
    verdict = starts(ended("", 1, *log))
    assert verdict.actual.startswith("It started, and ended")


def test_an_unknown_text_is_shown_as_it_is() -> None:
    assert "something quite new" in starts(ended("something quite new")).actual


@pytest.mark.parametrize(
    "text",
    [
        "driver failed: Bind for 127.0.0.1:80 failed: port is already allocated",
        "write /var/lib/docker/x: no space left on device",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock",
    ],
)
def test_a_fault_of_the_engine_is_not_the_learners(text: str) -> None:
    verdict = starts(ended(text, None))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "doctor" in verdict.next_step


def test_a_container_that_was_removed_from_outside_is_not_the_learners() -> None:
    assert starts(ContainerEvidence(ContainerState("gone"), 8080)).outcome is Outcome.UNKNOWN


def test_a_container_that_was_never_run_is_unknown() -> None:
    assert starts(None).outcome is Outcome.UNKNOWN


class TestExecForm:
    def check(self, *entrypoint: str, command: tuple[str, ...] = ()) -> Verdict:
        image = final(config=ImageConfig(entrypoint=entrypoint, command=command))
        return CHECKS["entry_point_is_exec_form"](good(images={TAG: image}), spec("entry_point_is_exec_form"))

    def test_a_list_passes(self) -> None:
        verdict = self.check("/app", command=("-v",))
        assert (verdict.outcome, verdict.actual) == (Outcome.PASSED, 'It starts ["/app", "-v"].')

    @pytest.mark.parametrize("shell", ["/bin/sh", "/bin/ash", "/bin/bash"])
    def test_a_shell_in_between_fails(self, shell: str) -> None:
        verdict = self.check(command=(shell, "-c", "/app"))
        assert verdict.outcome is Outcome.FAILED
        assert "starts a shell" in verdict.actual

    def test_single_quotes_are_explained(self) -> None:
        assert "double quotes only" in self.check(command=("/bin/sh", "-c", "['/app']")).why

    def test_nothing_to_start_fails(self) -> None:
        assert self.check().outcome is Outcome.FAILED

    def test_no_image_is_unknown(self) -> None:
        verdict = CHECKS["entry_point_is_exec_form"](good(images={}), spec("entry_point_is_exec_form"))
        assert verdict.outcome is Outcome.UNKNOWN
