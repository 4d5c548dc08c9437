"""What a checkpoint has found out so far, until it is evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tutor.core.evidence import BuildEvidence, ContainerEvidence, Evidence, ImageEvidence
from tutor.core.trial import Trials
from tutor.session.live import Stages

if TYPE_CHECKING:
    from tutor.core.http import HttpExchange
    from tutor.core.image import BuiltImage
    from tutor.core.lesson import Lesson
    from tutor.core.ports import EngineInfo


@dataclass(slots=True)
class Gathered:
    """Filled in step by step; what was not come to says so by itself."""

    stages: Stages = field(default_factory=lambda: Stages((), ()))
    dockerfile_sha256: str = ""
    build: BuildEvidence = field(default_factory=lambda: BuildEvidence(False, 0.0, "it was not built"))
    built: tuple[BuiltImage, ...] = ()
    images: dict[str, ImageEvidence] = field(default_factory=dict)
    containers: dict[str, ContainerEvidence] = field(default_factory=dict)
    exchanges: dict[str, tuple[HttpExchange, ...]] = field(default_factory=dict)
    stand_in: bool = False
    fault: str = ""
    dockerfile: str = ""
    trials: Trials = field(default_factory=Trials)

    def evidence(self, lesson: Lesson, engine: EngineInfo, taken_at: str, token: str) -> Evidence:
        """All of it, of one answer to a lesson on one engine."""
        return Evidence(
            lesson=lesson.slug,
            engine=engine.name,
            taken_at=taken_at,
            dockerfile_sha256=self.dockerfile_sha256,
            stages=self.stages.facts,
            build=self.build,
            images=self.images,
            containers=self.containers,
            exchanges=self.exchanges,
            stand_in=self.stand_in,
            dockerfile=self.dockerfile,
            architecture=engine.architecture,
            par_bytes=lesson.par_bytes,
            token=token,
            trials=self.trials,
            fault=self.fault,
        )
