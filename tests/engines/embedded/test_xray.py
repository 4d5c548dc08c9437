from __future__ import annotations

import pytest

from tests.engines.embedded.conftest import Bench
from tests.unit.inspect.go_program import go_program
from tutor.core.anatomy import PackageSource, PartKind
from tutor.core.dockerfile import parse_dockerfile
from tutor.inspect.decision import layer_decisions
from tutor.inspect.image import read_image_anatomy

pytestmark = pytest.mark.embedded

DOCKERFILE = """FROM scratch
COPY notes /notes
COPY app /app
ENTRYPOINT ["/app"]
"""


async def test_an_image_of_the_embedded_engine_is_opened_to_the_byte(bench: Bench) -> None:
    bench.write("notes", "n" * 1_234)
    bench.write("app", go_program(symbols=False), 0o755)
    built = await bench.build(DOCKERFILE)
    summary = await bench.engine.images.find(built.finished.images[-1].image_id)
    assert summary is not None
    with bench.engine.images.open_archive(summary.image_id) as archive:
        found = read_image_anatomy(
            archive,
            summary.config,
            name="it",
            image_id=summary.image_id,
            listed_bytes=summary.listed_bytes,
        )
    assert found.unpacked_bytes == 1_234 + len(go_program(symbols=False))
    assert sum(part.size_bytes for part in found.parts) == found.unpacked_bytes
    assert [part.size_bytes for part in found.parts if part.kind is PartKind.OTHER] == [1_234]
    assert found.program is not None
    assert found.program.source is PackageSource.LINE_TABLE
    records = tuple(layer.created_by for layer in found.layers)
    assert [each.line for each in layer_decisions(records, parse_dockerfile(DOCKERFILE))] == [2, 3]
