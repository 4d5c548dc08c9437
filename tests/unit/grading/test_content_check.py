from __future__ import annotations

import pytest

from tests.unit.grading.evidence_value import TAG, entry, final, good, program, spec, with_final
from tutor.core.evidence import Evidence
from tutor.core.image import FileEntry, FileKind, ImageConfig
from tutor.core.verdict import Outcome, Verdict
from tutor.grading.check import CHECKS
from tutor.grading.recognition import compile_pattern

ALLOW = ["/etc/passwd", "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/**"]


def check(evidence: Evidence, allow: list[str] | None = None) -> Verdict:
    allowed = ALLOW if allow is None else allow
    return CHECKS["image_holds_only_allowed_files"](
        evidence, spec("image_holds_only_allowed_files", allow=allowed)
    )


def link(path: str, target: str, kind: FileKind = FileKind.SYMLINK) -> FileEntry:
    return FileEntry(path, kind, target=target, mode=0o777)


def test_the_program_alone_passes() -> None:
    verdict = check(good())
    assert verdict.outcome is Outcome.PASSED
    assert verdict.actual == "It holds 1 file: /app."


def test_what_the_list_allows_passes() -> None:
    extra = [
        entry("/etc/passwd"),
        entry("/usr/share/zoneinfo/Europe/Moscow"),
        FileEntry("/etc", FileKind.DIRECTORY),
        FileEntry("/var/empty", FileKind.DIRECTORY),
    ]
    assert check(with_final(*extra)).outcome is Outcome.PASSED


def test_a_file_that_is_not_on_the_list_is_named_with_its_layer() -> None:
    verdict = check(with_final(entry("/etc/motd", 12)))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == (
        "It holds 1 file more (12 bytes): files that are not on the lesson's list (/etc/motd)."
    )
    assert verdict.where == "layer 1: /etc/motd"


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        (entry("/bin/sh", content="elf", mode=0o755), "a shell"),
        (link("/bin/sh", "/bin/busybox"), "a shell"),
        (entry("/bin/busybox", content="elf", mode=0o755), "a box of shell and tools"),
        (entry("/sbin/apk", content="elf", mode=0o755), "a package manager"),
        (entry("/usr/bin/apt-get", content="elf", mode=0o755), "a package manager"),
        (entry("/lib/apk/db/installed"), "a package manager"),
        (entry("/var/lib/dpkg/status"), "a package manager"),
        (entry("/usr/local/go/bin/gofmt", content="elf"), "the Go toolchain"),
        (entry("/usr/local/go/VERSION"), "the Go toolchain"),
        (entry("/usr/bin/gcc", content="elf", mode=0o755), "a compiler or build tool"),
        (entry("/gofmt", content="elf", mode=0o755), "a compiler or build tool"),
        (entry("/src/main.go"), "source code"),
        (entry("/src/go.mod"), "source code"),
        (entry("/root/.cache/go-build/00/abc-d"), "a build cache"),
        (entry("/go/pkg/mod/cache/x"), "a build cache"),
        (entry("/usr/bin/curl", content="elf", mode=0o755), "a tool"),
        (entry("/helper", content="elf"), "a program that the image does not start"),
        (entry("/start", content="script"), "a script"),
        (entry("/lib/ld-musl-x86_64.so.1", content="elf"), "a library or loader"),
        (entry("/.git/HEAD"), "a repository's own files"),
        (entry("/Dockerfile"), "a repository's own files"),
    ],
)
def test_what_is_too_much_is_called_what_it_is(extra: FileEntry, kind: str) -> None:
    verdict = check(with_final(extra))
    assert verdict.outcome is Outcome.FAILED
    assert f"{kind} ({extra.path})" in verdict.actual


def test_a_folder_of_notes_may_be_called_like_a_compiler() -> None:
    assert check(with_final(entry("/notes/go")), ["/notes/*"]).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "extra",
    [
        entry("/etc/ssl/certs/sh", content="elf", mode=0o755),
        entry("/etc/ssl/certs/ca.pem", content="elf"),
        entry("/etc/ssl/certs/run", content="script"),
        entry("/etc/ssl/certs/main.go"),
        link("/etc/ssl/certs/sh", "/elsewhere"),
    ],
)
def test_a_pattern_lets_no_program_and_no_source_through(extra: FileEntry) -> None:
    assert check(with_final(extra), ["/etc/**"]).outcome is Outcome.FAILED


def test_an_exact_path_lets_a_program_through() -> None:
    assert check(with_final(entry("/helper", content="elf")), ["/helper"]).outcome is Outcome.PASSED


