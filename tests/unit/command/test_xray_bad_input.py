"""What people will name by mistake, and what the hostile will: words, exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from tests.unit.command.test_xray import no_docker, xray
from tests.unit.inspect.elf_file import Elf, elf_bytes
from tests.unit.inspect.go_program import go_program
from tests.unit.inspect.image_archive import file, folder, hardlink, legacy, oci, symlink, tar, unpack_into
from tutor.core.text import clean_line

__all__ = ["no_docker"]

ZIP = b"PK\x03\x04" + b"z" * 600
EVIL = "evil\x1b]0;title\x07\x9b2J\u202ename\n"


def absurd_sections() -> bytes:
    data = bytearray(go_program())
    struct.pack_into("<H", data, 60, 0xFFFF)
    return bytes(data)


def wild_offsets() -> bytes:
    data = bytearray(go_program())
    struct.pack_into("<Q", data, 40, 0xFFFFFFFFFFFF)
    return bytes(data)


REFUSED = {
    "nothing at all": (b"", "an empty file"),
    "a script": (b"#!/bin/sh\necho\n", "a script"),
    "for Windows": (b"MZ" + bytes(600), "for Windows"),
    "for macOS": (b"\xcf\xfa\xed\xfe" + bytes(600), "for macOS"),
    "a zip file": (ZIP, "a zip file"),
    "words": (b"hello\n" * 200, "of another kind"),
    "a damaged gzip": (b"\x1f\x8b\x08" + b"?" * 600, "damaged"),
    "a damaged zstd": (b"\x28\xb5\x2f\xfd" + b"?" * 600, "damaged"),
    "a program cut in its first header": (go_program()[:30], "program's file"),
    "a program cut in its headers": (go_program()[:100], "program's file"),
    "a program of absurdly many sections": (absurd_sections(), "program's file"),
    "a program whose sections lie nowhere": (wild_offsets(), "program's file"),
    "an archive that is no image": (tar([file("a", b"1" * 900)]), "image"),
    "an archive cut in a layer": (legacy([tar([file("a", b"1" * 9_000)])])[:6_000], "ends"),
    "a layer that is no tar": (legacy([b"not a tar" * 200]), "layer"),
    "a layer that is a zip file": (legacy([ZIP]), "zip"),
    "a layer that is an empty file": (legacy([b""]), "is an empty file"),
    "an archive of zstd that was cut": (zstandard.compress(legacy([tar([file("a")])]))[:20], "ends"),
    "a layer that is damaged gzip": (legacy([b"\x1f\x8b\x08" + b"?" * 600]), "damaged"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_opened_is_refused_in_words(what: str, tmp_path: Path) -> None:
    data, why = REFUSED[what]
    path = tmp_path / "thing"
    path.write_bytes(data)
    told = xray(path)
    assert told.exit_code == 2
    assert told.stdout == ""
    assert told.stderr.startswith((f"{path}: ", f"{path}, in "))
    assert why in told.stderr
    assert not any(word in told.stderr for word in ("Traceback", "Error", "Exception", "None"))
    as_json = json.loads(xray(path, "--json").stdout)
    assert (as_json["kind"], as_json["error"]["where"].partition(", in ")[0]) == ("fault", str(path))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    told = xray(path)
    assert told.exit_code == 2
    assert "a pipe or a device" in told.stderr
    assert "docker save -o" in told.stderr


@pytest.mark.parametrize(("name", "why"), [("-", "Standard input is not read"), ("", "No name was given")])
def test_standard_input_and_no_name_are_refused_in_words(name: str, why: str) -> None:
    told = xray(name)
    assert told.exit_code == 2
    assert why in told.stderr


def test_a_folder_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    told = xray(tmp_path)
    assert told.exit_code == 2
    assert "no index.json" in told.stderr


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert xray(path).exit_code == 2


OPENED = {
    "links that go round": [symlink("app", "again"), symlink("again", "app"), file("x", b"1")],
    "a hard link to itself": [hardlink("app", "app"), file("x", b"1")],
    "a link out of the image": [symlink("app", "../../../../etc/passwd"), file("x", b"1")],
    "a name that leads out": [file("../../app", b"1"), folder("..")],
    "names a terminal would obey": [file(f"a/{EVIL}", b"1" * 50), symlink("l", EVIL)],
    "an empty layer": [],
}


@pytest.mark.parametrize("shape", ["docker save", "layout", "gzip", "zstd"])
@pytest.mark.parametrize("what", OPENED)
def test_strange_images_are_opened_and_told_without_control_sequences(
    what: str, shape: str, tmp_path: Path
) -> None:
    layers = [tar(OPENED[what])]
    if shape == "docker save":
        path = tmp_path / "image.tar"
        path.write_bytes(legacy(layers, [{"created_by": f"RUN {EVIL}"}]))
    else:
        packed = "" if shape == "layout" else shape
        path = unpack_into(tmp_path / "layout", oci(layers, packed=packed))
    told = xray(path)
    assert told.exit_code == 0, told.stderr
    assert all(line == clean_line(line, 200) for line in told.stdout.splitlines())
    assert json.loads(xray(path, "--json", "--files").stdout)["kind"] == "image"


def run_in_shell(line: str, *names: Path) -> subprocess.CompletedProcess[str]:
    """With ``$X`` for the command and ``$1`` for the first name."""
    command = f"{sys.executable} -m tutor xray"
    words = ["bash", "-o", "pipefail", "-c", line.replace("$X", command), "bash", *map(str, names)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3])


def test_a_reader_that_has_seen_enough_takes_nothing_away_from_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(legacy([tar([file(f"folder/{number}", b"1") for number in range(3_000)])]))
    done = run_in_shell('$X "$1" --json --files --max-size 5B | head -n 1', path)
    assert (done.returncode, done.stdout) == (1, "{\n")
    assert done.stderr == "max-size: expected at most 5 bytes; found 3000 bytes\n"
    assert run_in_shell('$X "$1" --json --files | head -n 1', path).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_an_answer_that_cannot_be_written_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(legacy([tar([file("a", b"1")])]))
    done = run_in_shell('$X "$1" > /dev/full', path)
    assert done.returncode == 2
    assert done.stderr.startswith("The answer cannot be written: No space left")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (elf_bytes(Elf()), "Not a Go program"),
        (elf_bytes(Elf(machine=183)), "aarch64"),
        (elf_bytes(Elf(sections=False)), "static"),
    ],
)
def test_programs_that_go_did_not_build_are_told_as_what_they_are(
    data: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "app"
    path.write_bytes(data)
    told = xray(path)
    assert told.exit_code == 0
    assert says in told.stdout
