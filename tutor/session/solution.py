"""Right answers as solutions: shown after the pass, measured side by side when asked for."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.core.events import BuildFinished, SessionEvent
from tutor.core.image import SizeRole
from tutor.core.lesson import image_reference
from tutor.core.ports import BuildRequest
from tutor.core.text import clean_text
from tutor.session.live import missing_bases, read_dockerfile, read_stages
from tutor.session.scene import new_run_id

if TYPE_CHECKING:
    from tutor.catalog.answer import RightAnswer
    from tutor.session.scene import Scene

_TEXT_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Solution:
    """One right answer, and what was measured of it."""

    name: str
    route: str
    files: tuple[tuple[str, str], ...]
    """Name and text of each file that differs from the start."""
    unpacked_bytes: int | None
    """None until it was measured."""
    layer_count: int | None


class SolutionBook:
    """The right answers of one lesson."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def solutions(self) -> tuple[Solution, ...]:
        """All of them. Blocking.

        Raises:
            LessonError: the lesson's answers cannot be read.
        """
        return tuple(self._solution(answer) for answer in self._answers())

    @property
    def own_size(self) -> tuple[int | None, int | None]:
        """Unpacked bytes and layers of the learner's image, as far as they are known."""
        facts, tag = self._scene.facts, self._scene.lesson.tag
        found = (facts.get(f"image.{tag}.{name}") for name in ("unpacked_bytes", "layer_count"))
        size_bytes, layers = (value if isinstance(value, int) else None for value in found)
        return size_bytes, layers

    def _answers(self) -> tuple[RightAnswer, ...]:
        from tutor.catalog.answer import load_answers

        return load_answers(self._scene.lesson).right

    def _solution(self, answer: RightAnswer) -> Solution:
        facts = self._scene.facts
        size_bytes = facts.get(f"solution.{answer.name}.unpacked_bytes")
        layers = facts.get(f"solution.{answer.name}.layer_count")
        paths = sorted(path for path in answer.folder.rglob("*") if path.is_file())
        return Solution(
            answer.name,
            answer.route,
            tuple((str(path.relative_to(answer.folder)), _text(path)) for path in paths),
            size_bytes if isinstance(size_bytes, int) else None,
            layers if isinstance(layers, int) else None,
        )

    async def measure(self) -> AsyncGenerator[SessionEvent, None]:
        """Build each right answer that this engine can build, and measure it."""
        scene = self._scene
        answers = await asyncio.to_thread(self._answers)
        for answer in answers:
            if scene.engine.info.kind not in answer.engines:
                continue
            async with aclosing(self._measure(answer)) as events:
                async for event in events:
                    yield event
        scene.compare(new_run_id())

    async def _measure(self, answer: RightAnswer) -> AsyncGenerator[SessionEvent, None]:
        from tutor.storage.workspace import lay_answer

        scene, lesson = self._scene, self._scene.lesson
        run_id = new_run_id()
        tag = f"solution-{answer.name}"
        with tempfile.TemporaryDirectory(prefix="fromscratch-") as made:
            folder = Path(made) / "context"
            await asyncio.to_thread(
                lay_answer, lesson.context, lesson.folder / "start", answer.folder, folder
            )
            bases = read_stages(read_dockerfile(folder) or "").bases
            async for needed in missing_bases(scene.engine, bases, run_id):
                yield needed
                return
            request = BuildRequest(run_id, folder, image_reference(lesson.slug, tag), lesson=lesson.slug)
            built: BuildFinished | None = None
            async with aclosing(scene.engine.builder.build(request)) as events:
                async for event in events:
                    built = event if isinstance(event, BuildFinished) else built
                    yield event
        if built is None:
            return
        reader = scene.course.reader()
        image_id = built.images[-1].image_id
        source = reader.measure(image_id, run_id, name=tag, role=SizeRole.FINAL, lesson=lesson.slug)
        async with aclosing(source) as measured:
            async for event_measured in measured:
                yield event_measured
        if image := reader.evidence.get(image_id):
            scene.facts.learn(f"solution.{answer.name}.unpacked_bytes", image.unpacked_bytes)
            scene.facts.learn(f"solution.{answer.name}.layer_count", len(image.layers))


def _text(path: Path) -> str:
    if path.stat().st_size > _TEXT_LIMIT_BYTES:
        return "(too large to show)"
    return clean_text(path.read_text("utf-8", errors="replace"))
