"""The course's own images: right answers, built with the product's engine on the base it makes."""

from __future__ import annotations

import tempfile
import uuid
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engines.warm_base import WARM_LABEL
from tutor.catalog.course import load_course
from tutor.catalog.location import shipped_folders
from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.events import BuildFinished
from tutor.core.lesson import image_reference
from tutor.core.ports import BuildRequest
from tutor.session.live import obtain_base, read_stages
from tutor.storage.workspace import lay_answer

if TYPE_CHECKING:
    from tutor.core.image import BuiltImage
    from tutor.core.ports import Engine

BASE = "golang:1.21-alpine"


async def obtain_golang(engine: Engine) -> None:
    """The base of all answers: what is there, else the stand-in. What is measured starts from no cache."""
    found = await engine.images.find(BASE)
    assert found is None or WARM_LABEL not in dict(found.config.labels), (
        f"docker rmi {BASE}: tests left a warm one"
    )
    if found is None:
        async with aclosing(obtain_base(engine, BASE, "stand-in", uuid.uuid4().hex)) as made:
            async for _ in made:
                pass


def answer_dockerfile(slug: str, answer: str) -> Dockerfile:
    """What the answer's images are built from."""
    lesson = load_course(*shipped_folders()).find(slug)
    return parse_dockerfile((lesson.folder / "right" / answer / "Dockerfile").read_text())


async def build_answer(engine: Engine, slug: str, answer: str, tag: str = "course") -> dict[str, BuiltImage]:
    """Build a right answer of a lesson. The images by stage; the final one under an empty name."""
    lesson = load_course(*shipped_folders()).find(slug)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder) / "context"
        lay_answer(lesson.context, lesson.folder / "start", lesson.folder / "right" / answer, context)
        stages = read_stages((context / "Dockerfile").read_text()).kept
        request = BuildRequest(
            uuid.uuid4().hex, context, image_reference(lesson.slug, tag), keep_stages=stages
        )
        async with aclosing(engine.builder.build(request)) as events:
            last = [event async for event in events][-1]
    assert isinstance(last, BuildFinished), last
    return {image.stage: image for image in last.images}
