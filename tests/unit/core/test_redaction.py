from __future__ import annotations

from pathlib import Path

import pytest

from tutor.core.redaction import Redaction

MASK = Redaction.of(
    {"USER": "annette"}, Path("/home/annette"), "lab-7.example.org", ["hub.corp", "10.0.0.9:5000", "ghcr.io"]
)
LESSONS = Path(__file__).parents[3] / "lessons"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("open /home/annette/x", "open ~/x"),
        ("/home/annettes/x", "/home/annettes/x"),
        ("/home/annette/x and /home/annette", "~/x and ~"),
        ("annette@lab-7:~$", "user@host:~$"),
        ("annette@lab-7.example.org", "user@host"),
        ("/srv/annette-work/annette_2", "/srv/user-work/user_2"),
        ("docker pull registry.corp.example:5000/team/base:1.2", "docker pull registry/team/base:1.2"),
        ("FROM registry.corp.example/team/base AS builder", "FROM registry/team/base AS builder"),
        ("FROM --platform=linux/amd64 registry:5000/base", "FROM --platform=linux/amd64 registry/base"),
        ("COPY --from=registry.corp.example/base /a /a", "COPY --from=registry/base /a /a"),
        ("docker login registry.corp.example", "docker login registry"),
        (
            'Get "https://registry.corp.example:5000/v2/": no such host',
            'Get "https://registry/v2/": no such host',
        ),
        ("lookup hub.corp on 10.1.1.1:53", "lookup registry on 10.1.1.1:53"),
        ("pulling from 10.0.0.9:5000/a, hub.corp.", "pulling from registry/a, registry."),
        ("FROM ghcr.io/o/n:1", "FROM ghcr.io/o/n:1"),
        ("COPY --from=builder /app /app", "COPY --from=builder /app /app"),
        ("FROM debian:12 AS builder", "FROM debian:12 AS builder"),
        ("COPY --from=alpine:3 /bin/sh /", "COPY --from=alpine:3 /bin/sh /"),
        ("docker run -p 127.0.0.1:8080:8080 alpine:3", "docker run -p 127.0.0.1:8080:8080 alpine:3"),
        ("COPY --from=2 /app /app", "COPY --from=2 /app /app"),
        ("FROM golang:1.21-alpine AS builder", "FROM golang:1.21-alpine AS builder"),
        ("https://bob:pa55@example.org/x", "https://…@example.org/x"),
        ("https://bob:pw@git.corp.lan", "https://…@host"),
        ("https://bob:pw@git.corp.lan:8443/a.git", "https://…@host/a.git"),
        ("https://bob@github.com/o/n", "https://…@github.com/o/n"),
        ("RUN echo registry.corp.example:5000/team/app", "RUN echo registry/team/app"),
        ("pushed to registry:5000/team/app.", "pushed to registry/team/app."),
        ("10.1.2.3:5000/team/app", "registry/team/app"),
        ("curl https://registry.corp.example:5000/x", "curl https://registry/x"),
        ("docker build -t hub.lan.example/a/b .", "docker build -t registry/a/b ."),
        ("docker run --rm -p 80:80 hub.lan.example/a/b", "docker run --rm -p 80:80 registry/a/b"),
        ("docker tag a/b hub.lan.example/a/b", "docker tag a/b registry/a/b"),
        ("pull access denied for hub.lan.example/a/b, or", "pull access denied for registry/a/b, or"),
        ("refers to repository [hub.lan.example/a/b]", "refers to repository [registry/a/b]"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123", "token …"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("API_KEY=0123456789abcdef", "API_KEY=…"),
        ('PASSWORD="correct horse battery"', "PASSWORD=…"),
        ("password=hunter2", "password=…"),
        ("--build-arg TOKEN=$TOKEN", "--build-arg TOKEN=$TOKEN"),
        ("curl -i http://127.0.0.1:49154/health", "curl -i http://127.0.0.1:49154/health"),
        ("docker build -t fromscratch/demo-two-stages:multi .",) * 2,
        ("http://127.0.0.1:8080/health",) * 2,
        ("localhost:8080/health",) * 2,
        ("curl http://host.docker.internal:8080/health",) * 2,
        ("import net/http and golang.org/x/text v0.3.7",) * 2,
        ("go: downloading google.golang.org/grpc v1.60.0",) * 2,
        ("go: gopkg.in/yaml.v3@v3.0.1: Get",) * 2,
        ('Get "https://proxy.golang.org:443/x": no such host',) * 2,
        ("github.com/o/n/main.go:12 +0x1d",) * 2,
        ("rsc.io/quote/quote.go:12: hello",) * 2,
        ("our.own.example/n/quote.go:12: hello",) * 2,
        ("main.go:12/x",) * 2,
        ("docker.io/library/golang:1.21-alpine",) * 2,
        ("registry.k8s.io/pause:3.9",) * 2,
        ("EXPOSE 8080/tcp, app:8080/tcp, 0.0.0.0:49154->8080/tcp",) * 2,
        ("step 12:30/40 of 65532:65532/a",) * 2,
        ("COPY sub.dir/Dockerfile conf.d/app.conf /etc/",) * 2,
        ("docker build -f sub.dir/Dockerfile .",) * 2,
        ("docker run -v /srv/a.conf/x:/x alpine:3",) * 2,
    ],
)
def test_what_is_private_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert MASK(text) == shown


def test_the_user_root_and_the_host_localhost_hide_nothing() -> None:
    mask = Redaction.of({"USER": "root"}, Path("/root"), "localhost")
    assert mask("USER root on localhost") == "USER root on localhost"


@pytest.mark.parametrize("file", sorted(LESSONS.glob("*/lesson.md")), ids=lambda file: file.parent.name)
def test_no_word_of_a_lesson_is_hidden(file: Path) -> None:
    text = file.read_text("utf-8")
    assert MASK(text) == text


@pytest.mark.parametrize("user", ["demo", "builder", "runner"])
def test_a_user_whose_name_is_a_word_of_the_lessons_hides_none_of_them(user: str) -> None:
    mask = Redaction.of({"USER": user}, Path("/home") / user, "lab-7")
    text = "docker build -t fromscratch/demo-two-stages:multi --target builder ."
    assert mask(text) == text
    assert mask(f"/home/{user}/x") == "~/x"
