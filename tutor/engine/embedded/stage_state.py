"""One stage on its way: its configuration, its files, its variables, and the key of its cache."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from tutor.core.dockerfile import Stage, expand
from tutor.engine.embedded.entry import Entry, Source
from tutor.engine.embedded.image_config import StageConfig
from tutor.engine.embedded.layer import Layer, read_source
from tutor.engine.embedded.stage_folder import StageFolder
from tutor.engine.embedded.store import Store
from tutor.engine.embedded.view import View

_TEXT_LIMIT_BYTES = 1 << 20


@dataclass(slots=True)
class StageState:
    """What a stage has become so far."""

    stage: Stage
    config: StageConfig
    view: View
    key: str
    escape: str = "\\"
    arguments: dict[str, str] = field(default_factory=dict)
    """ARGs declared in this stage that have a value."""
    folder: StageFolder | None = None
    """Unpacked, once a command had to run."""
    command_is_own: bool = False
    """Whether CMD was given in this stage and not inherited."""
    image_id: str = ""

    @property
    def name(self) -> str:
        """For step lines: ``builder``, or ``stage-1``."""
        return self.stage.name or f"stage-{self.stage.index}"

    @property
    def variables(self) -> dict[str, str]:
        """What ``$NAME`` stands for: ENV goes before ARG."""
        return self.arguments | self.config.env

    def expand(self, text: str, line: int) -> str:
        """Expand one word."""
        return expand(text, self.variables, line=line, escape=self.escape)

    def advance(self, *parts: object) -> str:
        """The key of a step that depends on all before it and on these parts."""
        return hashlib.sha256(json.dumps([self.key, *map(str, parts)]).encode()).hexdigest()

    def add(self, layer: Layer, key: str, created_by: str) -> None:
        """A step brought this layer."""
        self.view.lay_over(layer.entries, layer.diff_id)
        self.config.record(created_by, layer.diff_id)
        self.key = key

    def note(self, created_by: str) -> None:
        """A step changed the configuration only."""
        self.key = self.advance(created_by)
        self.config.record(created_by)


def source_in(view: View, entry: Entry, store: Store) -> Source:
    """Where the content of a file is: a stretch of the archive of the layer that brought it."""
    return Source(store.blob(view.layer_of(entry.path)), entry.offset)


def read_text(view: View, path: str, store: Store) -> str:
    """A small text file in a root, such as /etc/passwd; empty when it is not there."""
    found = view.get(view.resolve(path))
    if found is None or not found.has_content:
        return ""
    data = b"".join(read_source(source_in(view, found, store), min(found.size, _TEXT_LIMIT_BYTES)))
    return data.decode("utf-8", "replace")
