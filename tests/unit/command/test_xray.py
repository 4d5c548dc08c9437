from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from textual.content import Content

from tests.unit.inspect.go_program import go_program
from tests.unit.inspect.image_archive import file, legacy, tar, unpack_into
from tests.unit.inspect.image_archive import oci as oci_archive
from tutor.cli import cli
from tutor.inspect.anatomy_json import SCHEMA

DOCKERFILE = (
    "FROM golang:1.21 AS builder\nRUN go build -o /app .\nFROM scratch\nCOPY --from=builder /app /app\n"
)


@pytest.fixture(autouse=True)
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def xray(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["xray", *map(str, words)], catch_exceptions=False)


def saved(tmp_path: Path, name: str, *layers: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(legacy(list(layers)))
    return path


@pytest.fixture
def programs(tmp_path: Path) -> tuple[Path, Path]:
    plain, stripped = tmp_path / "plain", tmp_path / "stripped"
    plain.write_bytes(go_program())
    stripped.write_bytes(go_program(symbols=False))
    return plain, stripped


@pytest.fixture
def image(tmp_path: Path) -> Path:
    base = tar([file("usr/local/go/bin/go", b"g" * 5_000), file("old", b"o" * 300)])
    return saved(tmp_path, "big.tar", base, tar([file("app", go_program(), 0o755), file(".wh.old")]))


class TestText:
    def test_an_image_is_told_at_eighty_columns(self, image: Path) -> None:
        result = xray(image)
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
        for words in ("Where the bytes are", "Layers, oldest first", "removed later", "Largest files"):
            assert words in result.stdout
        assert "/app" in result.stdout

    def test_a_program_is_told_with_its_packages_and_the_rest(self, programs: tuple[Path, Path]) -> None:
        result = xray(programs[0])
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert "runtime" in result.stdout
        assert "(data no symbol names)" in result.stdout
        assert "from the symbols" in result.stdout
        assert "code alone, from the line table" in xray(programs[1]).stdout

    def test_two_programs_are_told_by_what_changed(self, programs: tuple[Path, Path]) -> None:
        result = xray(*programs)
        assert ".symtab" in result.stdout
        assert "removed" in result.stdout

    def test_two_images_are_told_with_the_lines_that_decided(self, image: Path, tmp_path: Path) -> None:
        small = tmp_path / "small.tar"
        history: list[dict[str, object]] = [{"created_by": "COPY /app /app # buildkit"}]
        small.write_bytes(legacy([tar([file("app", go_program(symbols=False), 0o755)])], history))
        dockerfile = tmp_path / "Dockerfile"
        dockerfile.write_text(DOCKERFILE)
        text = xray(image, small, "--dockerfile", dockerfile).stdout
        assert "From the one to the other" in text
        assert "line 2: RUN go build" in text
        assert "line 4: COPY --from=builder /app /app" in text
        assert max(map(len, text.splitlines())) <= 80

    def test_the_same_twice_differs_in_nothing(self, image: Path) -> None:
        assert "Nothing differs" in xray(image, image).stdout


class TestJson:
    def test_an_image_begins_with_its_two_sizes(self, image: Path) -> None:
        found = json.loads(xray(image, "--json").stdout)
        assert list(found)[:4] == ["unpacked_bytes", "packed_bytes", "schema", "kind"]
        assert (found["packed_bytes"], found["schema"], found["kind"]) == (None, SCHEMA, "image")
        assert sum(part["bytes"] for part in found["parts"]) == found["unpacked_bytes"]
        assert found["layers"][0]["changes"] is None
        assert found["wasted"] == [
            {"path": "/old", "bytes": 300, "layer": 0, "hidden_by": 1, "reason": "removed later"}
        ]

    def test_files_lists_every_change(self, image: Path) -> None:
        found = json.loads(xray(image, "--json", "--files").stdout)
        assert [change["path"] for change in found["layers"][1]["changes"]] == ["/app", "/old"]

    def test_packed_is_computed_when_asked_for(self, image: Path, programs: tuple[Path, Path]) -> None:
        for path in (image, programs[0]):
            found = json.loads(xray(path, "--json", "--packed").stdout)
            assert 0 < found["packed_bytes"] < found["unpacked_bytes"]
        assert "packed: about" in xray(programs[0], "--packed").stdout
        assert "packed: about" in xray(*programs, "--packed").stdout
        assert "packed: about" not in xray(*programs).stdout

    def test_a_folder_and_its_archive_tell_the_same(self, tmp_path: Path) -> None:
        archive = oci_archive([tar([file("app", go_program(), 0o755)])])
        path = tmp_path / "image.tar"
        path.write_bytes(archive)
        layout = unpack_into(tmp_path / "layout", archive)
        answers = [json.loads(xray(each, "--json", "--files").stdout) for each in (path, layout)]
        for answer in answers:
            answer["name"] = ""
        assert answers[0] == answers[1]

    def test_a_comparison_says_so(self, programs: tuple[Path, Path]) -> None:
        found = json.loads(xray(*programs, "--json").stdout)
        assert found["kind"] == "comparison"
        assert found["delta_bytes"] == sum(row["delta_bytes"] for row in found["sections"])

    def test_the_way_between_two_images_has_its_lines(self, image: Path, tmp_path: Path) -> None:
        small = tmp_path / "small.tar"
        history: list[dict[str, object]] = [{"created_by": "COPY /app /app # buildkit"}]
        small.write_bytes(legacy([tar([file("app", go_program(symbols=False), 0o755)])], history))
        dockerfile = tmp_path / "Dockerfile"
        dockerfile.write_text(DOCKERFILE)
        found = json.loads(xray(image, small, "--dockerfile", dockerfile, "--json").stdout)
        assert sum(step["delta_bytes"] for step in found["way"]) == found["delta_bytes"]
        lines = {step["kind"]: (step["line"], step["decided_by"]) for step in found["way"]}
        assert lines["symbol table"] == (2, "RUN go build -o /app .")
        alone = json.loads(xray(small, "--dockerfile", dockerfile, "--json").stdout)
        assert [layer["line"] for layer in alone["layers"]] == [4]

    def test_every_key_is_documented(self, image: Path, programs: tuple[Path, Path]) -> None:
        page = (Path(__file__).parents[3] / "docs" / "xray.md").read_text()
        for words in ((image,), (programs[0],), programs):
            found = json.loads(xray(*words, "--json", "--files").stdout)
            for key in [*found, *found.get("program", {}), *(found.get("layers") or [{}])[0]]:
                assert f"`{key}`" in page, key

    def test_a_fault_is_told_as_json(self, tmp_path: Path) -> None:
        (tmp_path / "notes").write_text("just words")
        result = xray(tmp_path / "notes", "--json")
        assert result.exit_code == 2
        assert json.loads(result.stdout)["error"]["what"].startswith("This is a file of another kind")


class TestGates:
    def test_limits_that_hold_end_with_0(self, programs: tuple[Path, Path]) -> None:
        result = xray(programs[1], "--max-size", "8MB", "--require", "static,stripped")
        assert result.exit_code == 0
        assert "✓ stripped" in result.stdout

    def test_a_limit_that_does_not_hold_ends_with_1_and_the_reason(self, image: Path) -> None:
        result = xray(image, "--max-size", "1kB", "--max-wasted", "1%", "--require", "non-root", "--json")
        assert result.exit_code == 1
        assert "max-size: expected at most 1000 bytes" in result.stderr
        assert "max-wasted: expected at most 1 %" in result.stderr
        assert "non-root: expected a user other than root; found runs as root" in result.stderr
        assert [gate["held"] for gate in json.loads(result.stdout)["gates"]] == [False] * 3

    def test_of_two_the_second_is_judged(self, programs: tuple[Path, Path]) -> None:
        assert xray(*programs, "--require", "stripped").exit_code == 0
        assert xray(*reversed(programs), "--require", "stripped").exit_code == 1

    @pytest.mark.parametrize(
        "words",
        [
            ("--max-size", "big"),
            ("--max-size", ""),
            ("--require", "tiny"),
            ("--require", ""),
            ("--max-wasted", "1%"),
            ("--max-wasted", ""),
            ("--require", "non-root"),
        ],
    )
    def test_a_question_that_makes_no_sense_ends_with_2(
        self, programs: tuple[Path, Path], words: tuple[str, str]
    ) -> None:
        assert xray(programs[0], *words).exit_code == 2


def test_a_name_that_no_engine_holds_ends_with_2_and_says_so() -> None:
    result = xray("no/such:image", "--engine", "docker")
    assert result.exit_code == 2
    assert "nowhere/docker.sock" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_dockerfile_that_cannot_be_read_ends_with_2(image: Path, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"\xff\xfe\x00")
    assert xray(image, "--dockerfile", tmp_path / "Dockerfile").exit_code == 2


@pytest.mark.parametrize("name", ["Dockerfile", "nowhere", "."])
def test_a_dockerfile_that_cannot_be_read_is_a_fault_in_json_too(
    image: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"\xff\xfe\x00")
    told = xray(image, "--dockerfile", tmp_path / name, "--json")
    assert told.exit_code == 2
    assert json.loads(told.stdout)["error"]["where"] == str(tmp_path / name)


def test_wide_characters_take_no_more_than_their_room(tmp_path: Path) -> None:
    wide = file("\u65e5\u672c\u8a9e" * 20, b"w" * 500)
    one = saved(tmp_path, "one.tar", tar([wide, file("b", b"b" * 40)]))
    two = saved(tmp_path, "two.tar", tar([file("b", b"b")]))
    lines = xray(one, two).stdout.splitlines()
    assert any("\u65e5" in line for line in lines)
    assert max(Content(line).cell_length for line in lines) <= 80


def test_packages_of_which_a_side_tells_no_code_are_not_listed(programs: tuple[Path, Path]) -> None:
    found = json.loads(xray(*programs, "--json").stdout)
    assert found["packages_are_code"] is True
    assert all(row["delta_bytes"] for row in found["packages"])
