from __future__ import annotations

import pytest

from tutor.core.image import SizeRole, SizeRow
from tutor.ui.size_chart import Chart, make_chart
from tutor.ui.widgets.size_strip import single_line, strip

MB = 1_000_000


def row(
    name: str,
    megabytes: float,
    role: SizeRole = SizeRole.FINAL,
    lesson: str = "two",
    *,
    stand_in: bool = False,
) -> SizeRow:
    size_bytes = int(megabytes * MB)
    return SizeRow(name, f"r/{name}", f"sha256:{name}", role, size_bytes, stand_in=stand_in, lesson=lesson)


WHOLE_COURSE = (
    row("one-stage", 295, lesson="one"),
    row("builder", 269, SizeRole.BUILDER),
    row("golang:1.21-alpine", 221, SizeRole.BASE),
    row("multi", 6.9),
    row("stripped", 4.7, lesson="four"),
)


def names(chart: Chart) -> tuple[list[str], list[str]]:
    return [bar.row.name for bar in chart.large], [bar.row.name for bar in chart.small]


def test_large_images_and_finals_stand_on_two_scales() -> None:
    chart = make_chart(WHOLE_COURSE, "two", None)
    assert names(chart) == (["one-stage", "builder", "golang:1.21-alpine"], ["multi", "stripped"])
    assert chart.large[0].share == 1
    assert chart.small[0].share == 1
    assert chart.small[1].share == pytest.approx(4.7 / 6.9)


def test_builders_of_other_lessons_stay_out() -> None:
    rows = (*WHOLE_COURSE, row("builder", 270, SizeRole.BUILDER, lesson="four"))
    assert names(make_chart(rows, "two", None))[0].count("builder") == 1


def test_a_final_is_compared_with_the_builder_of_its_own_lesson() -> None:
    chart = make_chart(WHOLE_COURSE, "two", None)
    assert chart.small[0].reduction == "−97.4 %"


def test_without_a_builder_the_largest_final_is_the_yardstick() -> None:
    chart = make_chart((row("one-stage", 295, lesson="one"), row("multi", 5)), "two", None)
    assert names(chart) == (["one-stage"], ["multi"])
    assert chart.small[0].reduction == "−98.3 %"


def test_a_base_image_is_no_yardstick() -> None:
    chart = make_chart((row("golang", 221, SizeRole.BASE), row("one-stage", 295)), "two", None)
    assert {bar.reduction for bar in chart.rows} == {""}


def test_a_base_and_what_is_built_on_it_stand_on_one_scale() -> None:
    chart = make_chart((row("golang", 221, SizeRole.BASE), row("one-stage", 295)), "two", 300 * MB)
    assert names(chart) == (["one-stage", "golang"], [])
    assert [bar.share for bar in chart.large] == [1, pytest.approx(221 / 295)]
    assert chart.large[0].within_par


def test_a_single_large_final_stands_alone() -> None:
    assert names(make_chart((row("one-stage", 295),), "two", None)) == ([], ["one-stage"])


def test_nothing_measured_makes_an_empty_chart() -> None:
    assert make_chart((), "two", None) == Chart((), ())


def test_par_is_marked_on_the_lessons_own_image_only() -> None:
    chart = make_chart(WHOLE_COURSE, "two", 7 * MB)
    assert [(bar.row.name, bar.within_par) for bar in chart.small] == [("multi", True), ("stripped", False)]
    assert not make_chart(WHOLE_COURSE, "two", 5 * MB).small[0].within_par


def test_an_empty_image_breaks_nothing() -> None:
    chart = make_chart((row("builder", 269, SizeRole.BUILDER), row("empty", 0)), "two", None)
    assert chart.small[0].share == 0
    assert "0 B" in strip(chart, 100).plain


@pytest.mark.parametrize("width", [102, 118, 198])
def test_the_strip_fits_its_width_and_names_every_scale(width: int) -> None:
    text = strip(make_chart(WHOLE_COURSE, "two", None), width).plain
    assert all(len(line) <= width for line in text.splitlines())
    assert "own scale" in text


def test_seven_and_five_megabytes_can_be_told_apart_beside_295() -> None:
    text = strip(make_chart(WHOLE_COURSE, "two", None), 118).plain
    bars = {line.split("  ")[-1]: line.count("█") for line in text.splitlines()}
    assert len(set(bars.values())) == len(bars)
    assert "6.90 MB" in text
    assert "4.70 MB" in text


def test_the_single_line_fits_a_narrow_terminal() -> None:
    text = single_line(make_chart(WHOLE_COURSE, "two", None), 80).plain
    assert len(text) <= 80
    assert "multi" in text
    assert "6.90 MB  −97.4 %" in text


def test_images_that_do_not_fit_are_counted() -> None:
    rows = [*(row(f"image-{n}", 5 + n / 10, lesson=f"lesson-{n}") for n in range(6)), row("mine", 5)]
    text = strip(make_chart(rows, "two", None), 118).plain
    assert "+4 in Sizes" in text
    assert "mine" in text


def test_a_stand_in_is_marked_wherever_its_size_is_shown() -> None:
    chart = make_chart((row("multi", 5, stand_in=True),), "two", None)
    assert "5.00 MB*" in strip(chart, 100).plain
    assert "stand-in base" in strip(chart, 100).plain
    assert "5.00 MB*" in single_line(chart, 80).plain
