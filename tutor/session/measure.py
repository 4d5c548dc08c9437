"""How large an image is and what is in it: read once from its archive, remembered by its id."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tutor.core.errors import StorageError
from tutor.core.events import ImageMeasured, SessionEvent, WorkProgressed
from tutor.core.evidence import EVIDENCE_SCHEMA, ImageEvidence
from tutor.core.image import BuiltImage, ImageConfig, ImageSummary, SizeRole, SizeRow
from tutor.session.merge import ThreadWork

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from tutor.core.ports import ImageStore
    from tutor.core.store import ProgressStore


class ImageReader:
    """Reads image archives off the loop and remembers what they said.

    An image id names its content, so evidence under an id never grows old.
    """

    def __init__(self, images: ImageStore, store: ProgressStore) -> None:
        self._images = images
        self._store = store
        self.evidence: dict[str, ImageEvidence] = {}
        """What was read so far, by image id."""

    async def read(
        self, summary: ImageSummary, run_id: str, label: str, also: Sequence[ImageSummary] = ()
    ) -> AsyncGenerator[SessionEvent, None]:
        """Make ``evidence[summary.image_id]`` known, telling progress when an archive is read.

        Those of ``also`` that it is built on are read from the same archive.

        Raises:
            ImageNotFound: it was removed meanwhile.
            InspectError: the archive cannot be read.
        """
        from tutor.grading.evidence_json import encode_image_evidence
        from tutor.inspect.archive import stands_below

        if self.knows(summary.image_id):
            return
        below = [each for each in also if stands_below(each.config, summary.config)]
        unknown = [each for each in below if not self.knows(each.image_id)]
        configs = {each.image_id: each.config for each in (summary, *unknown)}
        work = ThreadWork(lambda progress, cancelled: self._read(configs, progress, cancelled))
        async for done in work.progress():
            yield WorkProgressed(run_id, label, done, None)
        for image in work.result:
            self.evidence[image.image_id] = image
            self._store.cache_evidence(_cache_key(image.image_id), encode_image_evidence(image))

    def knows(self, image_id: str) -> bool:
        """Whether its archive was read before, now or in an earlier session."""
        from tutor.grading.evidence_json import decode_image_evidence

        if image_id in self.evidence:
            return True
        if stored := self._store.cached_evidence(_cache_key(image_id)):
            with contextlib.suppress(StorageError):
                self.evidence[image_id] = decode_image_evidence(stored)
        return image_id in self.evidence

    def _read(
        self,
        configs: Mapping[str, ImageConfig],
        progress: Callable[[int], None],
        cancelled: threading.Event,
    ) -> list[ImageEvidence]:
        from tutor.inspect.archive import read_images

        with self._images.open_archive(next(iter(configs))) as archive:
            return read_images(archive, configs, on_progress=progress, cancelled=cancelled)

    async def measure(
        self, reference: str, run_id: str, *, name: str, role: SizeRole, lesson: str, stand_in: bool = False
    ) -> AsyncGenerator[SessionEvent, None]:
        """Tell the unpacked size of one image; nothing when the image is not there."""
        summary = await self._images.find(reference)
        if summary is not None:
            source = self._measured(
                summary, run_id, reference=reference, name=name, role=role, lesson=lesson, stand_in=stand_in
            )
            async with aclosing(source) as events:
                async for event in events:
                    yield event

    async def measure_built(
        self, built: Sequence[BuiltImage], run_id: str, *, tag: str, lesson: str, stand_in: bool
    ) -> AsyncGenerator[SessionEvent, None]:
        """Tell the sizes of what one build left; nothing of an image that is not there any more.

        The final image's first: it is small, and the learner looks for it. Stages that stand on one
        another are read together.
        """
        found = [(image, await self._images.find(image.image_id)) for image in built]
        here = [(image, summary) for image, summary in found if summary is not None]
        stages = [summary for image, summary in here if image.stage]
        for image, summary in reversed(here):
            source = self._measured(
                summary,
                run_id,
                stages,
                reference=image.reference,
                name=image.stage or tag,
                role=SizeRole.BUILDER if image.stage else SizeRole.FINAL,
                lesson=lesson,
                stand_in=stand_in,
            )
            async with aclosing(source) as events:
                async for event in events:
                    yield event

    async def _measured(
        self,
        summary: ImageSummary,
        run_id: str,
        also: Sequence[ImageSummary] = (),
        *,
        reference: str,
        name: str,
        role: SizeRole,
        lesson: str,
        stand_in: bool,
    ) -> AsyncGenerator[SessionEvent, None]:
        async with aclosing(self.read(summary, run_id, f"Opening {name}", also)) as events:
            async for event in events:
                yield event
        yield ImageMeasured(
            run_id,
            SizeRow(
                name=name,
                reference=reference,
                image_id=summary.image_id,
                role=role,
                unpacked_bytes=self.evidence[summary.image_id].unpacked_bytes,
                listed_bytes=summary.listed_bytes,
                stand_in=stand_in or summary.stand_in,
                lesson=lesson,
            ),
        )

    async def packed(self, row: SizeRow, run_id: str) -> AsyncGenerator[SessionEvent, None]:
        """Tell the packed size of one image: about what a registry would ship."""
        from tutor.inspect.archive import packed_size

        def compress(progress: Callable[[int], None], cancelled: threading.Event) -> int:
            with self._images.open_archive(row.image_id) as archive:
                return packed_size(archive, on_progress=progress, cancelled=cancelled)

        work = ThreadWork(compress)
        async for done in work.progress():
            yield WorkProgressed(run_id, f"Compressing {row.name}", done, row.unpacked_bytes)
        yield ImageMeasured(run_id, replace(row, packed_bytes=work.result))


def _cache_key(image_id: str) -> str:
    return f"image/{EVIDENCE_SCHEMA}/{image_id}"
