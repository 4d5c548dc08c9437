"""What the tests of the Docker engine do over and over."""

from __future__ import annotations

import io
import tarfile
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import docker

from tutor.core.events import BuildEvent, BuildFinished, LogLines, StepFinished, StepStarted
from tutor.core.image import BuiltImage
from tutor.core.ports import BuildRequest
from tutor.engine.docker.engine import DockerEngine
from tutor.storage.journal import SqliteJournal

E = TypeVar("E", bound=object)


@dataclass
class Laboratory:
    """One engine and a folder to build in."""

    engine: DockerEngine
    journal: SqliteJournal
    tmp_path: Path
    base: str
    tag: str = field(default_factory=lambda: f"fromscratch-test/{uuid.uuid4().hex[:8]}:multi")

    @property
    def context(self) -> Path:
        folder = self.tmp_path / "context"
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, dockerfile: str, **files: str) -> None:
        """Lay a Dockerfile (``BASE`` stands for the base image) and files."""
        (self.context / "Dockerfile").write_text(dockerfile.replace("BASE", self.base))
        for name, content in files.items():
            (self.context / name).write_text(content)

    def request(self, *keep: str, use_cache: bool = True) -> BuildRequest:
        return BuildRequest(
            run_id=uuid.uuid4().hex,
            context=self.context,
            tag=self.tag,
            keep_stages=keep,
            use_cache=use_cache,
            lesson="test",
        )

    async def build(self, *keep: str, use_cache: bool = True) -> list[BuildEvent]:
        """Build to the end and let the engine's bookkeeping finish."""
        async with aclosing(self.engine.builder.build(self.request(*keep, use_cache=use_cache))) as events:
            told = [event async for event in events]
        await self.engine.builder.close()
        return told

    async def build_images(self, *keep: str) -> tuple[BuiltImage, ...]:
        return of_kind(await self.build(*keep), BuildFinished)[0].images

    def ids(self) -> set[str]:
        """All images of the engine, intermediate ones too."""
        client = docker.from_env()
        try:
            return {row["Id"] for row in client.api.images(all=True)}
        finally:
            client.close()


def of_kind(events: list[BuildEvent], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def steps(events: list[BuildEvent]) -> list[tuple[str, str]]:
    """Stage and text of each step that was told, in order."""
    return [(event.stage, event.text) for event in of_kind(events, StepStarted)]


def lines(events: list[BuildEvent]) -> list[str]:
    return [line for event in of_kind(events, LogLines) for line in event.lines]


def finished(events: list[BuildEvent], text: str) -> StepFinished:
    """How the step with this text ended."""
    step = next(event for event in of_kind(events, StepStarted) if event.text.startswith(text))
    return next(event for event in of_kind(events, StepFinished) if event.step_id == step.step_id)


def names_in_layers(archive: bytes) -> set[str]:
    """Every name in any layer of an image archive, whichever layout the engine writes."""
    names: set[str] = set()
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        for member in outer.getmembers():
            content = outer.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            try:
                with tarfile.open(fileobj=io.BytesIO(content.read())) as layer:
                    names |= {name.strip("/") for name in layer.getnames()}
            except tarfile.ReadError:
                continue
    return names
