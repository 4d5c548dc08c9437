"""Images opened for a look at their bytes: read off the loop, remembered, and compared with each other."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.core.dockerfile import Dockerfile, parse_dockerfile
from tutor.core.errors import DockerfileError, ImageNotFound, StorageError
from tutor.core.events import ImageOpened, SessionEvent, WorkProgressed
from tutor.core.image import ImageSummary, SizeRole, SizeRow
from tutor.session.action import new_run_id
from tutor.session.merge import ThreadWork
from tutor.session.origin import origin_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from tutor.core.anatomy import ImageAnatomy
    from tutor.core.difference import Difference
    from tutor.core.ports import Engine
    from tutor.inspect.decision import Decision
    from tutor.inspect.waterfall import Waterfall
    from tutor.session.course import CourseSession
    from tutor.session.lesson import LessonSession

KEPT_IMAGES = 6
"""How many opened images are remembered: a builder holds ten thousand names."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One image against a larger one."""

    waterfall: Waterfall
    difference: Difference


@dataclass(frozen=True, slots=True)
class AttemptSize:
    """What the final image of one graded attempt came to."""

    number: int
    unpacked_bytes: int
    passed: bool


class ImageOpening:
    """Opens the images of one lesson. What it holds is complete: every read ends before it is kept."""

    def __init__(self, course: CourseSession, session: LessonSession) -> None:
        self._course = course
        self._session = session
        self._images: OrderedDict[str, ImageAnatomy] = OrderedDict()
        self._decisions: dict[str, tuple[Decision, ...]] = {}
        self._comparisons: dict[tuple[str, str], Comparison] = {}
        self._attempts: tuple[AttemptSize, ...] = ()
        self._attempts_read = 0

    def image(self, image_id: str) -> ImageAnatomy | None:
        """An image that was opened."""
        return self._images.get(image_id)

    def is_complete(self, image_id: str) -> bool:
        """Whether an image was opened, and no attempt was made since that would stand beside it."""
        return image_id in self._images and self._attempts_read == self._session.attempts.count

    def decisions(self, image_id: str) -> tuple[Decision, ...]:
        """What made each layer of an opened image, with the learner's own lines where it is theirs."""
        return self._decisions.get(image_id, ())

    def comparison(self, before_id: str, after_id: str) -> Comparison | None:
        """Two opened images against each other, once :meth:`compare` was run through."""
        return self._comparisons.get((before_id, after_id))

    @property
    def attempts(self) -> tuple[AttemptSize, ...]:
        """The final image of each graded attempt, oldest first, as known when an image was last opened."""
        return self._attempts

    @property
    def par_bytes(self) -> int | None:
        """What the lesson holds to be a good size of its image."""
        return self._session.lesson.par_bytes

    async def open(self, row: SizeRow) -> AsyncGenerator[SessionEvent, None]:
        """Open one image. Close the generator or cancel its consumer to stop.

        Raises:
            ImageNotFound: it was removed meanwhile.
            InspectError: its archive cannot be read.
        """
        run_id = new_run_id()
        async for event in self._read(row, run_id):
            yield event
        yield ImageOpened(run_id, row.image_id)

    async def compare(self, before: SizeRow, after: SizeRow) -> AsyncGenerator[SessionEvent, None]:
        """Open both images where that is still to be done, and compare them.

        Raises:
            ImageNotFound, InspectError: as for :meth:`open`.
        """
        run_id = new_run_id()
        for row in (after, before):
            async for event in self._read(row, run_id):
                yield event
        old, new = self._images[before.image_id], self._images[after.image_id]
        dockerfile, stage_key = self._dockerfile(after), _stage_key(after)
        par_bytes = self.par_bytes if self._is_own(after) else None

        def work() -> Comparison:
            from tutor.inspect.difference import compare
            from tutor.inspect.waterfall import make_waterfall

            waterfall = make_waterfall(old, new, dockerfile, stage_key=stage_key, par_bytes=par_bytes)
            return Comparison(waterfall, compare(old, new))

        self._comparisons[before.image_id, after.image_id] = await asyncio.to_thread(work)
        yield ImageOpened(run_id, after.image_id)

    async def _read(self, row: SizeRow, run_id: str) -> AsyncGenerator[SessionEvent, None]:
        if row.image_id not in self._images:
            engine = self._course.require_engine()
            summary = await engine.images.find(row.image_id)
            if summary is None:
                raise ImageNotFound(
                    f"The image {row.reference} is gone.", next_step="Build it again: press b."
                )
            read = ThreadWork(
                lambda progress, cancelled: _open_archive(engine, summary, row.name, progress, cancelled)
            )
            async for done in read.progress():
                yield WorkProgressed(run_id, f"Opening {row.name}", done, None)
            self._images[row.image_id] = read.result
            while len(self._images) > KEPT_IMAGES:
                self._forget(next(iter(self._images)))
        self._images.move_to_end(row.image_id)
        anatomy = self._images[row.image_id]
        from tutor.inspect.decision import layer_decisions

        self._decisions[row.image_id] = layer_decisions(
            tuple(layer.created_by for layer in anatomy.layers), self._dockerfile(row), _stage_key(row)
        )
        count = self._session.attempts.count
        self._attempts = await asyncio.to_thread(self._attempt_sizes)
        self._attempts_read = count

    def _forget(self, image_id: str) -> None:
        self._images.pop(image_id, None)
        self._decisions.pop(image_id, None)
        self._comparisons = {
            pair: comparison for pair, comparison in self._comparisons.items() if image_id not in pair
        }

    def _is_own(self, row: SizeRow) -> bool:
        return row.lesson == self._session.lesson.slug

    def _dockerfile(self, row: SizeRow) -> Dockerfile | None:
        """The Dockerfile that a learner's image was built from; any other is explained by its history."""
        built_from = origin_of(self._course.store, row.image_id)
        if built_from is not None or not self._is_own(row):
            return built_from
        try:
            return parse_dockerfile(self._session.file_text())
        except (DockerfileError, StorageError):
            return None

    def _attempt_sizes(self) -> tuple[AttemptSize, ...]:
        from tutor.core.verdict import Outcome
        from tutor.grading.evidence_json import decode_evidence

        lesson = self._session.lesson
        found = []
        for number, attempt in enumerate(self._course.store.attempts(lesson.slug), 1):
            try:
                evidence = decode_evidence(attempt.evidence_json) if attempt.evidence_json else None
            except StorageError:
                continue
            image = evidence.images.get(lesson.tag) if evidence is not None else None
            if image is not None:
                passed = attempt.report.outcome is Outcome.PASSED
                found.append(AttemptSize(number, image.unpacked_bytes, passed))
        return tuple(found)


def _stage_key(row: SizeRow) -> str:
    """The stage that an image is of; empty for a final one."""
    return row.name if row.role is SizeRole.BUILDER else ""


def _open_archive(
    engine: Engine,
    summary: ImageSummary,
    name: str,
    progress: Callable[[int], None],
    cancelled: threading.Event,
) -> ImageAnatomy:
    from tutor.inspect.image import read_image_anatomy

    with engine.images.open_archive(summary.image_id) as archive:
        return read_image_anatomy(
            archive,
            summary.config,
            name=name,
            image_id=summary.image_id,
            listed_bytes=summary.listed_bytes,
            on_progress=progress,
            cancelled=cancelled,
        )
