"""Checks on an image's configuration."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tutor.grading.rule import Case, Finding, Params, failed, passed, rule, unknown
from tutor.grading.subject import image_of, tag_of, why_no_image
from tutor.grading.words import excerpt, listed

_CONFIG = "image configuration"


@rule(
    title="It runs as a user with a number, not as root",
    why="A number needs no /etc/passwd, and an orchestrator can see that it is not root.",
    next_step="Write USER 65532:65532 in the last stage.",
    subjects=("image",),
)
def user_is_numeric_non_root(case: Case[Params]) -> Finding:
    """USER is a number other than 0. Read from the image, wherever it was set."""
    expected = "USER is a number, and not 0."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    user = image.config.user
    name = user.partition(":")[0]
    if not name:
        return failed(expected, "The image names no user, so it runs as root.", _CONFIG)
    if not (name.isascii() and name.isdigit()):
        return failed(
            expected,
            f'It runs as "{excerpt(user, 40)}", a name.',
            _CONFIG,
            why="What a name means stands in the image's /etc/passwd. That it is not root cannot be seen.",
        )
    if int(name) == 0:
        return failed(expected, f"It runs as {user}: that is root.", _CONFIG)
    return passed(expected, f"It runs as {user}.", _CONFIG)


class Exposed(Params, frozen=True):
    """Parameters of port_is_exposed."""

    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="The port; without it, the one that the service is asked on."),
    ] = None


@rule(
    title="The image says which port it listens on",
    why="EXPOSE opens nothing. It tells people and programs where to ask.",
    next_step="Write EXPOSE in the last stage, with the port that the service listens on.",
    subjects=("image",),
)
def port_is_exposed(case: Case[Exposed]) -> Finding:
    """EXPOSE names the port, and, where the container runs, the service listens on it."""
    tag = tag_of(case.spec)
    container = case.evidence.containers.get(tag)
    port = case.params.port or (container.port if container is not None else 8080)
    expected = f"The image exposes port {port}."
    image = image_of(case.evidence, case.spec)
    if image is None:
        return unknown(expected, why_no_image(case.evidence, case.spec))
    ports = image.config.exposed_ports
    if f"{port}/tcp" not in ports:
        return failed(expected, f"It exposes {listed(ports)}." if ports else "It exposes no port.", _CONFIG)
    if container is not None and container.state.is_running and container.listeners:
        heard = sorted({listener.port for listener in container.listeners})
        if port not in heard:
            return failed(
                expected,
                f"It exposes {port}, and the service listens on {listed([str(each) for each in heard])}.",
                "running container",
                why="EXPOSE is a note, and this one is wrong.",
            )
    return passed(expected, f"It exposes {listed(ports)}.", _CONFIG)
