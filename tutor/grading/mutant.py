"""Mistakes made on purpose: a right answer with one thing changed, and the check that has to catch it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tutor.core.lesson import CheckSpec

_LAST_FROM = re.compile(r"(?im)^FROM\s+\S+.*$")
_BUILD = re.compile(r"\bgo build\b")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to spoil a Dockerfile. ``caught_by`` names checks; the first that a lesson has counts."""

    name: str
    spoil: Callable[[str], str]
    caught_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A spoilt Dockerfile, and the check of this lesson that has to fail on it."""

    name: str
    dockerfile: str
    check_id: str


def _sub(pattern: str, by: str, count: int = 0) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, by, text, count=count, flags=re.IGNORECASE | re.MULTILINE)


def _at_the_end(line: str) -> Callable[[str], str]:
    """In the last stage, after all else: nothing that follows can take it back."""
    return lambda text: f"{text.rstrip()}\n{line}\n"


def _last_from(base: str) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        found = list(_LAST_FROM.finditer(text))
        if len(found) < 2 or "scratch" not in found[-1][0].lower():
            return text
        return f"{text[: found[-1].start()]}FROM {base}{text[found[-1].end() :]}"

    return spoil


def _one_stage(text: str) -> str:
    found = list(_LAST_FROM.finditer(text))
    return text[: found[1].start()] + 'ENTRYPOINT ["/bin/true"]\n' if len(found) > 1 else text


def _another_port(text: str) -> str:
    """Not where the start command itself sets the port: that would take it back."""
    if re.search(r"(?im)^(?:CMD|ENTRYPOINT)\s.*\bPORT=", text):
        return text
    return _at_the_end("ENV PORT=9321")(text)


def _shell_form(text: str) -> str:
    return re.sub(
        r'(?im)^(ENTRYPOINT|CMD)\s+\[\s*"([^"]+)"\s*\]\s*$', lambda match: f"{match[1]} {match[2]}", text
    )


def _stops_at_once(text: str) -> str:
    return re.sub(r'\s*,\s*"-drain(?:=[^"]*)?"(?:\s*,\s*"\d+\w+")?', "", text)


def _other_token(text: str) -> str:
    return re.sub(r"main\.token=[^\s\"']+", "main.token=somebody-elses", text)


def _stamped(text: str) -> str:
    stamp = (
        'printf \'package main\\nfunc init() { version = "%s" }\\n\' "$(date +%s%N)" > stamp.go && go build'
    )
    return _BUILD.sub(lambda _match: stamp, text, count=1)


MUTATIONS: tuple[Mutation, ...] = (
    Mutation("pie", _sub(r"\bgo build\b", "go build -buildmode=pie"), ("binary_is_static",)),
    Mutation("keeps-symbols", _sub(r"-s -w|-w -s|(?<=[\"'= ])-s(?=[\"' ])", "", 0), ("binary_is_stripped",)),
    Mutation("copies-from-nowhere", _sub(r"^(COPY\s+)--from=\S+\s+", r"\1"), ("image_builds",)),
    Mutation("misspelt-stage", _sub(r"--from=[a-z]\w*", "--from=biulder"), ("image_builds",)),
    Mutation("does-not-compile", _sub(r"\bgo build\b", "go build -no-such-flag", 1), ("image_builds",)),
    Mutation("ships-the-source", _at_the_end("COPY . /src/"), ("image_holds_only_allowed_files",)),
    Mutation(
        "ships-the-builder",
        _last_from("golang:1.21-alpine"),
        ("image_has_no_shell", "image_holds_only_allowed_files", "image_is_smaller_than_stage"),
    ),
    Mutation("listens-inward", _at_the_end("ENV LISTEN=127.0.0.1"), ("endpoint_answers",)),
    Mutation("another-port", _another_port, ("endpoint_answers",)),
    Mutation("shell-form", _shell_form, ("entry_point_is_exec_form",)),
    Mutation(
        "another-machine",
        _sub(r"\bgo build\b", "GOARCH=arm64 go build"),
        ("architecture_matches", "container_starts"),
    ),
    Mutation("starts-nothing", _sub(r"^(?:ENTRYPOINT|CMD)\s.*\n?", ""), ("container_starts",)),
    Mutation(
        "starts-another",
        _sub(r'^((?:ENTRYPOINT|CMD)\s*\[\s*")[^"]+', r"\1/no-such-program"),
        ("container_starts",),
    ),
    Mutation("root", _sub(r"^USER\s+.*$", "USER 0:0"), ("user_is_numeric_non_root",)),
    Mutation("nobody-in-particular", _sub(r"^USER\s+.*\n", ""), ("user_is_numeric_non_root",)),
    Mutation("exposes-another-port", _sub(r"^EXPOSE\s+.*$", "EXPOSE 9321"), ("port_is_exposed",)),
    Mutation("exposes-nothing", _sub(r"^EXPOSE\s+.*\n", ""), ("port_is_exposed",)),
    Mutation("no-download", _sub(r"^RUN\s+go mod download.*\n", ""), ("dependencies_come_before_source",)),
    Mutation(
        "source-first",
        _sub(r"^COPY\s+go\.(?:mod|\*).*$", "COPY . ./", 1),
        ("dependencies_come_before_source",),
    ),
    Mutation(
        "bears-the-time",
        _stamped,
        ("two_builds_agree",),
    ),
    Mutation("no-health-check", _sub(r"^HEALTHCHECK\s+.*(?:\\\n.*)*\n?", ""), ("healthcheck_passes",)),
    Mutation(
        "curls-itself",
        _sub(r"^HEALTHCHECK\s+.*$", "HEALTHCHECK CMD curl -f http://localhost:8080/health"),
        ("healthcheck_passes",),
    ),
    Mutation(
        "always-content",
        _sub(r'^(HEALTHCHECK\s.*)"-healthcheck"', r'\1"-h"'),
        ("healthcheck_passes",),
    ),
    Mutation("stops-at-once", _stops_at_once, ("requests_are_drained",)),
    Mutation("another-token", _other_token, ("binary_links_token",)),
    Mutation("one-stage", _one_stage, ("dockerfile_has_stages",)),
)


def mutants_of(dockerfile: str, specs: Sequence[CheckSpec]) -> Iterator[Mutant]:
    """The mutants of one right answer that some check of its lesson has to catch."""
    seen = {dockerfile}
    by_check: dict[str, str] = {}
    for spec in specs:
        by_check.setdefault(spec.check, spec.id)
    for mutation in MUTATIONS:
        caught_by = next((by_check[name] for name in mutation.caught_by if name in by_check), "")
        spoilt = mutation.spoil(dockerfile)
        if not caught_by or spoilt in seen:
            continue
        seen.add(spoilt)
        yield Mutant(mutation.name, spoilt, caught_by)
