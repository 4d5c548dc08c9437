"""Each text is what a real engine said of that fault."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.condition import parse_condition
from tutor.core.lesson import Hint, Lesson

NO_SHELL = (
    "OCI runtime create failed: runc create failed: unable to start container process: exec: "
    '"/bin/sh": stat /bin/sh: no such file or directory: unknown'
)
MISSPELT = [
    "invalid from flag value biulder: dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host",
    "invalid from flag value bulider: pull access denied for bulider, repository does not exist",
    "biulder: failed to resolve source metadata for docker.io/library/biulder:latest: failed to do request",
]
MISSING = [
    "COPY failed: stat src/app: file does not exist",
    "COPY failed: file not found in build context or excluded by .dockerignore: stat nope: …",
    'failed to compute cache key: "/src/app" not found: not found',
    'failed to calculate checksum of ref 7f3c: "/src/app": not found',
]
EMPTY_RUN = [NO_SHELL, "executor failed running [/bin/sh -c apk add bash]: exit code: 1"]
NOT_STARTED = [
    "exec /app: no such file or directory",
    'exec: "/server": stat /server: no such file or directory: unknown',
    'exec: "/app": permission denied: unknown',
    "No command specified",
]
NO_ANSWER = [
    "connection refused",
    "connection reset (nothing answers on port 8080 inside the container)",
    "timed out after 2 s waiting for an answer",
]
COMPILER = [
    "./main.go:78:38: undefined: newHandler",
    "undefined: newHandler The command '/bin/sh -c CGO_ENABLED=0 go build .' returned a non-zero code: 1",
]

CASES: list[tuple[str, Mapping[str, object], str]] = [
    *(("two-stages", {"build": "failed", "build.error": text}, "misspelt-stage") for text in MISSPELT),
    *(("two-stages", {"build": "failed", "build.error": text}, "file-missing") for text in MISSING),
    *(("two-stages", {"build": "failed", "build.error": text}, "run-in-empty") for text in EMPTY_RUN),
    *(("two-stages", {"build": "failed", "build.error": text}, "build-fails") for text in COMPILER),
    ("two-stages", {"container.error": NO_SHELL}, "shell-form"),
    *(("two-stages", {"container.error": text}, "does-not-start") for text in NOT_STARTED),
    *(("two-stages", {"probe.error": text}, "no-answer") for text in NO_ANSWER),
    (
        "two-stages",
        {"container.error": NOT_STARTED[0], "evidence.elf.interpreter": "/lib64/ld-linux-x86-64.so.2"},
        "needs-a-loader",
    ),
    ("two-stages", {"check.only-the-program": "failed"}, "too-much-inside"),
    ("two-stages", {"check.under-a-tenth": "failed"}, "too-big"),
    ("two-stages", {}, "where-to-begin"),
    *(("one-big-image", {"build": "failed", "build.error": text}, "source-missing") for text in COMPILER),
    *(("one-big-image", {"build": "failed", "build.error": text}, "copy-missing") for text in MISSING),
    *(("one-big-image", {"container.error": text}, "does-not-start") for text in NOT_STARTED[:3]),
    *(("one-big-image", {"probe.error": text}, "no-answer") for text in NO_ANSWER),
    ("one-big-image", {"check.root-answers": "failed"}, "answers-differ"),
    ("one-big-image", {}, "first-steps"),
]

GO_BUILD = "RUN go build: exit code: 1"
NO_USER = "unable to find user nonroot: no matching entries in passwd file"
PIE = "exec /app: no such file or directory"
CASES += [
    ("static-linking", {"build": "failed", "build.error": f"{said}\n{GO_BUILD}"}, "compiler-wanted")
    for said in (
        'cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH',
        "loadinternal: cannot find runtime/cgo",
    )
]
CASES += [
    ("static-linking", {"container.error": PIE}, "still-asks-for-a-loader"),
    ("static-linking", {"container.error": NOT_STARTED[1]}, "does-not-start"),
    (
        "static-linking",
        {"check.static": "failed", "evidence.elf.interpreter": "/lib64/ld-linux-x86-64.so.2"},
        "a-loader-is-named",
    ),
    ("static-linking", {"check.only-the-program": "failed"}, "too-much-inside"),
    ("static-linking", {}, "first-look"),
    *(
        ("stripping", {"build": "failed", "build.error": f"{said}\n{GO_BUILD}"}, hint_id)
        for said, hint_id in (
            ("flag provided but not defined: -s", "unknown-flag"),
            ("usage: compile [options] file.go...", "unknown-flag"),
            ("/bin/sh: strip: not found", "no-strip-here"),
            ("sh: 1: strip: not found", "no-strip-here"),
            ("./main.go:78:38: undefined: newHandler", "build-fails"),
        )
    ),
    ("stripping", {"check.stripped": "failed", "evidence.elf.has_symbol_table": True}, "symbols-left"),
    ("stripping", {"check.stripped": "failed", "evidence.elf.has_symbol_table": False}, "not-stripped"),
    ("stripping", {"check.within-par": "failed"}, "over-par"),
    ("stripping", {}, "two-run-lines"),
    *(("inside-scratch", {"build": "failed", "build.error": text}, "run-in-empty") for text in [NO_SHELL]),
    ("inside-scratch", {"container.error": NO_SHELL}, "shell-form"),
    (
        "inside-scratch",
        {"container.error": 'exec: "app": executable file not found in $PATH: unknown'},
        "not-in-path",
    ),
    ("inside-scratch", {"container.error": NOT_STARTED[2]}, "does-not-start"),
    ("inside-scratch", {"check.fetched": "failed"}, "another-program-fetched"),
    *(
        ("what-scratch-lacks", {"probe.error": said}, hint_id)
        for said, hint_id in (
            ("tls: x509: certificate signed by unknown authority", "unknown-authority"),
            ("unknown time zone Asia/Tokyo", "unknown-zone"),
            ("open /tmp/service-3296994858: no such file or directory", "no-temp"),
            ("open /tmp/service-3296994858: permission denied", "no-temp"),
            ("user: unknown userid 0", "unknown-user"),
        )
    ),
    ("what-scratch-lacks", {"container.error": NO_USER}, "does-not-start"),
    *(("what-scratch-lacks", {"build": "failed", "build.error": text}, "copy-missing") for text in MISSING),
    ("what-scratch-lacks", {"check.https-works": "failed"}, "doors-closed"),
    ("attack-surface", {"container.error": NO_USER}, "user-not-found"),
    ("attack-surface", {"container.error": "exec /app: permission denied: unknown"}, "may-not-execute"),
    ("attack-surface", {"container.error": "open /state/started: read-only file system"}, "needs-to-write"),
    ("attack-surface", {"check.user-by-number": "failed", "evidence.config.user": ""}, "still-root"),
    ("attack-surface", {"check.user-by-number": "failed", "evidence.config.user": "app"}, "user-is-a-name"),
    ("attack-surface", {}, "three-things"),
]  # fmt: skip


def chosen(lesson: Lesson, facts: Mapping[str, object]) -> Hint:
    ladders = sorted(lesson.hints, key=lambda hint: not parse_condition(hint.when).is_narrow)
    return next(hint for hint in ladders if parse_condition(hint.when).holds(facts))


@pytest.mark.parametrize(("name", "facts", "hint_id"), CASES)
def test_hint_fits_the_failure_that_was_seen(name: str, facts: Mapping[str, object], hint_id: str) -> None:
    assert chosen(load_course(*shipped_folders()).find(name), facts).id == hint_id
