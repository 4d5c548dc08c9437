from __future__ import annotations

import msgspec
import pytest

from tutor.catalog import device, lesson_file
from tutor.catalog.action import ACTION_MODELS
from tutor.catalog.exercise import EXERCISE_MODELS
from tutor.catalog.location import shipped_folders
from tutor.catalog.markdown import DEVICE_NAMES
from tutor.catalog.measure import MEASURES
from tutor.core.condition import TEXT_FACTS, VALUE_FACTS
from tutor.grading.check import known_checks

MODELS: tuple[type[msgspec.Struct], ...] = (
    device._Predict,
    device._Check,
    device._Hint,
    device._Note,
    *ACTION_MODELS.values(),
    *(model for models in EXERCISE_MODELS.values() for model in models),
)
PAGE = (shipped_folders()[0] / "README.md").read_text()


@pytest.mark.parametrize("name", DEVICE_NAMES)
def test_page_for_authors_has_every_device(name: str) -> None:
    assert f"\n### {name}\n" in PAGE


@pytest.mark.parametrize("form", MEASURES)
def test_page_for_authors_has_every_measure(form: str) -> None:
    assert f"`{form}`" in PAGE


@pytest.mark.parametrize("fact", [*TEXT_FACTS, *VALUE_FACTS])
def test_page_for_authors_has_every_fact_of_a_condition(fact: str) -> None:
    assert fact in PAGE


@pytest.mark.parametrize(
    "key", [field.encode_name for field in msgspec.structs.fields(lesson_file._FrontMatter)]
)
def test_page_for_authors_has_every_key_of_the_front_matter(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize(
    "key",
    [
        field.encode_name
        for model in MODELS
        for field in msgspec.structs.fields(model)
        if field.encode_name not in {"id", "unit"}
    ],
)
def test_page_for_authors_has_every_key_of_a_device(key: str) -> None:
    assert f"{key}:" in PAGE or f"`{key}" in PAGE


@pytest.mark.parametrize("check", sorted(known_checks()))
def test_page_for_authors_has_every_check_with_every_parameter(check: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{check}` |"))
    for param in known_checks()[check].params:
        assert f"`{param.name}`" in row
