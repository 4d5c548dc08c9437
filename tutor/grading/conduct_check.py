"""Checks on how a container behaves: locked down, asked for its health, told to stop."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.core.evidence import ContainerEvidence
from tutor.grading.rule import Case, Finding, Params, failed, not_tried, passed, rule, unknown
from tutor.grading.start_fault import explain_start_fault, is_ours
from tutor.grading.subject import image_of, why_no_image
from tutor.grading.words import excerpt, listed

_RUNS = ("image_builds", "container_starts")


class LockedDownPaths(Params, frozen=True):
    """Parameters of runs_locked_down."""

    paths: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Paths that still have to answer 200.")
    ] = ("/", "/health")


@rule(
    title="It runs with a read-only root and no capabilities",
    why="A service that needs to write nowhere and may do nothing special gives an attacker little.",
    next_step="Read the container's log: it says what the program wanted to write or to do.",
    subjects=("image", "container"),
    after=_RUNS,
)
def runs_locked_down(case: Case[LockedDownPaths]) -> Finding:
    """Started with a read-only root and without any capability, it still answers."""
    expected = f"With a read-only root and no capabilities, {listed(case.params.paths)} still answer 200."
    trial = case.evidence.trials.locked_down
    if trial is None:
        return not_tried(case, "locked_down", expected)
    where = "container with --read-only --cap-drop ALL"
    if not trial.state.is_running:
        if is_ours(trial.state.error):
            return unknown(expected, f"The engine could not run it: {excerpt(trial.state.error)}", where)
        image = image_of(case.evidence, case.spec)
        fault = explain_start_fault(ContainerEvidence(trial.state, 0, trial.log), image)
        return failed(expected, f"It does not keep running. {fault.actual}", where, why=fault.why)
    for path in case.params.paths:
        answer = next((each for each in trial.exchanges if each.path == path), None)
        if answer is None:
            return unknown(expected, f"{path} was not asked.", where)
        if answer.status != 200:
            told = answer.error or f"it answers {answer.status}: {excerpt(answer.body, 120)}"
            return failed(expected, f"{path}: {excerpt(told)}", where)
    return passed(expected, f"It runs, and answers on {listed(case.params.paths)}.", where)


@rule(
    title="Its health check passes",
    why="Whoever runs the container learns from it whether the service works.",
    next_step='Let the program check itself: HEALTHCHECK CMD ["/app", "-healthcheck"].',
    subjects=("image", "container"),
    after=_RUNS,
)
def healthcheck_passes(case: Case[Params]) -> Finding:
    """The HEALTHCHECK's command ends with 0 beside the service, and with another code where none runs."""
    expected = "The image has a HEALTHCHECK, and its command ends with exit code 0 while the service is well."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    trial = case.evidence.trials.health
    if trial is None:
        return not_tried(case, "health", expected)
    if not trial.argv:
        test = image.config.healthcheck.test if image.config.healthcheck else ()
        said = "It says HEALTHCHECK NONE." if test[:1] == ("NONE",) else "The image has no HEALTHCHECK."
        return failed(expected, said, "image configuration")
    command = excerpt(" ".join(trial.argv), 100)
    where = f"in the container: {command}"
    if trial.result is None:
        ended = trial.before is not None and not trial.before.is_running
        reason = "The container had ended before it could be asked." if ended else "It was not run."
        return failed(expected, reason, where) if ended else unknown(expected, reason, where)
    if trial.result.error:
        why = "There is no shell in the image, and none is needed." if "/bin/sh" in trial.argv[0] else ""
        return failed(expected, f"It cannot be run: {excerpt(trial.result.error)}", where, why=why)
    if trial.result.exit_code != 0:
        said = f": {excerpt(trial.result.output)}" if trial.result.output.strip() else "."
        return failed(expected, f"It ends with exit code {trial.result.exit_code}{said}", where)
    if trial.alone is None:
        return unknown(expected, "It was not tried without the service.", where)
    if is_ours(trial.alone.error):
        return unknown(expected, f"It could not be tried alone: {excerpt(trial.alone.error)}", where)
    if trial.alone.exit_code == 0 and not trial.alone.is_running:
        return failed(
            "With no service running, the command of HEALTHCHECK ends with another code than 0.",
            "It ends with exit code 0 where no service runs, too: it says healthy whatever happens.",
            f"alone in a container: {command}",
            why="A check that cannot fail tells nothing: a service that hangs stays in use.",
            next_step="Ask the service itself, and end with 1 when it does not answer.",
        )
    return passed(expected, "It ends with exit code 0, and not where no service runs.", where)


class Drained(Params, frozen=True):
    """Parameters of requests_are_drained."""

    path: Annotated[str, Meta(pattern="^/", description="A path whose answer takes a second or more.")] = (
        "/slow?for=2s"
    )


@rule(
    title="Running requests are finished before it stops",
    why="At every new version the old one is told to stop, and someone is always being served.",
    next_step="Start the program itself, as the first process, and let it wait for running requests.",
    subjects=("image", "container"),
    after=_RUNS,
)
def requests_are_drained(case: Case[Drained]) -> Finding:
    """Told to stop while a slow request runs, it answers that request and ends with exit code 0."""
    expected = f"Told to stop during {case.params.path}, it answers 200, then ends with exit code 0."
    trial = case.evidence.trials.drain
    if trial is None:
        return not_tried(case, "drain", expected)
    where = f"stop signal during GET {case.params.path}"
    if trial.exchange is None:
        return failed(expected, "The container had ended before it could be asked.", where)
    code = trial.state.exit_code
    took = f"It ended after {trial.elapsed_seconds:.1f} s with exit code {code}."
    if trial.exchange.status is None:
        return failed(expected, f"The request was cut: {excerpt(trial.exchange.error, 100)}. {took}", where)
    if trial.exchange.status != 200 or trial.exchange.error:
        told = trial.exchange.error or excerpt(trial.exchange.body, 80)
        return failed(expected, f"The request got {trial.exchange.status} ({told}). {took}", where)
    if code == 137:
        return failed(
            expected,
            f"The request was answered, and then it had to be killed. {took}",
            where,
            why="A program that does not end by itself is killed after a while, whatever it was doing.",
            next_step="See that the signal reaches the program: exec form, no shell before it.",
        )
    if code != 0:
        return failed(expected, f"The request was answered. {took}", where)
    return passed(expected, f"The request was answered. {took}", where)
