from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.unit.inspect.anatomy_value import binary, image
from tutor.core.anatomy import Change, FileChange, PartKind
from tutor.core.image import FileKind
from tutor.inspect.decision import Decision
from tutor.inspect.difference import compare
from tutor.inspect.waterfall import make_waterfall
from tutor.session.opening import AttemptSize, Comparison
from tutor.ui.bytes_difference import difference_rows
from tutor.ui.bytes_row import ROW_LIMIT, BytesRow
from tutor.ui.bytes_view import ATTEMPT_LIMIT, file_rows, folder_rows, layer_rows, package_rows, way_rows


def text(row: BytesRow) -> str:
    return "".join(piece for piece, _ in row.pieces)


def test_rows_fit_the_width_they_are_given() -> None:
    opened = image([(PartKind.CODE, 0, 30)], files={"/a/very/long/path/" + "x" * 90: 30})
    for width in (40, 60, 100):
        assert len(text(file_rows(opened, width)[0])) <= width
        assert all(len(text(row)) <= width for row in layer_rows(opened, (), width))


def test_a_layer_keeps_the_number_of_its_line_where_room_is_short() -> None:
    opened = image([(PartKind.CODE, 0, 30)])
    decision = Decision("COPY --from=builder /a/very/long/path/to/the/program /app", 12)
    row = next(layer_rows(opened, (decision,), 40))
    assert text(row).startswith("1 line 12: COP")
    assert row.fact.startswith("line 12: COPY --from=builder /a/very/long/path/to/the/program /app ")


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


def test_the_way_ends_with_this_image_par_and_the_attempts_on_one_scale() -> None:
    before = image([(PartKind.TOOLCHAIN, 0, 900_000), (PartKind.CODE, 0, 100)], name="builder")
    after = image([(PartKind.CODE, 0, 100)], name="multi")
    comparison = Comparison(make_waterfall(before, after, par_bytes=120), compare(before, after))
    rows = list(way_rows(comparison, (AttemptSize(1, 150, False), AttemptSize(2, 100, True)), 60, 120))
    assert [text(row).split()[0] for row in rows] == [
        "builder",
        "toolchain",
        "from",
        "multi",
        "par",
        "attempt",
        "attempt",
    ]
    assert "−0.90 MB" in text(rows[1])
    assert rows[4].fact == "Par: this image is within it."
    assert [row.fact for row in rows[5:]] == ["not passed, above par.", "passed, within par."]
    bars = [text(row).count("█") for row in rows[3:]]
    assert bars[0] == bars[3] < bars[1] < bars[2]


def test_of_very_many_attempts_the_newest_are_shown() -> None:
    attempts = tuple(AttemptSize(number, 100, True) for number in range(1, ATTEMPT_LIMIT + 6))
    rows = [text(row) for row in way_rows(None, attempts, 60)]
    assert rows[0] == "… 5 earlier attempts"
    assert rows[1].startswith("attempt 6 ✓")
    assert len(rows) == ATTEMPT_LIMIT + 1


def test_compared_rows_fit_the_width_and_the_long_rest_opens() -> None:
    before = image(
        [(PartKind.TOOLCHAIN, 0, 900_000_000)],
        name="an image of a very long name/" + "x" * 90,
        files={f"/usr/local/go/src/{'deep/' * 30}{number}": number + 1 for number in range(300)},
    )
    after = image([(PartKind.CODE, 0, 100)], name="multi", files={"/app": 5_000_000})
    comparison = Comparison(make_waterfall(before, after), compare(before, after))

    def flat(rows: Iterable[BytesRow], depth: int = 0) -> Iterator[tuple[int, BytesRow]]:
        for row in rows:
            yield depth, row
            if row.below is not None:
                yield from flat(row.below(), depth + 1)

    for width in (50, 74, 110):
        shown = list(flat(difference_rows(comparison, width)))
        assert all(len(text(row)) + 2 * depth <= width for depth, row in shown if depth), width
        rest = [row for _, row in shown if text(row).startswith("… and 295 more")]
        assert len(rest) == 1
    files = next(row for row in difference_rows(comparison, 74) if text(row).startswith("Files"))
    assert files.is_open
    assert "differ: 301" in text(files)


def test_two_programs_are_compared_by_package() -> None:
    old = image([], program=binary({".text": 90}, {"net": 60, "main": 30}))
    new = image([], program=binary({".text": 70}, {"main": 50, "time": 20}))
    comparison = Comparison(make_waterfall(old, new), compare(old, new))
    heading = next(row for row in difference_rows(comparison, 74) if text(row).startswith("Go packages"))
    assert heading.below is not None
    rows = list(heading.below())
    assert [(text(row).split()[0], text(row).split()[-1]) for row in rows] == [
        ("net", "removed"),
        ("main", "grew"),
        ("time", "added"),
    ]
    assert rows[1].fact == "main   30 B → 50 B"


def test_the_same_twice_differs_in_nothing() -> None:
    same = image([(PartKind.CODE, 0, 100)])
    comparison = Comparison(make_waterfall(same, same), compare(same, same))
    assert text(list(difference_rows(comparison, 74))[-1]) == "Nothing differs that has a size."


def test_packages_end_with_what_belongs_to_none() -> None:
    rows = package_rows(binary({".text": 100, ".data": 30}, {"main": 60}), 90)
    assert text(rows[0]).startswith("main ")
    assert "(code of no function)" in text(rows[1])
    assert "(data no symbol names)" in text(rows[2])
