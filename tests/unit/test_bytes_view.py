from __future__ import annotations

from tests.unit.inspect.anatomy_value import binary, image
from tutor.core.anatomy import Change, FileChange, PartKind
from tutor.core.image import FileKind
from tutor.inspect.difference import compare
from tutor.inspect.waterfall import make_waterfall
from tutor.session.opening import AttemptSize, Comparison
from tutor.ui.bytes_row import ROW_LIMIT, BytesRow
from tutor.ui.bytes_view import file_rows, folder_rows, layer_rows, package_rows, way_rows


def text(row: BytesRow) -> str:
    return "".join(piece for piece, _ in row.pieces)


def test_rows_fit_the_width_they_are_given() -> None:
    opened = image([(PartKind.CODE, 0, 30)], files={"/a/very/long/path/" + "x" * 90: 30})
    for width in (40, 60, 100):
        assert len(text(file_rows(opened, width)[0])) <= width
        assert all(len(text(row)) <= width for row in layer_rows(opened, (), width))


def test_a_folder_shows_what_is_right_below_it_largest_first() -> None:
    changes = (
        FileChange("/a", Change.ADDED, FileKind.DIRECTORY, 0),
        FileChange("/a/one", Change.ADDED, FileKind.FILE, 5),
        FileChange("/a/two/deep", Change.CHANGED, FileKind.FILE, 50, 40),
        FileChange("/ab", Change.REMOVED, FileKind.FILE, 0, 7),
    )
    assert [text(row) for row in folder_rows(changes, "")] == ["+ a/  55 B", "− ab  0 B"]
    assert [text(row) for row in folder_rows(changes, "/a")] == ["~ two/  50 B", "+ one  5 B"]
    assert "7 B stay below" in folder_rows(changes, "")[1].fact


def test_a_folder_of_many_names_is_cut_and_says_so() -> None:
    changes = tuple(
        FileChange(f"/usr/local/go/src/{index % 300}/{index}.go", Change.ADDED, FileKind.FILE, index)
        for index in range(10_000)
    )
    rows = folder_rows(changes, "/usr/local/go/src")
    assert len(rows) == ROW_LIMIT + 1
    assert text(rows[-1]) == "… and 100 more"


def test_the_way_ends_with_par_and_the_attempts() -> None:
    before = image([(PartKind.TOOLCHAIN, 0, 900), (PartKind.CODE, 0, 100)], name="builder")
    after = image([(PartKind.CODE, 0, 100)], name="multi")
    comparison = Comparison(make_waterfall(before, after, par_bytes=120), compare(before, after))
    rows = list(way_rows(comparison, (AttemptSize(1, 150, False), AttemptSize(2, 100, True)), 60))
    assert [text(row).split()[0] for row in rows] == [
        "builder",
        "toolchain",
        "multi",
        "par",
        "attempt",
        "attempt",
    ]
    assert "−900 B" in text(rows[1])
    assert rows[3].fact == "Par: this image is within it."
    assert [row.fact for row in rows[4:]] == ["not passed", "passed"]


def test_packages_end_with_what_belongs_to_none() -> None:
    rows = package_rows(binary({".text": 100, ".data": 30}, {"main": 60}), 90)
    assert text(rows[0]).startswith("main ")
    assert "(code of no function)" in text(rows[1])
    assert "(data no symbol names)" in text(rows[2])
