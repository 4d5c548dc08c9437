from __future__ import annotations

from pathlib import Path

import pytest

from tutor.core.redaction import Redaction

MASK = Redaction.of({"USER": "annette"}, Path("/home/annette"), "lab-7.example.org")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("open /home/annette/x", "open ~/x"),
        ("/home/annettes/x", "/home/annettes/x"),
        ("annette@lab-7:~$", "user@host:~$"),
        ("docker pull registry.corp.example:5000/team/base:1.2", "docker pull registry/team/base:1.2"),
        ("FROM ghcr.io/o/n:1", "FROM ghcr.io/o/n:1"),
        ("FROM golang:1.21-alpine AS builder", "FROM golang:1.21-alpine AS builder"),
        ("https://bob:pa55@example.org/x", "https://…@example.org/x"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123", "token …"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("API_KEY=0123456789abcdef", "API_KEY=…"),
        ('PASSWORD="correct horse battery"', "PASSWORD=…"),
        ("curl -i http://127.0.0.1:49154/health", "curl -i http://127.0.0.1:49154/health"),
        ("docker build -t fromscratch/demo-two-stages:multi .",) * 2,
    ],
)
def test_what_is_private_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert MASK(text) == shown


def test_the_user_root_and_the_host_localhost_hide_nothing() -> None:
    mask = Redaction.of({"USER": "root"}, Path("/root"), "localhost")
    assert mask("USER root on localhost") == "USER root on localhost"
