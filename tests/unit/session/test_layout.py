from __future__ import annotations

from pathlib import Path

import pytest

from tutor.core.errors import SubmissionRefused
from tutor.session.layout import find_layout, prepare

ONE = "FROM golang:1.21\nCOPY . .\nRUN go build .\n"
TWO = "FROM golang:1.21 AS b\nCOPY main.go .\nRUN go build .\nFROM scratch\nCOPY --from=b /app /app\n"


def lay(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def chosen(folder: Path, wanted: str = "") -> str:
    return str(find_layout(folder, wanted).dockerfile.relative_to(folder))


def test_the_plain_file_is_taken(tmp_path: Path) -> None:
    layout = find_layout(lay(tmp_path, Dockerfile=TWO, **{"main.go": ""}))
    assert (layout.dockerfile, layout.context, layout.notes) == (tmp_path / "Dockerfile", tmp_path, ())


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"dockerfile": TWO}, "dockerfile"),
        ({"Dockerfile": ONE, "Dockerfile.multistage": TWO}, "Dockerfile.multistage"),
        ({"Dockerfile": TWO, "Dockerfile.dev": TWO}, "Dockerfile"),
        ({"lab18__app__Dockerfile": TWO}, "lab18/app/Dockerfile"),
        ({"python__Dockerfile": "FROM python:3.12\n", "go__Dockerfile": TWO}, "go/Dockerfile"),
        ({"go.dockerfile": TWO, "README.md": "FROM me"}, "go.dockerfile"),
        ({"old__x__Dockerfile": TWO, "Dockerfile": TWO}, "Dockerfile"),
    ],
)
def test_the_file_that_is_meant_is_found(files: dict[str, str], wanted: str, tmp_path: Path) -> None:
    assert chosen(lay(tmp_path, **files)) == wanted


def test_a_rubric_may_name_the_file(tmp_path: Path) -> None:
    folder = lay(tmp_path, Dockerfile=TWO, **{"Dockerfile.dev": TWO})
    assert chosen(folder, "Dockerfile.dev") == "Dockerfile.dev"
    with pytest.raises(SubmissionRefused, match=r"no Dockerfile\.prod"):
        find_layout(folder, "Dockerfile.prod")


@pytest.mark.parametrize("files", [{}, {"Dockerfile": "hello"}, {"notes.md": TWO}])
def test_no_dockerfile_is_refused(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SubmissionRefused, match="no Dockerfile"):
        find_layout(lay(tmp_path, **files))


def test_a_link_in_the_place_of_a_dockerfile_is_not_followed(tmp_path: Path) -> None:
    outside = lay(tmp_path / "outside", Dockerfile=TWO)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Dockerfile").symlink_to(outside / "Dockerfile")
    with pytest.raises(SubmissionRefused):
        find_layout(folder)


def test_the_context_is_where_the_copied_files_are(tmp_path: Path) -> None:
    text = "FROM golang:1.21\nCOPY service/ .\nRUN go build\nFROM scratch\n"
    layout = find_layout(lay(tmp_path, docker__Dockerfile=text, **{"service__main.go": ""}))
    assert layout.context == tmp_path
    assert any("context" in note for note in layout.notes)


def test_the_line_that_would_fetch_the_builders_own_language_is_passed_over(tmp_path: Path) -> None:
    folder = lay(tmp_path, Dockerfile=f"# syntax=docker/dockerfile:1\n{TWO}")
    layout = prepare(find_layout(folder), classic=True)
    assert layout.dockerfile.read_text() == f"#\n{TWO}"
    assert len(layout.notes) == 1


@pytest.mark.parametrize("name", ["example.com/evil", "docker/dockerfile-evil:1", "evil/dockerfile:1"])
def test_another_program_to_read_the_file_with_is_refused(name: str, tmp_path: Path) -> None:
    folder = lay(tmp_path, Dockerfile=f"# syntax={name}\n{TWO}")
    with pytest.raises(SubmissionRefused, match="another program"):
        prepare(find_layout(folder), classic=False)


@pytest.mark.parametrize(
    "base", ["fromscratch/graded:1", "docker.io/fromscratch/two-stages:multi", "fromscratch/x"]
)
def test_images_of_the_graders_own_are_refused(base: str, tmp_path: Path) -> None:
    folder = lay(tmp_path, Dockerfile=f"FROM golang:1.21\nCOPY --from={base} /a /a\n")
    with pytest.raises(SubmissionRefused, match="grader's own"):
        prepare(find_layout(folder), classic=True)


def test_the_builders_own_platform_is_passed_over_for_the_classic_builder(tmp_path: Path) -> None:
    text = "FROM --platform=${BUILDPLATFORM} golang:1.21 AS b\nFROM --platform=$TARGETPLATFORM scratch\n"
    folder = lay(tmp_path, Dockerfile=text)
    prepare(find_layout(folder), classic=True)
    assert (folder / "Dockerfile").read_text() == "FROM golang:1.21 AS b\nFROM scratch\n"


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("RUN --mount=type=cache,target=/x go build", "--mount"),
        ("COPY --chmod=0755 a /a", "--chmod"),
        ("COPY --link a /a", "--link"),
        ("RUN <<EOF\ngo build\nEOF", "here-document"),
        ("RUN go build", ""),
    ],
)
def test_what_only_buildkit_knows_is_told(line: str, needs: str, tmp_path: Path) -> None:
    folder = lay(tmp_path, Dockerfile=f"FROM golang:1.21\n{line}\n", a="")
    found = prepare(find_layout(folder), classic=True).needs_buildkit
    assert needs in found
    assert bool(found) is bool(needs)
