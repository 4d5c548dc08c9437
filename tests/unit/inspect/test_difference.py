from __future__ import annotations

from tests.unit.inspect.anatomy_value import binary, image
from tutor.core.anatomy import PackageSource, PartKind
from tutor.core.difference import DifferenceRow, Trend
from tutor.inspect.difference import compare


def told(rows: tuple[DifferenceRow, ...]) -> list[tuple[str, int, Trend]]:
    return [(row.name, row.delta_bytes, row.trend) for row in rows]


def test_two_programs_differ_by_section_and_package() -> None:
    before = binary({".text": 100, ".symtab": 50}, {"main": 10, "net": 90})
    after = binary({".text": 120, ".extra": 5}, {"main": 30, "time": 90})
    found = compare(before, after)
    assert found.delta_bytes == -25
    assert told(found.sections) == [
        (".symtab", -50, Trend.REMOVED),
        (".text", 20, Trend.GREW),
        (".extra", 5, Trend.ADDED),
    ]
    assert sum(row.delta_bytes for row in found.sections) == found.delta_bytes
    assert told(found.packages) == [
        ("net", -90, Trend.REMOVED),
        ("time", 90, Trend.ADDED),
        ("main", 20, Trend.GREW),
    ]
    assert not found.packages_are_code


def test_with_a_stripped_side_only_code_is_compared() -> None:
    stripped = binary(packages={"main": 10}, source=PackageSource.LINE_TABLE)
    assert compare(binary(packages={"main": 10}), stripped).packages_are_code


def test_two_images_differ_by_part_layer_and_file() -> None:
    before = image(
        [(PartKind.BASE, 0, 70), (PartKind.CODE, 1, 30)],
        ("ADD rootfs", "COPY /app /app"),
        name="before",
        files={"/bin/sh": 70, "/app": 30, "/same": 4},
    )
    after = image([(PartKind.CODE, 0, 30)], ("COPY /app /app",), name="after", files={"/app": 28, "/same": 4})
    found = compare(before, after)
    assert told(found.parts) == [("base system", -70, Trend.REMOVED)]
    assert told(found.layers) == [("ADD rootfs", -70, Trend.REMOVED), ("COPY /app /app", 0, Trend.CHANGED)]
    assert told(found.files) == [("/bin/sh", -70, Trend.REMOVED), ("/app", -2, Trend.SHRANK)]


def test_a_thing_against_itself_differs_in_nothing() -> None:
    same = image([(PartKind.CODE, 0, 30)], program=binary(packages={"main": 3}), files={"/app": 30})
    found = compare(same, same)
    assert (found.parts, found.layers, found.files, found.sections, found.packages) == ((), (), (), (), ())


def test_instructions_that_come_twice_are_told_apart() -> None:
    twice = image([(PartKind.OTHER, 0, 1), (PartKind.OTHER, 1, 2)], ("RUN x", "RUN x"))
    once = image([(PartKind.OTHER, 0, 1)], ("RUN x",))
    assert told(compare(once, twice).layers) == [("RUN x (2)", 2, Trend.ADDED)]
