from __future__ import annotations

import pytest

from tutor.catalog.measure import MEASURES, Measure, nearest_measure, parse_measure
from tutor.core.lesson import Unit


@pytest.mark.parametrize("form", MEASURES)
def test_every_form_is_read(form: str) -> None:
    name = (
        form.replace("STAGE", "builder")
        .replace("TAG", "multi")
        .replace("OTHER", "other")
        .replace("PATH", "/health")
    )
    measure = parse_measure(name)
    assert measure is not None
    assert (measure.kind, measure.unit) == (form, MEASURES[form])


def test_parts_are_told_apart() -> None:
    assert parse_measure("stage.multi.builder.unpacked_bytes") == Measure(
        "stage.TAG.STAGE.unpacked_bytes", Unit.MEGABYTES, tag="multi", stage="builder"
    )
    assert parse_measure("endpoint./v1.2/x.status") == Measure(
        "endpoint.PATH.status", Unit.NUMBER, path="/v1.2/x"
    )


@pytest.mark.parametrize(
    "name", ["", "image", "image.multi", "image..unpacked_bytes", "endpoint.health.status"]
)
def test_what_is_no_measure_is_none(name: str) -> None:
    assert parse_measure(name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("image.two.unpacked_byte", "image.TAG.unpacked_bytes"),
        ("container.x.reachabel", "container.TAG.reachable"),
        ("base.unpaked_bytes", "base.unpacked_bytes"),
    ],
)
def test_nearest_measure_is_named(name: str, meant: str) -> None:
    assert f'Did you mean "{meant}"?' in nearest_measure(name)
