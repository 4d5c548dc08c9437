from __future__ import annotations

import pytest

from tutor.core.base import BasePlan, normalised
from tutor.core.image import ContainerState, ElfFacts, ImageConfig, Listener


@pytest.mark.parametrize(
    ("facts", "static", "stripped"),
    [
        (ElfFacts("x86-64", "EXEC"), True, True),
        (ElfFacts("x86-64", "DYN", interpreter="/lib64/ld-linux-x86-64.so.2"), False, True),
        (ElfFacts("x86-64", "DYN", needed=("libc.so.6",)), False, True),
        (ElfFacts("x86-64", "EXEC", has_symbol_table=True), True, False),
        (ElfFacts("x86-64", "EXEC", has_debug_sections=True), True, False),
    ],
)
def test_static_and_stripped_are_read_from_the_file_itself(
    facts: ElfFacts, static: bool, stripped: bool
) -> None:
    assert (facts.is_static, facts.is_stripped) == (static, stripped)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.0.0.53", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_a_loopback_listener_is_told_from_an_open_one(address: str, loopback: bool) -> None:
    assert Listener(address, 8080).is_loopback is loopback


def test_what_starts_is_the_entry_point_and_then_the_command() -> None:
    config = ImageConfig(entrypoint=("/app",), command=("-port", "8080"))
    assert config.start_command == ("/app", "-port", "8080")


def test_only_a_running_container_runs() -> None:
    states = [ContainerState(status).is_running for status in ("created", "running", "exited", "gone")]
    assert states == [False, True, False, False]


def test_a_base_is_obtained_the_cheapest_way_first() -> None:
    assert BasePlan("golang:1.21-alpine", 7, "", True, "", 9).ways == ("kit", "pull", "stand-in")
    assert BasePlan("golang:1.21-alpine", 0, "", False).ways == ("pull",)
    assert BasePlan("golang:1.21-alpine").ways == ()


def test_one_image_of_docker_hub_has_one_name() -> None:
    names = ("golang", "golang:latest", "docker.io/golang:latest", "docker.io/library/golang")
    assert {normalised(name) for name in names} == {"golang:latest"}
    assert normalised("registry.example:5000/golang") == "registry.example:5000/golang:latest"
