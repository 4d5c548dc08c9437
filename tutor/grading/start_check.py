"""Checks on how an image starts."""

from __future__ import annotations

from tutor.core.evidence import ContainerEvidence
from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.start_fault import explain_start_fault, is_ours
from tutor.grading.subject import image_of, tag_of, why_no_image
from tutor.grading.words import excerpt, listed


@rule(
    title="The container starts and stays up",
    why="A service is a program that keeps running. A container ends when its program does.",
    next_step="Read the container's log, and compare ENTRYPOINT with where the program lies.",
    subjects=("container", "image"),
)
def container_starts(case: Case[Params]) -> Finding:
    """The image's program starts and is still running when the endpoints have been asked."""
    expected = "The container starts and keeps running."
    tag = tag_of(case.spec)
    container = case.evidence.containers.get(tag)
    image = case.evidence.images.get(tag)
    if container is None:
        reason = "It was not run." if image is not None else why_no_image(case.evidence, case.spec)
        return unknown(expected, reason)
    if container.state.is_running:
        return passed(expected, _running(container))
    if container.state.status == "gone":
        return unknown(expected, "The container was removed from outside while it was looked at.")
    if is_ours(container.state.error):
        return unknown(
            expected,
            f"The engine could not run it: {excerpt(container.state.error, 320)}",
            next_step="Mend the engine's fault (fromscratch doctor helps), then run the checkpoint again.",
        )
    fault = explain_start_fault(container, image)
    command = " ".join(image.config.start_command) if image is not None else ""
    where = f"start of {excerpt(command, 80)}" if command else "start of the container"
    return failed(expected, fault.actual, where, why=fault.why, next_step=fault.next_step)


def _running(container: ContainerEvidence) -> str:
    if container.listeners:
        ports = sorted({(listener.port, listener.is_loopback) for listener in container.listeners})
        words = [f"port {port}{' (from within only)' if inside else ''}" for port, inside in ports]
        return f"It runs, and listens on {listed(words)}."
    return "It runs."


@rule(
    title="The program is started without a shell",
    why="The shell form needs /bin/sh in the image, and the shell gets the signals.",
    next_step='Write the command as a list in double quotes: ENTRYPOINT ["/app"].',
    subjects=("image",),
)
def entry_point_is_exec_form(case: Case[Params]) -> Finding:
    """ENTRYPOINT and CMD are lists, so that the program is started itself. Read from the image."""
    expected = "ENTRYPOINT or CMD is a list that names the program itself."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    command = image.config.start_command
    shown = ", ".join(f'"{part}"' for part in command)
    if not command:
        return failed(expected, "The image names nothing to start.", "image configuration")
    if len(command) > 1 and command[0].rpartition("/")[2] in ("sh", "ash", "bash") and command[1] == "-c":
        if command[-1].lstrip().startswith("["):
            return failed(
                expected,
                f"The image starts [{excerpt(shown)}]: the brackets were taken for a shell's line.",
                "image configuration",
                why="The list is JSON, which knows double quotes only.",
            )
        return failed(expected, f"The image starts a shell: [{excerpt(shown)}].", "image configuration")
    return passed(expected, f"It starts [{excerpt(shown)}].", "image configuration")