def test_a_busybox_under_the_programs_name_is_not_the_program() -> None:
    image = final(programs=(program(looks_like="BusyBox"),))
    verdict = check(good(images={TAG: image}))
    assert verdict.outcome is Outcome.FAILED
    assert "a box of shell and tools (/app)" in verdict.actual


def test_a_shell_that_the_image_starts_is_still_a_shell() -> None:
    image = final(
        entry("/bin/sh", content="elf", mode=0o755),
        config=ImageConfig(command=("/bin/sh", "-c", "/app")),
        entrypoint_path="/bin/sh",
    )
    assert "a shell (/bin/sh)" in check(good(images={TAG: image})).actual


def test_a_hard_link_to_a_busybox_is_a_busybox() -> None:
    image = final(
        entry("/etc/certs/box", content="elf", mode=0o755),
        link("/etc/certs/innocent", "etc/certs/box", FileKind.HARDLINK),
        programs=(program(), program("/etc/certs/box", "b" * 64, looks_like="BusyBox")),
    )
    verdict = check(good(images={TAG: image}), ["/etc/certs/box", "/etc/certs/*"])
    assert "(/etc/certs/innocent)" in verdict.actual


def test_a_link_to_the_program_is_part_of_it() -> None:
    links = (link("/entry", "usr/bin/server"), link("/usr/bin/server", "../../app"))
    assert check(with_final(*links)).outcome is Outcome.PASSED


def test_links_that_go_round_are_too_much() -> None:
    assert check(with_final(link("/a", "b"), link("/b", "a"))).outcome is Outcome.FAILED


def test_when_nothing_is_started_the_only_program_is_not_blamed_here() -> None:
    image = final(config=ImageConfig(), entrypoint_path="", elf=None, go=None)
    assert check(good(images={TAG: image})).outcome is Outcome.PASSED


def test_when_nothing_is_started_two_programs_are_one_too_many() -> None:
    image = final(entry("/b", content="elf"), config=ImageConfig(), entrypoint_path="", elf=None)
    assert check(good(images={TAG: image})).outcome is Outcome.FAILED


def test_thousands_of_files_are_told_in_a_sentence() -> None:
    toolchain = [entry(f"/usr/local/go/src/f{index}.go", 1000) for index in range(5000)]
    verdict = check(with_final(*toolchain, entry("/bin/sh", content="elf"), entry("/src/main.go")))
    assert "It holds 5002 files more (5.00 MB)" in verdict.actual
    assert "the Go toolchain (5000 files, 5.00 MB, such as /usr/local/go/src/f0.go)" in verdict.actual
    assert "a shell (/bin/sh)" in verdict.actual
    assert len(verdict.actual) < 400


@pytest.mark.parametrize(
    "evidence",
    [good(images={}), good(images={TAG: final(files=(), file_count=3)})],
    ids=["none", "no listing"],
)
def test_an_image_whose_files_are_not_known_is_unknown(evidence: Evidence) -> None:
    assert check(evidence).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/etc/*", "/etc/passwd", True),
        ("/etc/*", "/etc/ssl/passwd", False),
        ("/etc/**", "/etc/ssl/passwd", True),
        ("/usr/**/zone.tab", "/usr/zone.tab", True),
        ("/usr/**/zone.tab", "/usr/share/a/zone.tab", True),
        ("/a?c", "/abc", True),
        ("/a?c", "/a/c", False),
        ("etc/passwd", "/etc/passwd", True),
        ("/a.c", "/abc", False),
        ("/app", "/app2", False),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, fits: bool) -> None:
    assert bool(compile_pattern(pattern).match(path)) is fits


@pytest.mark.parametrize(("mode", "word"), [(0o4755, "setuid"), (0o2755, "setgid")])
def test_a_program_that_runs_with_its_owners_rights_is_named(mode: int, word: str) -> None:
    su = FileEntry("/helper", FileKind.FILE, 1, mode)
    verdict = CHECKS["image_has_no_setuid_file"](with_final(su), spec("image_has_no_setuid_file"))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.actual == f"It holds /helper ({word}, user 0, group 0)."


def test_a_folder_with_such_a_bit_and_plain_programs_are_fine() -> None:
    shared = FileEntry("/tmp", FileKind.DIRECTORY, 0, 0o3777)
    verdict = CHECKS["image_has_no_setuid_file"](with_final(shared), spec("image_has_no_setuid_file"))
    assert verdict.outcome is Outcome.PASSED
